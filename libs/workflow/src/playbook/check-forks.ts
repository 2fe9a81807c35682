import { judgeName, type MapStep, type ParallelStep } from '@braid/events';
import { nearest } from '../expression/suggest';
import { checkNeeds } from './check-needs';
import { pathTo, type ProblemList } from './problem';
import { type Sequence } from './sequences';
import { listed } from './words';

/** What every fork must hold: needs that can be met, and a convergence that its branches can reach. */
export function checkForks(sequences: readonly Sequence[], partial: ReadonlySet<string>, problems: ProblemList): void {
  for (const { steps } of sequences) {
    for (const step of steps) {
      if (step.kind === 'map') {
        checkPrefer(step, [], problems);
        checkVoters(step, [], problems);
        if (Array.isArray(step.over)) checkRequirement(step, step.over.length, problems);
      }
      // Of a fork that could not be read in full, nobody knows how many branches it has and which.
      if (step.kind !== 'parallel' || partial.has(step.path)) continue;
      checkNeeds(step, problems);
      checkJudge(step, problems);
      checkRequirement(step, step.branches.length, problems);
      const branches = step.branches.map(({ name }) => name);
      checkPrefer(step, branches, problems);
      checkVoters(step, branches, problems);
    }
  }
}

function checkRequirement(step: ParallelStep | MapStep, branches: number, problems: ProblemList): void {
  const { strategy } = step.converge;
  if (strategy.name !== 'all-settled' && strategy.name !== 'quorum' && strategy.name !== 'judge') return;
  if (typeof strategy.require !== 'number' || strategy.require <= branches) return;
  const message = `"require" asks for ${strategy.require} branches, but the fork has only ${branches}`;
  problems.add({
    path: pathTo(step.path, 'converge', 'require'),
    message,
    suggestion: `write ${branches}, or a share such as 80%`,
  });
}

/** The branch in which a judge is asked stands beside those of the fork, under a name that none of them may have. */
function checkJudge({ branches, converge }: ParallelStep, problems: ProblemList): void {
  if (converge.strategy.name !== 'judge') return;
  for (const { name, path } of branches) {
    if (name !== judgeName) continue;
    const message = `"${judgeName}" is the name of the branch in which the judge of this fork is asked`;
    problems.add({ path, part: 'key', message, suggestion: 'give the branch another name' });
  }
}

/** Branches that a majority vote names must be there to vote. */
function checkVoters(step: ParallelStep | MapStep, branches: readonly string[], problems: ProblemList): void {
  const { strategy } = step.converge;
  if (strategy.name !== 'majority-vote') return;
  const at = (...fields: readonly string[]) => pathTo(step.path, 'converge', ...fields);
  for (const name of Object.keys(strategy.weights ?? {})) {
    checkBranch(step, name, branches, { path: at('weights', name), part: 'key' }, problems);
  }
  const { tieBreak } = strategy;
  if (typeof tieBreak === 'object') checkBranch(step, tieBreak.branch, branches, { path: at('tieBreak') }, problems);
}

function checkBranch(
  step: ParallelStep | MapStep,
  name: string,
  branches: readonly string[],
  place: { readonly path: string; readonly part?: 'key' },
  problems: ProblemList,
): void {
  if (branches.includes(name)) return;
  if (step.kind === 'map') {
    const message = `"${name}" cannot be meant: the branches of a map have no names`;
    problems.add({ ...place, message, suggestion: 'make them named branches of "parallel"' });
    return;
  }
  const near = nearest(name, branches);
  const message = `"${name}" is not a branch of this fork; they are ${listed(branches)}`;
  problems.add({ ...place, message, suggestion: near === undefined ? undefined : `did you mean "${near}"?` });
}

function checkPrefer(step: ParallelStep | MapStep, branches: readonly string[], problems: ProblemList): void {
  const { onConflict } = step.converge;
  if (typeof onConflict === 'string' || branches.includes(onConflict.prefer)) return;
  const path = pathTo(step.path, 'converge', 'context', 'onConflict', 'prefer');
  if (step.kind === 'map') {
    const message = 'the branches of a map have no names that could be preferred';
    problems.add({ path, message, suggestion: 'write onConflict: first or last' });
    return;
  }
  const near = nearest(onConflict.prefer, branches);
  const message = `"${onConflict.prefer}" is not a branch of this fork; they are ${listed(branches)}`;
  problems.add({ path, message, suggestion: near === undefined ? undefined : `did you mean "${near}"?` });
}
