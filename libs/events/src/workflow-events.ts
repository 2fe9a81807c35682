import { type Failure } from './failure';
import { type Amounts, type Graph } from './graph';
import { type Json, type JsonObject } from './json';

/**
 * The facts of a workflow. A branch is named by its path: `root`, then `<fork step>/<branch>` for a branch of the root's
 * fork, and so on: `reviews/speed/checks/lint`, `files/17`. An event's shape is never edited: a change is a new schema
 * version and an upcaster.
 */
export type WorkflowEvent =
  | { readonly type: 'WorkflowStarted'; readonly data: WorkflowStarted }
  | { readonly type: 'ForkOpened'; readonly data: ForkOpened }
  | { readonly type: 'BranchRequested'; readonly data: BranchRequested }
  | { readonly type: 'BranchRetryScheduled'; readonly data: BranchRetryScheduled }
  | { readonly type: 'BranchDeferred'; readonly data: BranchDeferred }
  | { readonly type: 'BranchAdvanced'; readonly data: BranchAdvanced }
  | { readonly type: 'StepSkipped'; readonly data: StepSkipped }
  | { readonly type: 'StepFailed'; readonly data: StepFailed }
  | { readonly type: 'FailureCaught'; readonly data: FailureCaught }
  | { readonly type: 'CaseChosen'; readonly data: CaseChosen }
  | { readonly type: 'WaitStarted'; readonly data: WaitStarted }
  | { readonly type: 'SignalAwaited'; readonly data: SignalAwaited }
  | { readonly type: 'SignalReceived'; readonly data: SignalReceived }
  | { readonly type: 'ChildStarted'; readonly data: ChildStarted }
  | { readonly type: 'ChildEnded'; readonly data: ChildEnded }
  | { readonly type: 'BranchCompleted'; readonly data: BranchCompleted }
  | { readonly type: 'BranchFailed'; readonly data: BranchFailed }
  | { readonly type: 'BranchSkipped'; readonly data: BranchSkipped }
  | { readonly type: 'BranchCancelled'; readonly data: BranchCancelled }
  | { readonly type: 'ConvergenceReached'; readonly data: ConvergenceReached }
  | { readonly type: 'ForkReopened'; readonly data: ForkReopened }
  | { readonly type: 'WorkflowPaused'; readonly data: WorkflowPaused }
  | { readonly type: 'WorkflowResumed'; readonly data: WorkflowResumed }
  | { readonly type: 'WorkflowRetried'; readonly data: WorkflowRetried }
  | { readonly type: 'CompensationStarted'; readonly data: CompensationStarted }
  | { readonly type: 'WorkflowCompleted'; readonly data: WorkflowCompleted }
  | { readonly type: 'WorkflowFailed'; readonly data: WorkflowFailed }
  | { readonly type: 'WorkflowCancelled'; readonly data: WorkflowCancelled };

export type WorkflowEventType = WorkflowEvent['type'];

export type ExecutionMode = 'parallel' | 'sequential';

export type WorkflowStarted = {
  readonly playbook: { readonly name: string; readonly version?: string };
  readonly graph: Graph;
  readonly variables: JsonObject;
  /** The root branch's context at the start. */
  readonly context: JsonObject;
  readonly executionMode: ExecutionMode;
  /** What this run may use at most, where that is less than what the playbook allows. */
  readonly budget?: Amounts;
  /** Digest of the request, by which a repeated start is told from a different one with the same key. */
  readonly requestDigest: string;
  /** W3C trace context of the caller. */
  readonly traceparent?: string;
  /** The attempt of a step of another workflow that started this one. */
  readonly parent?: Parent;
};

/** What a child workflow was started for. `depth`: how many workflows there are above it. */
export type Parent = {
  readonly workflow: string;
  readonly branch: string;
  readonly step: string;
  readonly attempt: number;
  readonly depth: number;
};

/** The branch `branch` reached the fork `step`, whose branches may start now. */
export type ForkOpened = {
  readonly branch: string;
  readonly step: string;
  /** How many branches may be open at once; absent means no limit. */
  readonly concurrency?: number;
  /** The items of a `map`, in order. */
  readonly items?: readonly Json[];
};

/** A runner is asked to try a step. The idempotency key is the same for every attempt of the step. */
export type BranchRequested = {
  readonly branch: string;
  readonly step: string;
  readonly attempt: number;
  readonly agent: string;
  readonly input: Json;
};

