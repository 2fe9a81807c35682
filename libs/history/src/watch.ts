import { type ForkReopened, type RecordedEvent } from '@braid/events';
import { childPath, rootPath } from '@braid/workflow';

/** Something that must always hold does not. */
function broken(what: string): never {
  throw new Error(`Broken: ${what}`);
}

const holds = (condition: boolean, what: () => string): void => {
  if (!condition) broken(what());
};

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
