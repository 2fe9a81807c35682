import { type Amounts, type Cost, type Failure, type Json, type JsonObject, type WorkflowStarted } from '@braid/events';

/** Headers of messages on the bus. */
export const headers = {
  /** Core NATS subject that gets the receipt after the commit. */
  replyTo: 'Braid-Reply-To',
  traceparent: 'traceparent',
} as const;

/** A gateway asks for a new workflow. The id is the caller's: the same id again is the same start. */
export type StartMessage = WorkflowStarted & { readonly workflow: string };

/** A command to a workflow that exists. A new command is a new member here. */
export type CommandMessage =
  | CancelMessage
  | PlainCommand<'pause'>
  | PlainCommand<'resume'>
  | RetryMessage
  | SignalMessage
  | ChildEndedMessage
  | ChildAsksMessage;

export type PlainCommand<C extends string> = {
  readonly workflow: string;
  readonly command: C;
  /** The same command again has the same; a cancel needs none, since nothing comes after it. */
  readonly id?: string;
  readonly reason?: string;
  /** Who asks for it, as the edge knows them. */
  readonly by?: string;
  /** Of a pause or resume: it is the parent's, which was paused or goes on. */
  readonly withParent?: boolean;
};

/** A failed workflow is to go on, with this budget in the units that it names. */
export type RetryMessage = Omit<PlainCommand<'retry'>, 'withParent'> & { readonly budget?: Amounts };

/** `compensate`: what has completed is undone before the workflow ends. */
export type CancelMessage = PlainCommand<'cancel'> & { readonly compensate?: boolean };

/** Something from outside for a step that waits for it. */
export type SignalMessage = {
  readonly workflow: string;
  readonly command: 'signal';
  readonly name: string;
  readonly payload: Json;
  /** The same signal again has the same. */
  readonly id: string;
  readonly by?: string;
};

/** A child workflow, and what its parent (`workflow`) started it for. */
type OfChild = {
  readonly workflow: string;
  readonly child: string;
  readonly branch: string;
  readonly step: string;
  readonly attempt: number;
  /** Proves that it comes from an orchestrator. */
  readonly token: string;
};

/** A child tells its parent how it ended. */
export type ChildEndedMessage = OfChild & {
  readonly command: 'child-ended';
  readonly end: ChildEndMessage;
};

export type ChildEndMessage =
  | { readonly is: 'completed'; readonly output: Json; readonly cost: Cost }
  | { readonly is: 'failed'; readonly failure: Failure; readonly cost: Cost }
  | { readonly is: 'cancelled'; readonly reason?: string; readonly cost: Cost }
  | { readonly is: 'refused'; readonly failure: Failure };

/** A child asks its parent whether it is still waited for, and is told to cancel, pause or go on where that is the answer. */
export type ChildAsksMessage = OfChild & {
  readonly command: 'child-asks';
  /** It is paused because its parent was. */
  readonly held: boolean;
};

/** What the orchestrator answers when the outcome of a start or command is on disk. */
export type Receipt =
  | { readonly ok: true; readonly workflow: string; readonly version: number; readonly repeated: boolean }
  | { readonly ok: false; readonly workflow: string; readonly code: RejectionCode; readonly message: string };

/** Why a start or command was refused. Each edge maps these to its own status in one table. */
export type RejectionCode =
  | 'workflow.unknown'
  | 'workflow.closed'
  | 'workflow.different-start'
  | 'workflow.not-failed'
  | 'workflow.compensated'
  | 'workflow.is-child'
  | 'signal.invalid'
  | 'message.invalid';

/** The work of one attempt, as a runner gets it. */
export type WorkMessage = {
  readonly type: 'BranchRequested';
  readonly workflow: string;
  readonly partition: number;
  readonly playbook: string;
  readonly branch: string;
  readonly step: string;
  readonly attempt: number;
  readonly agent: string;
  readonly input: Json;
  /** The branch's isolated context: a copy. */
  readonly context: JsonObject;
  /** The same for every attempt of this step: what an agent uses to make its effect happen once. */
  readonly idempotencyKey: string;
  /** Proves that this attempt was dispatched by an orchestrator; sent back with the report. */
  readonly token: string;
  /** Milliseconds that the attempt may run. */
  readonly timeout: number;
  /** Milliseconds without a sign of life after which the orchestrator gives the attempt up; the runner beats well within. */
  readonly heartbeatTimeout?: number;
  /** Milliseconds since the epoch after which the attempt must not be started any more. */
  readonly startBefore?: number;
  readonly traceparent?: string;
};

/** How an attempt ended, as a runner reports it. */
export type ReportMessage = {
  readonly workflow: string;
  readonly branch: string;
  readonly step: string;
  readonly attempt: number;
  readonly token: string;
  readonly runner: string;
  /** By the runner's clock, milliseconds since the epoch. */
  readonly startedAt: number;
  readonly endedAt: number;
  /** What the attempt used, by unit: `{ tokens: 1200 }`. Only numbers from zero on count. */
  readonly usage?: JsonObject;
} & (
  | { readonly type: 'BranchCompleted'; readonly output: Json }
  | { readonly type: 'BranchFailed'; readonly failure: Failure }
);

/** Signs of life of the attempts that a runner works on, batched per partition. */
export type HeartbeatMessage = {
  readonly runner: string;
  readonly attempts: readonly LiveAttempt[];
};

export type LiveAttempt = {
  readonly workflow: string;
  readonly branch: string;
  readonly step: string;
  readonly attempt: number;
  readonly startedAt: number;
};

/** Attempts that no longer matter, wherever they run. `attempts` absent: the whole workflow. */
export type CancelSignal = {
  readonly workflow: string;
  readonly attempts?: readonly CancelledAttempt[];
  readonly reason: string;
};

/** The attempt and those before it; the same step may be tried again later. */
export type CancelledAttempt = { readonly branch: string; readonly step: string; readonly attempt: number };

/** What a runner can do now; sent every few seconds and when it changes. */
export type RunnerPresence = {
  readonly runner: string;
  readonly host: string;
  readonly pid: number;
  readonly startedAt: number;
  readonly draining: boolean;
  readonly agents: readonly { readonly agent: string; readonly slots: number; readonly busy: number }[];
};
