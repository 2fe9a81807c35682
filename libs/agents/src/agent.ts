import { type WorkMessage } from '@braid/contracts';
import { type Amounts, type Json } from '@braid/events';

/** What an agent is asked to do. The task token stays with the runner: it proves a report and is nothing for agents. */
export type Work = Omit<WorkMessage, 'token'>;

/** What an agent is given besides the work. */
export type AttemptContext = {
  /** Aborted when the attempt is cancelled or out of time. An agent stops at once and leaves nothing running. */
  readonly signal: AbortSignal;
  /** An empty folder of this attempt alone, removed afterwards. */
  readonly scratchDir: string;
  /** Milliseconds since the epoch at which the attempt is out of time. */
  readonly deadline: number;
  log(line: string): void;
  /** A sign of life. */
  heartbeat(details?: Json): void;
  /** Adds to what this attempt has used, by unit. */
  reportUsage(amounts: Amounts): void;
};

/** A kind of work that a runner can do. A new kind implements this port. */
export interface Agent {
  /** The name by which playbooks ask for it. */
  readonly name: string;
  /** Attempts that run at once over all runners; without it, as many as the runners have slots. */
  readonly concurrency?: number;
  /** False: an attempt that may have run before is reported as lost instead of being run again. */
  readonly idempotent?: boolean;
  /**
   * Does the work and returns a JSON value; the runner checks it with `toJson`. What it throws fails the attempt; an
   * `AgentError` says how.
   */
  run(work: Work, ctx: AttemptContext): Promise<unknown>;
  /** Gives back what the agent holds (connections, threads). */
  close?(): Promise<void>;
}
