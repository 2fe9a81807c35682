import { type FailureCode, type Json } from '@braid/events';

export type AgentErrorOptions = {
  /** The name under which retry policies know the error; without it, the name of the class. */
  readonly type?: string;
  /** What the reader should do next; `agent-error` unless said otherwise. */
  readonly code?: FailureCode;
  /** Whether another try can help; true unless said otherwise. */
  readonly retryable?: boolean;
  /** Anything that helps to understand the failure; kept on record. */
  readonly details?: Json;
  /** Milliseconds to wait at least before the next try. */
  readonly retryAfter?: number;
  readonly cause?: unknown;
};

const brand = Symbol.for('braid.agent-error');

/** An error whose author says how to go on. Any other error that an agent throws is a retryable `agent-error`. */
export class AgentError extends Error {
  readonly [brand] = true;
  readonly type: string;
  readonly code: FailureCode;
  /** Absent when its author left it open: then the agent's `idempotent` decides. */
  readonly retryable?: boolean;
  readonly details?: Json;
  readonly retryAfter?: number;

  constructor(message: string, options: AgentErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.type = options.type ?? new.target.name;
    this.name = this.type;
    this.code = options.code ?? 'agent-error';
    if (options.retryable !== undefined) this.retryable = options.retryable;
    if (options.details !== undefined) this.details = options.details;
    if (options.retryAfter !== undefined) this.retryAfter = options.retryAfter;
  }
}

/** An error that no retry can help. */
export class NonRetryableError extends AgentError {
  constructor(message: string, options: Omit<AgentErrorOptions, 'retryable'> = {}) {
    super(message, { ...options, retryable: false });
  }
}

/** Whether a value is an {@link AgentError}, also when that was made by another copy of this library. */
export function isAgentError(value: unknown): value is AgentError {
  return value instanceof Error && brand in value;
}
