import {
  type Amounts,
  type BranchRequested,
  type CompensationStarted,
  type ChildStarted,
  type ConvergenceReached,
  type ExecutionMode,
  type Failure,
  type ForkStep,
  type Graph,
  type Json,
  type JsonObject,
  type Parent,
  type Run,
  type Step,
} from '@braid/events';
import { type NestedSequence, type Sequence } from './sequence';

/** The state of one workflow: what its events add up to. Only {@link evolve} changes it. */
export type WorkflowState = Unborn | Workflow;

export type Unborn = { readonly status: 'unborn'; readonly version: 0 };

export const unborn: Unborn = { status: 'unborn', version: 0 };

export type Workflow = {
  status: 'running' | 'paused' | 'completed' | 'failed' | 'cancelled';
  version: number;
  readonly id: string;
  readonly playbook: { readonly name: string; readonly version?: string };
  readonly graph: Graph;
  readonly variables: JsonObject;
  readonly executionMode: ExecutionMode;
  readonly requestDigest: string;
  readonly traceparent: string | undefined;
  /** What it was started for, when it is a child of another workflow. */
  readonly parent: Parent | undefined;
  readonly startedAt: number;
  endedAt: number | undefined;
  ending: Ending | undefined;
  readonly root: Branch;
  /** Every branch by its path, in the order in which they were opened. */
  readonly branches: Map<string, Branch>;
  /** Branches that wait for something that time can end: an attempt, a retry, a moment; or for a signal or a child. */
  readonly waiting: Set<Branch>;
  /** Forks with a deadline that are not decided. */
  readonly timed: Set<Fork>;
  /** The steps that have completed and say how they are undone, in the order of their completion. */
  readonly undoable: Undoable[];
  /** Present from when those are being undone. */
  compensation: Compensation | undefined;
  /** How often it was taken up again after it had failed. */
  retries: number;
  /** How many children it has started. */
  children: number;
  /** Whether it is paused because its parent is. */
  heldByParent: boolean;
  readonly signals: {
    /** Ids of all that came in, and the commands to the whole, by {@link repeatKey}. */
    readonly seen: Set<string>;
    /** Those that no step has taken yet, oldest first. */
    kept: readonly Signal[];
  };
  /** What all attempts together may use at most. */
  budget: Amounts | undefined;
  readonly cost: {
    attempts: number;
    agentMs: number;
    /** What runs reported, by unit. */
    readonly usage: Map<string, number>;
    /** The declared cost of attempts that have not reported what they used, and may still use or have used it. */
    readonly reserved: Map<string, number>;
  };
};

/** A completed step that can be undone, and what its branch saw then: its own output and exports, and nothing later. */
export type Undoable = {
  readonly branch: Branch;
  readonly step: Step;
  readonly context: JsonObject;
  readonly results: StepResults;
};

export type Compensation = {
  readonly because: CompensationStarted;
  /** One per step that is undone, in the order in which that is done. */
  readonly branches: readonly Branch[];
  /** Where the first one stands that has not ended. */
  next: number;
};

export type Signal = { readonly name: string; readonly payload: Json };

export type Ending =
  | { readonly is: 'completed'; readonly output: Json }
  | { readonly is: 'failed'; readonly failure: Failure }
  | { readonly is: 'cancelled'; readonly reason: string | undefined };

/** What a step left behind for the expressions of later steps: `steps.<id>`. */
export type StepResult = {
  readonly status: 'completed' | 'skipped' | 'failed';
  readonly output: Json;
  readonly error?: { readonly [key: string]: Json };
};

export type StepResults = { readonly [step: string]: StepResult };

export type Branch = Sequence & {
  readonly path: string;
  readonly name: string;
  readonly parent: Branch | undefined;
  /** The fork that opened this branch; absent for the root. */
  fork: Fork | undefined;
  /** The step that this branch undoes, and the branch that it was a step of; absent for all others. */
  readonly compensates: { readonly branch: Branch; readonly step: string } | undefined;
  /** Place among its siblings, in declared order. */
  readonly index: number;
  /** The sequences inside of its steps that are under way, the innermost last. */
  nested: readonly NestedSequence[];
  phase: Phase;
  /** What this branch sees; replaced, never changed, so that a fork's children can keep a reference to it. */
  context: JsonObject;
  /** What this branch itself wrote, which its convergence merges into the parent's context. */
  exports: JsonObject;
  /** Results of steps that this branch can see: its own and those of its ancestors at the fork. */
  results: StepResults;
  /** The attempts of the current step so far, and how many of them its retry policy does not count any more. */
  attempts: number;
  earlierAttempts: number;
  /** Whether the current step was deferred, which happens once. */
  wasDeferred: boolean;
  lastFailure: Failure | undefined;
  lastRun: (Run & { readonly agent: string }) | undefined;
  startedAt: number | undefined;
  endedAt: number | undefined;
  /** The forks that this branch opened, by step; replaced, never changed, because most branches share the one that is empty. */
  forks: ReadonlyMap<string, Fork>;
  /** The child that each step of this branch started last; replaced, never changed. */
  children: Children;
};

