import { type MapStep, type ParallelStep } from '@braid/events';
import { nearest } from '../expression/suggest';
import { checkNeeds } from './check-needs';
import { pathTo, type ProblemList } from './problem';
import { type Sequence } from './sequences';

/** What every fork must hold: needs that can be met, and a convergence that its branches can reach. */
export function checkForks(sequences: readonly Sequence[], partial: ReadonlySet<string>, problems: ProblemList): void {
  for (const { steps } of sequences) {
    for (const step of steps) {
      if (step.kind === 'map') checkPrefer(step, [], problems);
      // Of a fork that could not be read in full, nobody knows how many branches it has and which.
      if (step.kind !== 'parallel' || partial.has(step.path)) continue;
      checkNeeds(step, problems);
      checkRequirement(step, problems);
      checkPrefer(
        step,
        step.branches.map(({ name }) => name),
        problems,
      );
    }
  }
}

function checkRequirement(step: ParallelStep, problems: ProblemList): void {
  const { strategy } = step.converge;
  const branches = step.branches.length;
  if (strategy.name !== 'all-settled' || typeof strategy.require !== 'number' || strategy.require <= branches) return;
  const message = `"require" asks for ${strategy.require} branches, but the fork has only ${branches}`;
  problems.add({
    path: pathTo(step.path, 'converge', 'require'),
    message,
    suggestion: `write ${branches}, or a share such as 80%`,
  });
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
  const message = `"${onConflict.prefer}" is not a branch of this fork; they are ${branches.join(', ')}`;
  problems.add({ path, message, suggestion: near === undefined ? undefined : `did you mean "${near}"?` });
}
