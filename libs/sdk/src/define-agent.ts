import { type Amounts, type Json, type JsonObject } from '@braid/events';

/** What an agent may know and do about the attempt that it runs. */
export type AgentContext = {
  /** Aborted when the attempt is cancelled or out of time; the agent's thread is ended soon after. */
  readonly signal: AbortSignal;
  /** 1 for the first try of the step. */
  readonly attempt: number;
  /** The same for every attempt of this step: what makes an outside effect happen once. */
  readonly idempotencyKey: string;
  readonly workflow: string;
  readonly branch: string;
  readonly step: string;
  /** The branch's context: a copy, changes stay in this attempt. */
  readonly context: JsonObject;
  /** An empty folder of this attempt alone, removed afterwards. */
  readonly scratchDir: string;
  /** Milliseconds since the epoch at which the attempt is out of time. */
  readonly deadline: number;
  /** Writes a line to the log of this attempt. */
  log(line: string): void;
  /** A sign of life, with anything that tells how far the agent is. */
  heartbeat(details?: Json): void;
  /**
   * Adds to what this attempt has used, by unit: `ctx.reportUsage({ tokens: 1200, usd: 0.004 })`. It counts whether the attempt
   * completes or fails, against the budget of the workflow too.
   * @throws TypeError for an amount that is no number from zero on.
   */
  reportUsage(amounts: Amounts): void;
};

export type AgentOptions<Input, Output> = {
  /** The name by which playbooks ask for the agent, for example `text.count-words`. */
  readonly name: string;
  readonly description?: string;
  /** JSON Schema of the input; an input that does not match fails the step as `invalid-input`, without a retry. */
  readonly inputSchema?: JsonObject;
  /** JSON Schema of the output; an output that does not match fails the attempt as `invalid-output`. */
  readonly outputSchema?: JsonObject;
  /** Attempts that run at once over all runners; without it, as many as the runners have slots. */
  readonly concurrency?: number;
  /**
   * Whether an attempt may be run again when its runner died in the middle; true unless said otherwise. With false, work that
   * was delivered before is reported as lost (`runner-lost`) instead, and errors are final unless they say `retryable: true`.
   */
  readonly idempotent?: boolean;
  /** Does the work. What it returns must be JSON; what it throws fails the attempt, see {@link AgentError}. */
  run(input: Input, ctx: AgentContext): Output | Promise<Output>;
};

const brand = Symbol.for('braid.agent');

/** An agent as {@link defineAgent} made it. */
export type AgentDefinition<Input = never, Output = unknown> = AgentOptions<Input, Output> & {
  readonly [brand]: true;
};

const namePattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;

/**
 * Makes an agent that a runner can serve. Put it into a file of the runner's agents folder as a default or named export.
 * @throws TypeError when the name or the concurrency cannot be used.
 */
export function defineAgent<Input = JsonObject, Output = Json>(
  options: AgentOptions<Input, Output>,
): AgentDefinition<Input, Output> {
  if (!namePattern.test(options.name)) {
    throw new TypeError(
      `"${options.name}" is not an agent name: use letters, digits, ".", "_" and "-", starting with a letter or digit, at most 128`,
    );
  }
  if (typeof options.run !== 'function') throw new TypeError(`agent "${options.name}" needs a function "run"`);
  const { concurrency } = options;
  if (concurrency !== undefined && (!Number.isInteger(concurrency) || concurrency < 1)) {
    throw new TypeError(`concurrency of agent "${options.name}" is ${concurrency}; it must be a whole number from 1`);
  }
  return Object.freeze({ ...options, run: options.run.bind(options), [brand]: true as const });
}

/** Whether a value came from {@link defineAgent}, also when that was another copy of this library. */
export function isAgentDefinition(value: unknown): value is AgentDefinition {
  return typeof value === 'object' && value !== null && brand in value;
}
