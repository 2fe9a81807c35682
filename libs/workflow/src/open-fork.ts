import { type ForkOpened, type ForkStep, judgeName, type Step } from '@braid/events';
import { hasItsNeeds, linkNeeds, stillLost } from './needs';
import { newBranch } from './new-branch';
import { type Branch, childPath, type Fork, type Phase, phases } from './state';

/** Opens the branches of a fork, all pending: a `parallel` has those that it names, a `map` one per item. */
export function openFork(parent: Branch, step: ForkStep, opened: ForkOpened, at: number): Fork {
  const specs = specsOf(step, opened);
  const ready: number[] = [];
  const branches: Branch[] = [];
  const fork: Fork = {
    parent,
    step,
    concurrency: opened.concurrency,
    openedAt: at,
    branches,
    judge: undefined,
    items: opened.items,
    ready,
    nextReady: 0,
    ...linkNeeds(step),
    running: new Set(),
    deferred: new Set(),
    completed: new Set(),
    failed: new Set(),
    skipped: new Set(),
    cancelled: new Set(),
    decision: undefined,
  };
  for (const [index, { name, steps }] of specs.entries()) {
    branches.push(memberOf(fork, index, name, steps));
    if (hasItsNeeds(fork, index)) ready.push(index);
  }
  const { strategy } = step.converge;
  if (strategy.name === 'judge') fork.judge = memberOf(fork, branches.length, judgeName, [strategy.judge]);
  return fork;
}

function memberOf(fork: Fork, index: number, name: string, steps: readonly Step[]): Branch {
  const { parent, step } = fork;
  const { context, results } = parent;
  const path = childPath(parent.path, step.id, name);
  return newBranch({ path, name, parent, fork, compensates: undefined, index, steps, context, results });
}

/**
 * The fork anew, with some of its branches open again. It is another object, so that whatever was worked out from the first
 * one is forgotten; its time begins again.
 */
export function reopenFork(old: Fork, names: readonly string[], at: number): Fork {
  const again = new Set(names);
  const reopened = new Set(old.branches.filter(({ name }) => again.has(name)).map(({ index }) => index));
  const stays = (set: ReadonlySet<number>) => new Set([...set].filter((index) => !reopened.has(index)));
  const ready: number[] = [];
  const fork: Fork = {
    ...old,
    ...{ openedAt: at, ready, nextReady: 0, running: new Set(), deferred: new Set() },
    completed: stays(old.completed),
    failed: stays(old.failed),
    skipped: stays(old.skipped),
    cancelled: stays(old.cancelled),
    lostNeeds: stillLost(old, (index) => !reopened.has(index)),
    decision: undefined,
  };
  for (const branch of fork.branches) {
    branch.fork = fork;
    if (!reopened.has(branch.index)) continue;
    reopenBranch(branch, phases.pending);
    if (hasItsNeeds(fork, branch.index)) ready.push(branch.index);
  }
  if (fork.judge) reopenJudge(fork.judge, fork);
  return fork;
}

/** Whoever is to judge other results than before begins from the beginning. */
function reopenJudge(judge: Branch, fork: Fork): void {
  judge.fork = fork;
  judge.cursor = 0;
  judge.output = null;
  judge.results = fork.parent.results;
  reopenBranch(judge, phases.pending);
}

/** The branch goes on where it ended. Its attempts go on counting, but none of them counts for its retry policy. */
export function reopenBranch(branch: Branch, phase: Phase): void {
  branch.phase = phase;
  branch.endedAt = undefined;
  branch.earlierAttempts = branch.attempts;
  branch.wasDeferred = false;
}

function specsOf(
  step: ForkStep,
  opened: ForkOpened,
): readonly { readonly name: string; readonly steps: readonly Step[] }[] {
  if (step.kind === 'parallel') return step.branches;
  return (opened.items ?? []).map((_, index) => ({ name: String(index), steps: step.steps }));
}
