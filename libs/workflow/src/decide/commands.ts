import { type Amounts, type Cost, type Failure, type Json, type WorkflowStarted, type Run } from '@braid/events';

/** What somebody wants of a workflow. The same id again is the same command. */
export type Command =
  | { readonly type: 'start'; readonly workflow: string; readonly start: WorkflowStarted }
  | { readonly type: 'report'; readonly report: Report }
  /** `compensate`: what has completed is undone before the workflow ends. */
  | { readonly type: 'cancel'; readonly compensate?: boolean; readonly reason?: string; readonly by?: string }
  /** Nothing new may be started until it is resumed. */
  | {
      readonly type: 'pause';
      readonly reason?: string;
      readonly by?: string;
      readonly id?: string;
      readonly withParent?: boolean;
    }
  /** `withParent`: only if it was paused because its parent was. */
  | {
      readonly type: 'resume';
      readonly reason?: string;
      readonly by?: string;
      readonly id?: string;
      readonly withParent?: boolean;
    }
  /** A failed workflow is to go on where it failed, with this budget in the units that it names. */
  | {
      readonly type: 'retry';
      readonly budget?: Amounts;
      readonly reason?: string;
      readonly by?: string;
      readonly id?: string;
    }
  /** Something from outside for a step that waits for it. The same id again is the same signal. */
  | {
      readonly type: 'signal';
      readonly name: string;
      readonly payload: Json;
      readonly id: string;
      readonly by?: string;
    }
  /** A child has ended, or could not be started. */
  | { readonly type: 'child-ended'; readonly child: ChildName; readonly end: ChildEnd }
  /** A child, paused because its parent was or not, wants to know whether it is still waited for. Nothing follows here. */
  | { readonly type: 'child-asks'; readonly child: ChildName; readonly held: boolean }
  /** Time has passed: act on whatever is due. */
  | { readonly type: 'tick'; readonly signs: SignsOfLife };

/** How an attempt ended. */
export type Report = {
  readonly branch: string;
  readonly step: string;
  readonly run: Run;
  readonly outcome:
    { readonly is: 'completed'; readonly output: Json } | { readonly is: 'failed'; readonly failure: Failure };
};

/** A child workflow, and the attempt of a step of its parent that it was started for. */
export type ChildName = {
  readonly workflow: string;
  readonly branch: string;
  readonly step: string;
  readonly attempt: number;
};

/** How a child ended; `refused`: it could not be started. */
export type ChildEnd =
  | { readonly is: 'completed'; readonly output: Json; readonly cost: Cost }
  | { readonly is: 'failed'; readonly failure: Failure; readonly cost: Cost }
  | { readonly is: 'cancelled'; readonly reason?: string; readonly cost: Cost }
  | { readonly is: 'refused'; readonly failure: Failure };

/** What was heard of running attempts, by branch path; moments in milliseconds since the epoch. */
export type SignsOfLife = ReadonlyMap<
  string,
  { readonly attempt: number; readonly startedAt: number; readonly seenAt: number }
>;

/** What a decision may not go beyond. */
export type Limits = {
  /** Most branches that one fork may open. */
  readonly maxBranches: number;
  /** Most workflows that one may have above it. */
  readonly maxDepth: number;
};

/** Why a command is refused; nothing has happened then. */
export type Rejection = {
  readonly code:
    | 'workflow.unknown'
    | 'workflow.closed'
    | 'workflow.different-start'
    | 'workflow.not-failed'
    | 'workflow.compensated'
    | 'workflow.is-child'
    | 'signal.invalid';
  readonly message: string;
};
