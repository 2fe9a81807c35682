import { type BranchSpec } from '@braid/events';
import { around, type Sequence } from './sequences';

/** The first sequence that has a step of the name. */
export type Places = Map<string, Sequence>;

type Told = { readonly message: string; readonly suggestion: string };

/** Why `steps.<id>` has no value in the step at `current` of `from`; undefined where it has one, or where there is no such step. */
export function explainStep(id: string, from: Sequence, current: number, places: Places): Told | undefined {
  const place = places.get(id);
  if (place === undefined) return undefined;
  const own = from.positions.get(id);
  if (own !== undefined && own < current) return undefined;
  const outer = [...around(from)].map(({ by, at: fork }) => ({ position: by.positions.get(id), fork }));
  if (outer.some(({ position, fork }) => position !== undefined && position < fork)) return undefined;
  if (own !== undefined) {
    return own === current
      ? {
          message: `the step "${id}" has no output before it has run`,
          suggestion: 'in "export", its output is called output',
        }
      : { message: `the step "${id}" comes later in this sequence`, suggestion: `move it before this step` };
  }
  if (outer.some(({ position, fork }) => position === fork)) {
    return {
      message: `the fork "${id}" has no output before its branches have converged`,
      suggestion: 'use it after the fork',
    };
  }
  if (outer.some(({ position }) => position !== undefined)) {
    return {
      message: `the step "${id}" comes after the fork that this branch belongs to`,
      suggestion: 'move it before the fork',
    };
  }
  return explainBranch(id, place, from, current);
}

/** The step stands in a branch that cannot be seen from here: beside this one, or inside a fork. */
function explainBranch(id: string, place: Sequence, from: Sequence, current: number): Told {
  const message = `the step "${id}" is in another branch, and branches do not see each other's steps`;
  const seen = [{ by: from, at: current }, ...around(from)];
  for (const { by, at, branch } of around(place)) {
    const here = seen.find((each) => each.by === by);
    const fork = by.steps[at];
    if (here === undefined || fork === undefined) continue;
    if (here.at === at && branch !== undefined) {
      return {
        message,
        suggestion: `add "${branch}" to the needs of this branch and write ${memberOf('needs', branch)}.output`,
      };
    }
    if (at > here.at) return { message, suggestion: `it runs in the fork "${fork.id}", which comes later` };
    const output = `${memberOf('steps', fork.id)}.output`;
    return { message, suggestion: `write ${branch === undefined ? output : memberOf(output, branch)}` };
  }
  return { message, suggestion: 'pass what is needed on with "export"' };
}

/** Why `needs.<name>` has no value in the branch; undefined where it has one. */
export function explainNeed(name: string, branch: BranchSpec | undefined): Told | undefined {
  if (branch === undefined || branch.needs.includes(name)) return undefined;
  return branch.name === name
    ? { message: 'a branch cannot need itself', suggestion: 'use steps for what has happened in this branch' }
    : { message: `"${name}" is not among the needs of this branch`, suggestion: `add "${name}" to its needs` };
}

function memberOf(holder: string, name: string): string {
  return name.includes('-') ? `${holder}['${name}']` : `${holder}.${name}`;
}
