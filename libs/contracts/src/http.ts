import {
  type Amounts,
  type ConvergenceReached,
  type ExecutionMode,
  type Failure,
  type Json,
  type JsonObject,
} from '@braid/events';

/** What the HTTP API answers. The gateway's OpenAPI document is checked against these types. */
export type WorkflowStatus = 'running' | 'paused' | 'completed' | 'failed' | 'cancelled';

export type BranchStatusName = 'pending' | 'requested' | 'running' | 'completed' | 'failed' | 'cancelled' | 'skipped';

/** One branch of a workflow as it stands. Moments are ISO 8601. */
export type BranchStatusView = {
  readonly branch: string;
  readonly path: string;
  readonly parent?: string;
  /** The fork step that opened the branch; absent for the root and for what undoes a step. */
  readonly fork?: string;
  /** The step that the branch undoes. */
  readonly compensates?: { readonly branch: string; readonly step: string };
  readonly status: BranchStatusName;
  readonly step?: string;
  readonly agent?: string;
  readonly attempt?: number;
  readonly runner?: string;
  readonly startedAt?: string;
  readonly endedAt?: string;
  /** What has to come before the branch goes on by itself: a signal, a moment, or whichever is first. */
  readonly waitsFor?: { readonly signal?: string; readonly until?: string };
  /** The workflow that does or did the work of its step, and the playbook as the step names it. */
  readonly child?: { readonly workflow: string; readonly playbook: string };
  readonly output?: Json;
  readonly error?: Failure;
};

export type ConvergencePointView = Omit<ConvergenceReached, 'output' | 'outcome' | 'decidedBy'> & {
  readonly outcome: 'waiting' | 'met' | 'unreachable';
  readonly decidedBy?: string;
  readonly output?: Json;
  readonly at?: string;
};

/** What a fork would have decided by another strategy, going by the results on record; nothing has happened. */
export type ConvergencePreviewView = {
  /** Version of the last event that was taken into account. */
  readonly version: number;
  readonly branch: string;
  readonly step: string;
  readonly strategy: string;
  /** `undecided`: a branch without a result would have to be waited for. */
  readonly outcome: 'met' | 'unreachable' | 'undecided';
  readonly reason: string;
  readonly counted: 'all' | readonly string[];
  readonly dissented: readonly string[];
  readonly decidedBy?: string;
  readonly output?: Json;
  readonly wouldHaveCancelled: readonly string[];
  /** The fork as it stands by its own strategy. */
  readonly actual: ConvergencePointView;
};

/** A fork and the branches that it opened. */
export type ParallelBranchesView = {
  readonly branch: string;
  readonly step: string;
  readonly concurrency?: number;
  readonly branches: readonly string[];
  /** The branch in which their judge is asked, where the fork has one; it is none of them. */
  readonly judge?: string;
};

/** What a workflow has used, and with a budget what is left of that. Amounts are by unit. */
export type CostView = {
  readonly attempts: number;
  readonly agentMs: number;
  readonly usage: JsonObject;
  /** Declared cost of attempts that have not reported what they used: open, given up or cancelled. Absent: none. */
  readonly reserved?: Amounts;
  readonly budget?: Amounts;
  /** The budget less what is used and reserved. */
  readonly remaining?: Amounts;
};

/** How the completed steps of a workflow are undone, or were. */
export type CompensationView = {
  /** `stopped`: a cancel has ended it before all were undone. */
  readonly state: 'compensating' | 'compensated' | 'stopped';
  readonly because: 'failed' | 'cancelled';
  /** Why the workflow has failed. */
  readonly error?: Failure;
  /** How many steps are to be undone, and how many of them were, or could not be. */
  readonly steps: { readonly total: number; readonly undone: number; readonly failed: number };
};

export type WorkflowView = {
  readonly id: string;
  readonly playbook: { readonly name: string; readonly version?: string };
  /** The step of another workflow that started this one. */
  readonly parent?: { readonly workflow: string; readonly branch: string; readonly step: string };
  readonly status: WorkflowStatus;
  readonly executionMode: ExecutionMode;
  readonly version: number;
  readonly startedAt: string;
  readonly endedAt?: string;
  readonly variables: JsonObject;
  readonly context: JsonObject;
  readonly output?: Json;
  readonly error?: Failure;
  /** Present from when completed steps are being undone. */
  readonly compensation?: CompensationView;
  readonly cost: CostView;
  readonly branchStatus: readonly BranchStatusView[];
  readonly convergencePoints: readonly ConvergencePointView[];
  readonly parallelBranches: readonly ParallelBranchesView[];
};

export type WorkflowSummary = {
  readonly id: string;
  readonly playbook: string;
  readonly playbookVersion?: string;
  readonly status: WorkflowStatus;
  readonly executionMode: ExecutionMode;
  readonly startedAt: string;
  readonly endedAt?: string;
  readonly branches: { readonly total: number; readonly completed: number; readonly failed: number };
  readonly error?: string;
};

/** One event of a history, as the API and the feed show it. */
export type EventView = {
  readonly id: string;
  readonly workflow: string;
  readonly version: number;
  readonly type: string;
  readonly at: string;
  readonly data: Json;
};

export type GraphView = {
  readonly nodes: readonly GraphNode[];
  readonly edges: readonly {
    readonly from: string;
    readonly to: string;
    /** `case`: to the steps of a case; `failure`: to the steps that answer a failure; `compensation`: to those that undo a step. */
    readonly kind: 'sequence' | 'fork' | 'needs' | 'converge' | 'case' | 'failure' | 'compensation';
    /** Of `needs` of which not all must have completed: how many. */
    readonly require?: number;
  }[];
};

export type GraphNode = {
  readonly id: string;
  readonly kind: string;
  readonly label: string;
  readonly branch: string;
  readonly step?: string;
  readonly agent?: string;
  readonly playbook?: string;
  /** The child workflow that the step has started last. */
  readonly child?: string;
  readonly status: BranchStatusName;
  /** How the branches stand that this node draws together; absent for a node of its own. */
  readonly counts?: { readonly [status in BranchStatusName]?: number };
};

/** A problem of a playbook, with where it stands and what to change. */
export type PlaybookProblem = {
  readonly path: string;
  readonly line?: number;
  readonly column?: number;
  readonly message: string;
  readonly suggestion?: string;
  /** Warnings do not keep a playbook from running. */
  readonly severity: 'error' | 'warning';
};

/** RFC 9457. `code` is stable. */
export type ProblemDetails = {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly code: string;
  readonly detail?: string;
  readonly instance?: string;
  readonly problems?: readonly PlaybookProblem[];
};
