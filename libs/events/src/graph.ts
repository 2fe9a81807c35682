import { type Json } from './json';

/**
 * The graph is a playbook after compilation: defaults applied, durations in milliseconds, ids given, the short form
 * expanded. It is stored in `WorkflowStarted`, so its shape is append-only like that of an event.
 */
export type Graph = {
  readonly format: 1;
  readonly name: string;
  readonly version?: string;
  readonly description?: string;
  readonly executionType: 'sequential' | 'parallel' | 'mixed';
  /** Branches that failed in parallel for lack of capacity are tried again one at a time before the convergence decides. */
  readonly fallbackToSequential: boolean;
  readonly variables: { readonly [name: string]: VariableSpec };
  /** What all attempts together may use at most; absent: no limit. The start of a run may narrow it. */
  readonly budget?: Amounts;
  readonly steps: readonly Step[];
  /** Template of the workflow's output; without it, the output is that of the last step. */
  readonly output?: Json;
};

/**
 * Amounts by unit, none below zero: `tokens`, `usd`, or whatever agents report as their usage. `attempts` is counted by Braid.
 */
export type Amounts = { readonly [unit: string]: number };

/** A JSON Schema; a variable without `default` is required unless `required` is false. */
export type VariableSpec = { readonly [keyword: string]: Json };

type StepBase = {
  readonly id: string;
  /** Where the step stands in the playbook, for messages: `steps[1].parallel.branches.speed.steps[0]`. */
  readonly path: string;
  /** Expression; the step is skipped when it is false. */
  readonly if?: string;
  /** Template of the values that are written into the branch's context when the step has finished. */
  readonly export?: { readonly [key: string]: Json };
  /** What a failure of this step means for its branch; steps run in its place, and their output is the step's. */
  readonly onFailure: OnFailure;
  /** What undoes the step when the workflow fails or is cancelled after it has completed. */
  readonly compensate?: readonly Step[];
};

/** What follows when something has failed: the branch fails, goes on as if nothing had been, or runs these steps first. */
export type OnFailure = 'fail' | 'continue' | readonly Step[];

export type AgentStep = StepBase & {
  readonly kind: 'agent';
  readonly agent: string;
  /** Template of the agent's input. */
  readonly with: Json;
  readonly retry: RetryPolicy;
  /** Milliseconds that one attempt may run, from when a runner starts it. */
  readonly timeout: number;
  /** Milliseconds without a sign of life after which a running attempt has failed. */
  readonly heartbeatTimeout?: number;
  /** Milliseconds that an attempt may wait for a free slot before it fails with `no-slot`. */
  readonly startTimeout?: number;
  /** The most that one attempt uses, by unit. */
  readonly cost?: Amounts;
  /** JSON Schema that the output must match. */
  readonly output?: { readonly [keyword: string]: Json };
};

export type ParallelStep = StepBase & {
  readonly kind: 'parallel';
  readonly maxConcurrency?: number;
  readonly branches: readonly BranchSpec[];
  readonly converge: Convergence;
};

export type BranchSpec = {
  readonly name: string;
  readonly path: string;
  /** Siblings that must have completed before this branch starts. */
  readonly needs: readonly string[];
  /** How many of them; all unless given. */
  readonly require?: Requirement;
  /** Expression; the branch is skipped when it is false. */
  readonly if?: string;
  readonly steps: readonly Step[];
};

export type MapStep = StepBase & {
  readonly kind: 'map';
  /** Template that gives the list. */
  readonly over: Json;
  /** Name under which a branch sees its item. */
  readonly as: string;
  readonly maxConcurrency?: number;
  readonly steps: readonly Step[];
  readonly converge: Convergence;
};

export type SetStep = StepBase & {
  readonly kind: 'set';
  readonly values: { readonly [key: string]: Json };
};

/** Runs the steps of the first case that holds, in the same branch; skipped when none does. */
export type ChooseStep = StepBase & {
  readonly kind: 'choose';
  readonly cases: readonly Case[];
};

export type Case = {
  readonly path: string;
  /** Expression; a case without one always holds. */
  readonly when?: string;
  readonly steps: readonly Step[];
};

export type WaitStep = StepBase & {
  readonly kind: 'wait';
  /** Milliseconds, or a template that gives a duration or a moment as text: `5m`, `2030-01-31T12:00:00Z`. */
  readonly time: number | string;
};