/** The attempt failed and the step is tried again at `retryAt` (milliseconds since the epoch). */
export type BranchRetryScheduled = {
  readonly branch: string;
  readonly step: string;
  readonly attempt: number;
  readonly failure: Failure;
  readonly retryAt: number;
  /** Absent when no runner reported it. */
  readonly run?: Run;
};

/** The attempt failed for lack of capacity; the branch is tried again, alone, when its siblings have ended. */
export type BranchDeferred = {
  readonly branch: string;
  readonly step: string;
  readonly attempt: number;
  readonly failure: Failure;
  /** Absent when no runner reported it. */
  readonly run?: Run;
};

/** What a runner said about an attempt that it ran: moments in milliseconds since the epoch, by the runner's clock. */
export type Run = {
  readonly attempt: number;
  readonly runner: string;
  readonly startedAt: number;
  readonly endedAt: number;
  /** What the attempt used, by unit. Only numbers from zero on count. */
  readonly usage?: JsonObject;
};

/** A step has finished and the branch goes on with the next one. `run` is absent for steps that need no runner. */
export type BranchAdvanced = {
  readonly branch: string;
  readonly step: string;
  readonly output: Json;
  readonly exports?: JsonObject;
  readonly run?: Run;
};

export type StepSkipped = { readonly branch: string; readonly step: string };

/** A step failed for good and its branch goes on, because the step says `onFailure: continue`. */
export type StepFailed = {
  readonly branch: string;
  readonly step: string;
  readonly failure: Failure;
  readonly run?: Run;
};

/**
 * A step failed for good, and the steps that the playbook has for that case come next: those of its `onFailure`, or of the
 * `onUnmet` of its convergence. The failure may come from a step inside of it; `failure.step` names that one.
 */
export type FailureCaught = {
  readonly branch: string;
  readonly step: string;
  readonly by: 'onFailure' | 'onUnmet';
  readonly failure: Failure;
  readonly run?: Run;
};

/** The steps of a case of the step `step` come next; `case` counts from 0. */
export type CaseChosen = { readonly branch: string; readonly step: string; readonly case: number };

/** The branch rests at the step `step` until a moment, in milliseconds since the epoch. */
export type WaitStarted = { readonly branch: string; readonly step: string; readonly until: number };

/** The branch waits at the step `step` for a signal, at most until a moment, in milliseconds since the epoch. */
export type SignalAwaited = {
  readonly branch: string;
  readonly step: string;
  readonly name: string;
  readonly until?: number;
};

/**
 * A signal came in. It is kept until a step waits for its name: of several signals the oldest is taken first, of several
 * steps the one that has waited longest gets it.
 */
export type SignalReceived = {
  readonly name: string;
  readonly payload: Json;
  /** The sender's: the same id again is the same signal. */
  readonly id: string;
  readonly by?: string;
};

/** The branch waits at the step `step` for the workflow `workflow`, which runs a published playbook with these variables. */
export type ChildStarted = {
  readonly branch: string;
  readonly step: string;
  readonly attempt: number;
  readonly workflow: string;
  /** `name`, for the version that is published last when the child starts, or `name@version`. */
  readonly playbook: string;
  readonly variables: JsonObject;
  /** The moment after which nobody waits for it any more, in milliseconds since the epoch. */
  readonly until?: number;
};

/**
 * The branch does not wait for its child workflow any more; what that means for the step follows at once. `refused`: it
 * could not be started. `given-up`: its time has passed, and it is cancelled.
 */
export type ChildEnded = {
  readonly branch: string;
  readonly step: string;
  readonly attempt: number;
  readonly workflow: string;
  readonly outcome: 'completed' | 'failed' | 'cancelled' | 'refused' | 'given-up';
  /** What the child used, with all that it started itself. */
  readonly cost?: Cost;
};

/** What a workflow used: attempts of agents, their milliseconds, and the units that they reported. */
export type Cost = {
  readonly attempts: number;
  readonly agentMs: number;
  readonly usage: { readonly [unit: string]: number };
};

/** The branch has ended well. With `run`, the report of its last step is what ended it. */
export type BranchCompleted = {
  readonly branch: string;
  readonly step?: string;
  readonly output: Json;
  readonly exports?: JsonObject;
  readonly run?: Run;
};

