import { type BranchSpec } from '@braid/events';
import { around, positionIn, type Sequence } from './sequences';

/** The first sequence that has a step of the name. */
export type Places = Map<string, Sequence>;

type Told = { readonly message: string; readonly suggestion: string };

/** Why `steps.<id>` has no value in the step at `current` of `from`; undefined where it has one, or where there is no such step. */
export function explainStep(id: string, from: Sequence, current: number, places: Places): Told | undefined {
  const place = places.get(id);
  if (place === undefined) return undefined;
  const own = positionIn(from, id);
  if (own !== undefined) return own < current ? undefined : explainOwn(id, from, own === current);
  for (const opened of around(from)) {
    const position = positionIn(opened.by, id);
    if (position !== undefined) return position < opened.at ? undefined : explainOuter(id, opened, position);
  }
  return explainBranch(id, place, from, current);
}

function explainOwn(id: string, from: Sequence, isCurrent: boolean): Told {
  if (!isCurrent) {
    return { message: `the step "${id}" comes later in this sequence`, suggestion: `move it before this step` };
  }
  return from.positions.has(id)
    ? {
        message: `the step "${id}" has no output before it has run`,
        suggestion: 'in "export", its output is called output',
      }
    : { message: `the step "${id}" runs inside of this step`, suggestion: 'use it in a step after this one' };
}

/** The step is that to which the sequence belongs, is inside of it, or comes after it. */
function explainOuter(
  id: string,
  { by, at, nesting, undoes }: NonNullable<Sequence['opened']>,
  position: number,
): Told | undefined {
  // A step is undone when it has completed; what runs after it has not run when its output was seen last.
  if (undoes) return position > at ? comesAfterUndone(id) : undefined;
  const fork = nesting === undefined;
  if (position > at) {
    return {
      message: `the step "${id}" comes after the ${fork ? 'fork that this branch belongs to' : 'one that this step is inside of'}`,
      suggestion: `move it before the ${fork ? 'fork' : 'other'}`,
    };
  }
  // What a failed step has left behind is there for the steps that answer the failure.
  if (nesting !== undefined && nesting.is !== 'case') return undefined;
  if (!by.positions.has(id)) {
    return fork
      ? { message: `the step "${id}" runs after the branches of this fork`, suggestion: 'use it after the fork' }
      : {
          message: `the step "${id}" is in another case, and only one of them runs`,
          suggestion: 'use it after the choice',
        };
  }
  return fork
    ? {
        message: `the fork "${id}" has no output before its branches have converged`,
        suggestion: 'use it after the fork',
      }
    : { message: `the step "${id}" has no output before its steps have run`, suggestion: 'use it after the choice' };
}

function comesAfterUndone(id: string): Told {
  return {
    message: `the step "${id}" comes after the one that is undone here, which sees only what was before it`,
    suggestion: `undo it in a "compensate" of its own`,
  };
}

/** The step stands in a branch that cannot be seen from here: beside this one, or inside a fork. */
function explainBranch(id: string, place: Sequence, from: Sequence, current: number): Told {
  const undone = [...around(place)].find(({ undoes }) => undoes);
  if (
    undone !== undefined &&
    ![...around(from)].some(({ by, at, undoes }) => undoes && by === undone.by && at === undone.at)
  ) {
    return {
      message: `the step "${id}" is part of a "compensate", and only its own steps see it`,
      suggestion: 'use what the steps of this branch give',
    };
  }
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
