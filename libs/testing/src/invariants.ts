import { type ForkReopened, type RecordedEvent } from '@braid/events';
import { type Branch, childPath, type Fork, hasEnded, isOpen, rootPath, type Workflow } from '@braid/workflow';

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

const ends = new Set(['BranchCompleted', 'BranchFailed', 'BranchSkipped', 'BranchCancelled']);
const withoutBranch: ReadonlySet<string> = new Set([
  'WorkflowStarted',
  'WorkflowPaused',
  'WorkflowResumed',
  'CompensationStarted',
]);
const workflowEnds = new Set(['WorkflowCompleted', 'WorkflowFailed', 'WorkflowCancelled']);

/** Watches the events of one workflow go by, without looking at any state. */
export class Watch {
  private version = 0;
  private over = false;
  private readonly attempts = new Map<string, { readonly step: string; readonly attempt: number; open: boolean }>();
  private readonly forks = new Map<string, string>();
  private readonly started = new Set<string>();
  private readonly ended = new Set<string>();
  private readonly signals = new Set<string>();
  private readonly children = new Map<string, { readonly branch: string; open: boolean }>();

  see(event: RecordedEvent): void {
    this.version += 1;
    holds(event.version === this.version, () => `version ${event.version} comes after ${this.version - 1}`);
    const afterEnd = this.over && event.type !== 'WorkflowRetried';
    holds(!afterEnd, () => `${event.type} after the workflow's end`);
    if (withoutBranch.has(event.type)) return;
    if (event.type === 'WorkflowRetried') return this.seeRetry();
    if (event.type === 'SignalReceived') {
      holds(!this.signals.has(event.data.id), () => `signal ${event.data.id} came in twice`);
      this.signals.add(event.data.id);
      return;
    }
    if (workflowEnds.has(event.type)) {
      this.over = true;
      for (const path of this.started) holds(this.ended.has(path), () => `${path} was started and has no end`);
      for (const [child, { open }] of this.children) holds(!open, () => `${child} has no end and is not cancelled`);
      for (const [path, { open }] of this.attempts) holds(!open, () => `an attempt of ${path} has no outcome`);
      return;
    }
    const { data } = event;
    if (!('branch' in data)) return broken(`${event.type} is of no branch`);
    holds(!this.ended.has(data.branch), () => `${event.type} after the end of ${data.branch}`);
    this.started.add(data.branch);
    this.seeFork(event, data.branch);
    this.seeAttempt(event, data.branch);
    this.seeChild(event, data.branch);
    if (ends.has(event.type)) this.ended.add(data.branch);
  }

  private seeRetry(): void {
    holds(this.over, () => 'a workflow that has not ended is tried again');
    this.over = false;
    this.ended.delete(rootPath);
  }

  /** What is opened again has not ended any more. */
  private seeReopened({ branch, step, failed, cancelled, skipped, judge }: ForkReopened): void {
    for (const name of [...failed, ...cancelled, ...skipped, ...(judge ? ['judge'] : [])]) {
      const path = childPath(branch, step, name);
      holds(this.ended.delete(path), () => `${path} is opened again and had not ended`);
    }
  }

  /** Whatever a branch does after opening a fork, its convergence was reached before, once. */
  private seeFork(event: RecordedEvent, branch: string): void {
    const fork = this.forks.get(branch);
    if (event.type === 'ConvergenceReached') {
      holds(fork === event.data.step, () => `${event.data.step} of ${branch} converged twice, or was never opened`);
      this.forks.delete(branch);
    } else if (event.type === 'ForkReopened') {
      this.seeReopened(event.data);
      this.forks.set(branch, event.data.step);
    } else {
      holds(fork === undefined || event.type === 'BranchCancelled', () => `${event.type} of ${branch} in a fork`);
    }
    if (event.type === 'ForkOpened') this.forks.set(branch, event.data.step);
  }

  /** Each child is another one; it ends once, or is cancelled with its branch, before the branch does anything else. */
  private seeChild(event: RecordedEvent, branch: string): void {
    const open = [...this.children].find(([, child]) => child.open && child.branch === branch)?.[0];
    if (event.type === 'ChildStarted') {
      holds(!this.children.has(event.data.workflow), () => `${event.data.workflow} is started twice`);
      holds(open === undefined, () => `${branch} starts a child while it waits for ${open}`);
      this.children.set(event.data.workflow, { branch, open: true });
      return;
    }
    const told =
      event.type === 'ChildEnded'
        ? event.data.workflow
        : event.type === 'BranchCancelled'
          ? event.data.child
          : undefined;
    holds(told === open, () => `${event.type} of ${branch} speaks of ${told}, and its child is ${open}`);
    const child = open === undefined ? undefined : this.children.get(open);
    if (child) child.open = false;
  }

  private seeAttempt(event: RecordedEvent, branch: string): void {
    const last = this.attempts.get(branch);
    if (event.type === 'ChildStarted') {
      const { step, attempt } = event.data;
      holds(
        attempt === (last?.step === step ? last.attempt + 1 : 1),
        () => `attempt ${attempt} of a child of ${branch}`,
      );
      this.attempts.set(branch, { step, attempt, open: false });
      return;
    }
    if (event.type === 'ChildEnded') return;
    if (event.type === 'BranchRequested') {
      const { step, attempt } = event.data;
      holds(last?.open !== true, () => `${branch} is asked for while an attempt is open`);
      const expected = last?.step === step ? last.attempt + 1 : 1;
      holds(attempt === expected, () => `attempt ${attempt} of ${branch}, after ${expected - 1}`);
      this.attempts.set(branch, { step, attempt, open: true });
      return;
    }
    const told = outcomeOf(event);
    const open = last?.open === true ? last.attempt : undefined;
    if (event.type === 'BranchCancelled') holds(told === open, () => `${branch} is cancelled in another attempt`);
    else
      holds(told === undefined || told === open, () => `an attempt of ${branch} ended twice, or was never asked for`);
    if (last) last.open = false;
  }
}

/** The attempt whose outcome an event states. */
function outcomeOf(event: RecordedEvent): number | undefined {
  const { data } = event as {
    readonly data: { readonly attempt?: number; readonly run?: { readonly attempt: number } };
  };
  return data.run?.attempt ?? data.attempt;
}