/** Waits for something from outside, whose payload is the step's output. One signal is for one step. */
export type SignalStep = StepBase & {
  readonly kind: 'signal';
  readonly name: string;
  /** JSON Schema that a payload must match; the same for all steps that wait for the name. */
  readonly schema?: { readonly [keyword: string]: Json };
  /** Milliseconds after which the step fails. */
  readonly timeout?: number;
};

/** Runs a published playbook as a workflow of its own, whose output is the step's. */
export type PlaybookStep = StepBase & {
  readonly kind: 'playbook';
  /** `name`, for the version that is published last when the step is reached, or `name@version`. */
  readonly playbook: string;
  /** Template of the variables. */
  readonly with: Json;
  /** Milliseconds after which the child is cancelled and the step fails. */
  readonly timeout?: number;
};

/** Ends with a failure that the playbook itself names. */
export type FailStep = StepBase & {
  readonly kind: 'fail';
  /** Templates. */
  readonly error: { readonly type?: string; readonly message: string; readonly details?: Json };
};

/** One step of a branch. A new kind of step is a new member here. */
export type Step =
  AgentStep | ParallelStep | MapStep | SetStep | ChooseStep | WaitStep | SignalStep | PlaybookStep | FailStep;

/** The steps that open a fork. */
export type ForkStep = ParallelStep | MapStep;

/** Retry policy with Temporal's names; intervals in milliseconds, full jitter. */
export type RetryPolicy = {
  readonly maximumAttempts: number;
  readonly initialInterval: number;
  readonly backoffCoefficient: number;
  readonly maximumInterval: number;
  /** Failure types or codes that are never tried again. */
  readonly nonRetryableErrors: readonly string[];
};

/** A number of branches, or a share of them (`{ percent: 80 }`, rounded up). */
export type Requirement = number | { readonly percent: number };

/** How a fork is decided. A new strategy is a new member here and a file in libs/workflow. */
export type Strategy =
  | { readonly name: 'all-must-complete' }
  | { readonly name: 'all-settled'; readonly require?: Requirement }
  | { readonly name: 'first-success'; readonly schema?: { readonly [keyword: string]: Json } }
  | { readonly name: 'quorum'; readonly require: Requirement }
  | {
      readonly name: 'majority-vote';
      /** Expression over a branch's `output`: the value that the branch votes for. */
      readonly by: string;
      /** Votes of a branch, whole numbers from 1; a branch that is not named has one. */
      readonly weights?: { readonly [branch: string]: number };
      /** More than half of all votes that there could be, or of those cast when every branch has ended. */
      readonly of: 'all' | 'cast';
      /** Which of several values with equally many votes, the most, wins: none, the first in declared order, or a branch's. */
      readonly tieBreak: 'first' | 'fail' | { readonly branch: string };
    }
  | {
      readonly name: 'best-of';
      /** Expression over a branch's `output`: a number, the higher the better. */
      readonly score: string;
    }
  | {
      readonly name: 'reduce';
      /** Template of what the fold starts with. */
      readonly initial: Json;
      /** Template over `accumulator` and `output`: what the fold goes on with after a branch. */
      readonly with: Json;
    }
  | {
      readonly name: 'judge';
      /** How many branches must have completed for the judge to be asked; one unless given. */
      readonly require?: Requirement;
      /** How the judge is asked; `with` sees what the branches that completed have come to as `outputs`. */
      readonly judge: AgentStep;
    };

/** The branch in which the judge of a fork is asked, beside those that it judges. */
export const judgeName = 'judge';

export type Convergence = {
  readonly strategy: Strategy;
  /** What happens to branches that no longer matter. `detach`: what is at work ends on its own, and nobody waits for it. */
  readonly losers: 'cancel' | 'drain' | 'detach';
  /** Milliseconds after the fork opened at which it settles with what is there. */
  readonly deadline?: number;
  /** What an unreachable convergence means for its branch; `fail` leaves it to the step's `onFailure`. */
  readonly onUnmet: OnFailure;
  /** Which value wins when branches export different values for one key. */
  readonly onConflict: 'error' | 'first' | 'last' | { readonly prefer: string };
};