export type BranchFailed = {
  readonly branch: string;
  readonly step?: string;
  readonly failure: Failure;
  readonly run?: Run;
};

export type BranchSkipped = {
  readonly branch: string;
  /** `if`: its condition is false. `needs`: of the siblings that it needs, too few completed. */
  readonly reason: 'if' | 'needs';
};

export type BranchCancelled = {
  readonly branch: string;
  /** The attempt that was open, if any. */
  readonly attempt?: number;
  /** The child workflow that was waited for, if any: it is cancelled too. */
  readonly child?: string;
  /**
   * `converged`: the fork is decided without it. `unreachable`: the fork cannot be met any more. `deadline`: the judge of
   * the fork is asked without it.
   */
  readonly reason:
    'converged' | 'unreachable' | 'deadline' | 'workflow-completed' | 'workflow-failed' | 'workflow-cancelled';
};

/** How the branches of a fork stand. */
export type Tally = {
  readonly total: number;
  readonly completed: number;
  readonly failed: number;
  readonly skipped: number;
  readonly cancelled: number;
  readonly open: number;
};

/** A fork is decided, and why. Branches are named without the fork's path here (`security`, `17`). */
export type ConvergenceReached = {
  readonly branch: string;
  readonly step: string;
  readonly strategy: string;
  readonly outcome: 'met' | 'unreachable';
  /** The rule in words, with its figures. */
  readonly reason: string;
  readonly tally: Tally;
  /** The branches that the decision rests on. */
  readonly counted: 'all' | readonly string[];
  /** Branches that ended otherwise than the decision. */
  readonly dissented: readonly string[];
  /** The branch whose arrival decided; absent when a deadline did, or a fork without branches. */
  readonly decidedBy?: string;
  /** Branches that were cancelled by the decision. */
  readonly cancelled: readonly string[];
  /** How many of those were at work, and how many had not been started. Absent when none was cancelled. */
  readonly saved?: { readonly cancelled: number; readonly neverStarted: number };
  /** How the output is made of the counted branches' outputs; `value` carries it. */
  readonly output: { readonly shape: 'record' | 'list' | 'single' } | { readonly shape: 'value'; readonly value: Json };
  /** What the branches' exports, merged, and the step's own `export` write into the parent's context. */
  readonly exports?: JsonObject;
  /** Present when the fork is unreachable. */
  readonly failure?: Failure;
};

/** What somebody said with a command. `id` is the sender's: the same id again is the same command, however late it comes. */
type CommandNote = { readonly reason?: string; readonly by?: string; readonly id?: string };

/** Nothing new is started until the workflow is resumed; attempts that are under way may end. */
export type WorkflowPaused = CommandNote & {
  /** It is held because its parent is, and goes on with it. */
  readonly withParent?: boolean;
};

export type WorkflowResumed = CommandNote;

/** A workflow that had failed goes on where it failed, with fresh retry policies. */
export type WorkflowRetried = CommandNote & {
  /** Those whose failures led to it. */
  readonly branches: readonly string[];
  /** What it may use at most from now on, in the place of its budget in these units. */
  readonly budget?: Amounts;
};

/**
 * A branch that is tried again has come to the fork `step`, which it had opened before. What completed is kept; the named
 * branches (without the fork's path) go on where they ended, or start if they never had. The decision, unmet, is void.
 */
export type ForkReopened = {
  readonly branch: string;
  readonly step: string;
  readonly failed: readonly string[];
  readonly cancelled: readonly string[];
  readonly skipped: readonly string[];
  /** The fork's judge, who had been asked or passed over, is asked again. */
  readonly judge?: true;
};

/**
 * The workflow has come to its end, and before it ends the completed steps that say how are undone, one after the other, the
 * last one first. Each is undone in a branch of its own.
 */
export type CompensationStarted =
  | { readonly because: 'failed'; readonly failure: Failure }
  | { readonly because: 'cancelled'; readonly reason?: string; readonly by?: string };

export type WorkflowCompleted = { readonly output: Json };

export type WorkflowFailed = { readonly failure: Failure };

/** `details`: which of the completed steps could not be undone. */
export type WorkflowCancelled = { readonly reason?: string; readonly by?: string; readonly details?: Json };
