import { type BranchSpec, type ForkOpened, type ForkStep, type Step } from '@braid/events';
import { type Branch, childPath, type Fork, type Phase } from './state';

/** Opens the branches of a fork, all pending: a `parallel` has those that it names, a `map` one per item. */
export function openFork(parent: Branch, step: ForkStep, opened: ForkOpened, at: number): Fork {
  const specs = specsOf(step, opened);
  const unmetNeeds = new Map<number, Set<number>>();
  const dependents = new Map<number, number[]>();
  const ready: number[] = [];
  if (step.kind === 'parallel') linkNeeds(step.branches, unmetNeeds, dependents);
  const branches: Branch[] = [];
  const fork: Fork = {
    parent,
    step,
    concurrency: opened.concurrency,
    openedAt: at,
    branches,
    items: opened.items,
    ready,
    nextReady: 0,
    unmetNeeds,
    dependents,
    running: new Set(),
    deferred: new Set(),
    completed: new Set(),
    failed: new Set(),
    skipped: new Set(),
    cancelled: new Set(),
    decision: undefined,
  };
  for (const [index, { name, steps }] of specs.entries()) {
    branches.push({
      path: childPath(parent.path, step.id, name),
      name,
      parent,
      fork,
      index,
      steps,
      cursor: 0,
      nested: [],
      phase: { is: 'pending' },
      context: parent.context,
      exports: {},
      results: parent.results,
      output: null,
      attempts: 0,
      earlierAttempts: 0,
      wasDeferred: false,
      lastFailure: undefined,
      lastRun: undefined,
      startedAt: undefined,
      endedAt: undefined,
      forks: new Map(),
    });
    if (!unmetNeeds.has(index)) ready.push(index);
  }
  return fork;
}

/**
 * The fork anew, with some of its branches open again. It is another object, so that whatever was worked out from the first
 * one is forgotten; its time begins again.
 */
export function reopenFork(old: Fork, names: readonly string[], at: number): Fork {
  const again = new Set(names);
  const stays = (set: ReadonlySet<number>) =>
    new Set([...set].filter((index) => !again.has(old.branches[index]?.name ?? '')));
  const ready: number[] = [];
  const fork: Fork = {
    ...old,
    ...{ openedAt: at, ready, nextReady: 0, running: new Set(), deferred: new Set() },
    completed: stays(old.completed),
    failed: stays(old.failed),
    skipped: stays(old.skipped),
    cancelled: stays(old.cancelled),
    decision: undefined,
  };
  for (const branch of fork.branches) {
    branch.fork = fork;
    if (!again.has(branch.name)) continue;
    reopenBranch(branch, { is: 'pending' });
    if ((fork.unmetNeeds.get(branch.index)?.size ?? 0) === 0) ready.push(branch.index);
  }
  return fork;
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

function linkNeeds(
  specs: readonly BranchSpec[],
  unmetNeeds: Map<number, Set<number>>,
  dependents: Map<number, number[]>,
): void {
  const indexOf = new Map(specs.map((spec, index) => [spec.name, index]));
  for (const [index, spec] of specs.entries()) {
    for (const need of spec.needs) {
      const needed = indexOf.get(need);
      if (needed === undefined) continue;
      unmetNeeds.set(index, (unmetNeeds.get(index) ?? new Set()).add(needed));
      const others = dependents.get(needed);
      if (others) others.push(index);
      else dependents.set(needed, [index]);
    }
  }
}