export type Children = { readonly [step: string]: Child };

export type Child = { readonly workflow: string; readonly playbook: string };

export const noChildren: Children = {};

/** Where a branch stands. */
export type Phase =
  | { readonly is: 'pending' }
  /** Between two steps; only while a decision is being made. */
  | { readonly is: 'active' }
  | { readonly is: 'requested'; readonly request: BranchRequested; readonly at: number; readonly cost?: Amounts }
  | { readonly is: 'backoff'; readonly request: BranchRequested; readonly retryAt: number }
  | { readonly is: 'deferred'; readonly request: BranchRequested; readonly failure: Failure }
  | { readonly is: 'forked'; readonly fork: Fork }
  /** At a step that ends by itself when the moment comes. */
  | { readonly is: 'waiting'; readonly until: number }
  | { readonly is: 'awaiting'; readonly signal: string; readonly until?: number }
  /** Another workflow does the work of its step. */
  | { readonly is: 'delegated'; readonly to: ChildStarted; readonly at: number }
  | { readonly is: 'completed' }
  | { readonly is: 'failed'; readonly failure: Failure }
  | { readonly is: 'skipped' }
  | { readonly is: 'cancelled' };

/** Phases that say nothing but themselves. They are shared: a wide fork would hold as many as it has branches. */
export const phases = {
  pending: { is: 'pending' },
  active: { is: 'active' },
  completed: { is: 'completed' },
  skipped: { is: 'skipped' },
  cancelled: { is: 'cancelled' },
} as const satisfies { readonly [name in Phase['is']]?: Phase };

/** What a branch has at its beginning, shared for the same reason; all of it is replaced and never changed. */
export const nothingYet: Pick<Branch, 'nested' | 'forks' | 'exports'> = { nested: [], forks: new Map(), exports: {} };

export type Fork = {
  /** The branch that reached the fork. */
  readonly parent: Branch;
  readonly step: ForkStep;
  readonly concurrency: number | undefined;
  readonly openedAt: number;
  readonly branches: readonly Branch[];
  /** Who decides when these have ended, where the strategy is `judge`: a branch that stands in none of the sets below. */
  judge: Branch | undefined;
  readonly items: readonly Json[] | undefined;
  /** Indexes of branches that may start, in declared order from `nextReady` on, where the first one that is still pending stands. */
  readonly ready: number[];
  nextReady: number;
  /**
   * Needs that have not completed yet, by branch index; only branches that have some. From when a branch starts its own
   * stay as they are: it never sees what completed later.
   */
  readonly unmetNeeds: Map<number, Set<number>>;
  /** Of these the ones that never will, because they ended otherwise. */
  readonly lostNeeds: Map<number, Set<number>>;
  /** Which branches wait for a branch, by its index. */
  readonly dependents: ReadonlyMap<number, readonly number[]>;
  /** Branches that have started and not ended. Sets, not counters: an arrival that is told twice counts once. */
  readonly running: Set<number>;
  readonly deferred: Set<number>;
  readonly completed: Set<number>;
  readonly failed: Set<number>;
  readonly skipped: Set<number>;
  readonly cancelled: Set<number>;
  decision: (ConvergenceReached & { readonly at: number }) | undefined;
};

/** Whether the workflow has not ended. */
export function isOpen(workflow: Workflow): boolean {
  return workflow.status === 'running' || workflow.status === 'paused';
}

/** Whether a branch has come to its end. */
export function hasEnded(branch: Branch): boolean {
  switch (branch.phase.is) {
    case 'completed':
    case 'failed':
    case 'skipped':
    case 'cancelled':
      return true;
    default:
      return false;
  }
}

/** Whether a fork is decided and its parent has gone on without the branches that are still at work. */
export function hasLetGo(fork: Fork): boolean {
  return fork.decision !== undefined && fork.step.converge.losers === 'detach';
}

/** How many branches of a fork have ended. */
export function endedCount(fork: Fork): number {
  return fork.completed.size + fork.failed.size + fork.skipped.size + fork.cancelled.size;
}

/** Whether all that a fork opened has ended; its judge may still be to come. */
export function allEnded(fork: Fork): boolean {
  return endedCount(fork) === fork.branches.length;
}

/** Whether a branch is the one in which the judge of its fork is asked. */
export function isJudge(branch: Branch): boolean {
  return branch.fork?.judge === branch;
}

/** The path of a branch that the fork `step` of `parent` opens. */
export function childPath(parent: string, step: string, name: string): string {
  return parent === rootPath ? `${step}/${name}` : `${parent}/${step}/${name}`;
}

export const rootPath = 'root';
