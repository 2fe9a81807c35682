import { type Amounts } from '@braid/events';
import { type Branch, type Fork, hasEnded, type Workflow } from '../state';
import { spareNeeds } from '../needs';
import { currentStep } from '../sequence';
import { type Turn } from './turn';

type Note = { readonly reason?: string; readonly by?: string; readonly id?: string };

/** Takes up a failed workflow where it failed: at the step of the root, and if that is a fork, in its branches. */
export function retryWorkflow(turn: Turn, budget: Amounts | undefined, note: Note): void {
  const { root } = turn.state;
  turn.record({ type: 'WorkflowRetried', data: { branches: failuresBelow(root), ...(budget && { budget }), ...note } });
  turn.then({ do: 'advance', branch: root });
}

/** Paths of the innermost branches whose failures led to that of a branch. */
function failuresBelow(branch: Branch): readonly string[] {
  const fork = forkUnderWay(branch);
  const failed = fork?.judge?.phase.is === 'failed' ? [fork.judge] : childrenIn(fork, 'failed');
  return failed.length === 0 ? [branch.path] : failed.flatMap(failuresBelow);
}

/** The fork that a branch has opened at the step that it is at. */
export function forkUnderWay(branch: Branch): Fork | undefined {
  const step = currentStep(branch);
  return step && branch.forks.get(step.id);
}

function childrenIn(fork: Fork | undefined, set: 'failed' | 'cancelled'): readonly Branch[] {
  return fork?.branches.filter(({ index }) => fork[set].has(index)) ?? [];
}

/**
 * A branch that is tried again has come back to a fork, which was unmet or undecided: from one that is met its parent goes on
 * with the end of the last branch. What failed or was cancelled is opened again, and so is what was skipped for want of those.
 */
export function reopen(turn: Turn, branch: Branch, fork: Fork): void {
  const names = (branches: readonly Branch[]) => branches.map(({ name }) => name);
  turn.record({
    type: 'ForkReopened',
    data: {
      branch: branch.path,
      step: fork.step.id,
      failed: names(childrenIn(fork, 'failed')),
      cancelled: names(childrenIn(fork, 'cancelled')),
      skipped: names(skippedForWant(fork)),
      ...(fork.judge && { judge: true as const }),
    },
  });
  const reopened = branch.forks.get(fork.step.id);
  if (reopened) turn.then({ do: 'settle', fork: reopened, arrival: undefined, deadlinePassed: false });
}

/** The branches that were skipped because something that they need had not completed, and now may. */
function skippedForWant(fork: Fork): readonly Branch[] {
  const specs = fork.step.kind === 'parallel' ? fork.step.branches : [];
  const indexOf = new Map(specs.map(({ name }, index) => [name, index]));
  const wanting = new Map<number, { readonly lacking: Set<number>; readonly spare: number }>();
  for (const index of fork.skipped) {
    const spec = specs[index];
    if (!spec) continue;
    const needs = spec.needs.map((need) => indexOf.get(need) ?? -1);
    const lacking = new Set(needs.filter((need) => !fork.completed.has(need)));
    // Lacking no more than it can do without it was skipped by its own condition, which is as false as it was.
    const spare = spareNeeds(spec);
    if (lacking.size > spare) wanting.set(index, { lacking, spare });
  }
  const again = new Set<number>();
  const open = [...fork.failed, ...fork.cancelled];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    for (const dependent of fork.dependents.get(next) ?? []) {
      const want = wanting.get(dependent);
      if (!want?.lacking.delete(next) || want.lacking.size !== want.spare) continue;
      again.add(dependent);
      open.push(dependent);
    }
  }
  return fork.branches.filter(({ index }) => again.has(index));
}

/** Starts what a paused workflow has held back: the next steps of branches, and branches that may begin. */
export function resumeWorkflow(turn: Turn, note: Note): void {
  turn.record({ type: 'WorkflowResumed', data: note });
  const { branches } = turn.state;
  for (const branch of [...branches.values()].toReversed()) {
    for (const fork of branch.forks.values()) if (isUnderWay(branch, fork)) turn.then({ do: 'fill', fork });
    if (branch.phase.is === 'active') turn.then({ do: 'advance', branch });
  }
  if (turn.state.compensation) turn.then({ do: 'compensate' });
}

function isUnderWay(parent: Branch, fork: Fork): boolean {
  return !hasEnded(parent) && parent.phase.is === 'forked' && parent.phase.fork === fork;
}

/** Whether there is a failed branch that could be tried again. */
export function canBeRetried({ status, root }: Workflow): boolean {
  return status === 'failed' && root.phase.is === 'failed';
}
