import { type MessagePort } from 'node:worker_threads';
import { type Amounts, type Failure, type Json } from '@braid/events';
import { type Work } from '../agent';

/** One attempt, as it is handed to a thread. */
export type ThreadTask = {
  readonly file: string;
  /** The export of the file that holds the agent. */
  readonly exportName: string;
  readonly work: Work;
  readonly scratchDir: string;
  readonly deadline: number;
  readonly maxOutputBytes: number;
  readonly port: MessagePort;
};

/** The output travels as JSON text: a thread cannot hand over anything else that way. */
export type ThreadResult = (
  { readonly ok: true; readonly json: string } | { readonly ok: false; readonly failure: Failure }
) & { readonly usage?: Amounts };

/** What a thread says while it works. */
export type ThreadMessage =
  | { readonly type: 'log'; readonly line: string }
  | { readonly type: 'heartbeat'; readonly details?: Json }
  /** What has been used in all so far: the result says it again, unless the thread is ended before. */
  | { readonly type: 'usage'; readonly amounts: Amounts };

/** What a thread is told while it works: stop, and why. */
export type AbortMessage = { readonly type: 'abort'; readonly name: string; readonly message: string };

/** An agent that a file holds. */
export type ListedAgent = {
  readonly exportName: string;
  readonly name: string;
  readonly description?: string;
  readonly concurrency?: number;
  readonly idempotent?: boolean;
};

export type ListResult =
  { readonly ok: true; readonly agents: readonly ListedAgent[] } | { readonly ok: false; readonly failure: Failure };

/** The environment variable of a thread that names the folder of compiled agent files. */
export const cacheVariable = 'AGENT_CODE_CACHE';
