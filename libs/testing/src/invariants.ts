import { type Branch, type Fork, hasEnded, isOpen, type Workflow } from '@braid/workflow';

/** Something that must always hold does not. */
function broken(what: string): never {
  throw new Error(`Broken: ${what}`);
}

const holds = (condition: boolean, what: () => string): void => {
  if (!condition) broken(what());
};

const setsOf = ({ running, deferred, completed, failed, skipped, cancelled }: Fork) => ({
  running,
  deferred,
  completed,
  failed,
  skipped,
  cancelled,
});

const is = (branch: Branch, ...phases: Branch['phase']['is'][]) => phases.includes(branch.phase.is);

/** What holds of a state between two decisions. */
export function checkState(state: Workflow): void {
  const branches = [...state.branches.values()];
  const open = branches.filter((branch) => !hasEnded(branch));
  for (const branch of branches) {
    const held = state.status === 'paused' && is(branch, 'active');
    holds(held || !is(branch, 'active'), () => `${branch.path} is left between two steps`);
    holds((branch.endedAt !== undefined) === hasEnded(branch), () => `${branch.path} has an end without having ended`);
    const waits = is(branch, 'requested', 'backoff', 'waiting', 'awaiting', 'delegated');
    holds(state.waiting.has(branch) === waits, () => `${branch.path} waits for time: ${waits}, the state says not so`);
    for (const fork of branch.forks.values()) checkFork(state, fork);
  }
  if (!isOpen(state)) {
    holds(open.length === 0, () => `the workflow has ended and ${open[0]?.path ?? ''} has not`);
    holds(state.waiting.size + state.timed.size === 0, () => 'an ended workflow waits for something');
    return;
  }
  const something = state.waiting.size + state.timed.size > 0;
  holds(something || state.status === 'paused', () => 'the workflow runs and waits for nothing');
  const undoing = (state.compensation?.branches ?? []).filter((each) => !hasEnded(each) && !is(each, 'pending'));
  holds(undoing.length <= 1, () => `${undoing.length} steps are undone at once`);
  for (const { phase } of open) {
    const kept = phase.is === 'awaiting' && state.signals.kept.some(({ name }) => name === phase.signal);
    holds(!kept, () => 'a signal is kept that a step waits for');
  }
  const asked = open.filter((branch) => is(branch, 'requested', 'delegated')).length;
  holds(
    state.executionMode === 'parallel' || asked <= 1,
    () => `${asked} attempts or children are open in sequential mode`,
  );
}

function checkFork(state: Workflow, fork: Fork): void {
  const name = `fork ${fork.step.id} of ${fork.parent.path}`;
  const started = ['requested', 'backoff', 'deferred', 'forked', 'waiting', 'awaiting', 'delegated', 'active'];
  for (const [set, members] of Object.entries(setsOf(fork))) {
    for (const branch of fork.branches) {
      const belongs = set === 'running' ? started.includes(branch.phase.is) : branch.phase.is === set;
      holds(members.has(branch.index) === belongs, () => `${branch.path} is ${branch.phase.is}; ${set}: ${!belongs}`);
    }
  }
  const parentWaits = fork.parent.phase.is === 'forked' && fork.parent.phase.fork === fork;
  const open = fork.branches.filter((branch) => !hasEnded(branch));
  const timed = parentWaits && !fork.decision && fork.step.converge.deadline !== undefined && open.length > 0;
  holds(state.timed.has(fork) === timed, () => `${name} waits for its deadline: ${timed}, the state says not so`);
  if (parentWaits) checkWaiting(state, fork, name, open);
  else checkLeft(fork, name, open);
}

/** What holds of a fork whose parent is somewhere else. */
function checkLeft({ parent, step, decision, judge }: Fork, name: string, open: readonly Branch[]): void {
  const letGo = decision !== undefined && step.converge.losers === 'detach';
  holds(letGo || open.length === 0, () => `the parent of ${name} has gone on without ${open[0]?.path ?? ''}`);
  holds(!judge || hasEnded(judge), () => `the parent of ${name} has gone on without its judge`);
  holds(decision !== undefined || is(parent, 'pending') || hasEnded(parent), () => `${name} was left undecided`);
}

/** What holds of a fork whose parent waits for it. */
function checkWaiting(state: Workflow, fork: Fork, name: string, open: readonly Branch[]): void {
  const { judge } = fork;
  const isPaused = state.status === 'paused';
  if (open.length === 0) {
    const asked = judge !== undefined && !hasEnded(judge) && (!is(judge, 'pending') || isPaused);
    return holds(asked, () => `${name} has no open branch and its parent still waits`);
  }
  holds(!judge || is(judge, 'pending') || hasEnded(judge), () => `the judge of ${name} is asked too early`);
  const atWork = fork.running.size - fork.deferred.size;
  const limit = fork.concurrency ?? Infinity;
  holds(atWork <= limit, () => `${name} has ${atWork} branches at work and may have ${limit}`);
  if (isPaused) return;
  const startable = open.find((branch) => is(branch, 'pending') && needsMet(fork, branch));
  holds(startable === undefined || atWork === limit, () => `${startable?.path ?? ''} could have been started`);
  holds(atWork > 0, () => `${name} has open branches, and none is at work`);
}

function needsMet(fork: Fork, branch: Branch): boolean {
  if (fork.step.kind !== 'parallel') return true;
  const { needs = [], require } = fork.step.branches[branch.index] ?? {};
  const least = typeof require === 'object' ? (needs.length * require.percent) / 100 : (require ?? needs.length);
  const completed = needs.filter((need) => fork.branches.find(({ name }) => name === need)?.phase.is === 'completed');
  return completed.length >= least;
}
