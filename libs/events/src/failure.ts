import { type Json } from './json';

/**
 * The closed list of what can go wrong with a branch. A code tells what the reader should do next; `type` tells which
 * error the agent itself named.
 *
 * - `agent-error`: the agent ran and reported or threw an error
 * - `timeout`: the attempt ran longer than its `timeout`
 * - `heartbeat-lost`: the attempt fell silent for longer than its `heartbeatTimeout`
 * - `runner-lost`: runners that took the attempt died, each time, before they could report
 * - `rate-limited`, `overloaded`, `no-slot`: lack of capacity; these fall back to sequential execution where asked for
 * - `invalid-output`: the output is not JSON, is too large, or does not match the step's `output` schema
 * - `invalid-input`: the agent refused its input; a retry cannot help
 * - `expression`: an expression of the playbook could not be evaluated
 * - `context-conflict`: two branches exported different values for one key
 * - `convergence-unmet`: a convergence became unreachable
 * - `failed-by-playbook`: a `fail` step ended the branch
 * - `budget`: another attempt could have gone over the workflow's budget, so that it was not dispatched
 * - `child-failed`: the child workflow of a `playbook` step failed or was cancelled
 * - `unknown-playbook`: nothing is published under the name that a `playbook` step gives
 * - `limit`: a configured limit was exceeded; the message names it
 * - `cancelled`: the attempt was stopped on request
 * - `internal`: a bug in Braid
 */
export const failureCodes = [
  'agent-error',
  'timeout',
  'heartbeat-lost',
  'runner-lost',
  'rate-limited',
  'overloaded',
  'no-slot',
  'invalid-output',
  'invalid-input',
  'expression',
  'context-conflict',
  'convergence-unmet',
  'failed-by-playbook',
  'budget',
  'child-failed',
  'unknown-playbook',
  'limit',
  'cancelled',
  'internal',
] as const;

export type FailureCode = (typeof failureCodes)[number];

/** Codes that mean "too much at once": the same work may succeed when it is tried alone. */
export const capacityCodes: ReadonlySet<FailureCode> = new Set<FailureCode>(['rate-limited', 'overloaded', 'no-slot']);

/** Why something failed, on record for ever. `at` is in milliseconds since the epoch. */
export type Failure = {
  /** The name of the error as its author knows it, for example `TypeError` or `HttpError`. Matched by `nonRetryableErrors`. */
  readonly type: string;
  readonly message: string;
  readonly code: FailureCode;
  readonly retryable: boolean;
  readonly stack?: string;
  readonly cause?: Failure;
  readonly details?: Json;
  readonly branch?: string;
  readonly step?: string;
  readonly attempt?: number;
  readonly agent?: string;
  readonly runner?: string;
  readonly at?: number;
  /** The earliest moment of the next try that the agent asked for (`Retry-After`), in milliseconds from now. */
  readonly retryAfter?: number;
};
