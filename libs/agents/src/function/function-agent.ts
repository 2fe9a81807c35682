import { extname, join } from 'node:path';
import { MessageChannel } from 'node:worker_threads';
import { Piscina } from 'piscina';
import { type Amounts, type Json } from '@braid/events';
import { AgentError } from '@braid/sdk';
import { type Agent, type AttemptContext, type Work } from '../agent';
import { isErrorLike, messageOf } from '../error-like';
import { FailureError } from '../to-failure';
import type * as threadExports from './thread';
import {
  type AbortMessage,
  cacheVariable,
  type ListedAgent,
  type ThreadMessage,
  type ThreadResult,
  type ThreadTask,
} from './thread-messages';

/** Where a thread begins: the built file, or for sources the file that can load them. */
const threadFile = join(__dirname, extname(__filename) === '.ts' ? 'thread.source.cjs' : 'thread.js');

/** Memory of one thread beyond which it is ended, in MiB of JavaScript heap. Buffers are not counted. */
const heapMiB = 512;
/** How long an agent may tidy up after it was told to stop, before its thread is ended. */
const graceMs = 500;

/** Threads for agent code, each with its own heap. They see the runner's environment without Braid's own settings. */
export function threadPool(options: {
  /** The function of the thread that the pool calls. */
  readonly name: keyof typeof threadExports;
  readonly maxThreads: number;
  readonly cacheDir: string;
  readonly onError: (error: unknown) => void;
}): Piscina {
  const pool = new Piscina({
    filename: threadFile,
    name: options.name,
    minThreads: 0,
    maxThreads: options.maxThreads,
    idleTimeout: 60_000,
    atomics: 'disabled',
    recordTiming: false,
    execArgv: [],
    env: { ...agentEnvironment(process.env), [cacheVariable]: options.cacheDir },
    resourceLimits: { maxOldGenerationSizeMb: heapMiB, stackSizeMb: 4 },
  });
  // An error that belongs to no attempt: a thread ended while it was idle. Unheard, it would end the runner.
  pool.on('error', options.onError);
  return pool;
}

/** Credentials of the runner are no business of its agents; secrets reach them as part of their input only. */
function agentEnvironment(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const own = (name: string) => name.startsWith('BRAID_') || name === 'DATABASE_URL' || name === 'NATS_URL';
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !own(name)));
}

export type FunctionAgentOptions = {
  readonly file: string;
  /** Most threads at once. */
  readonly slots: number;
  readonly maxOutputBytes: number;
  /** Where compiled agent files are kept: a thread that finds its file there starts ten times as fast. */
  readonly cacheDir: string;
  readonly onError: (error: unknown) => void;
};

/** An agent written with `defineAgent`, run in threads of its own: whatever it does there stays there. */
export function functionAgent(listed: ListedAgent, options: FunctionAgentOptions): Agent {
  const slots = Math.min(options.slots, listed.concurrency ?? options.slots);
  const pool = threadPool({ ...options, name: 'runAgent', maxThreads: slots });
  return {
    name: listed.name,
    ...(listed.concurrency === undefined ? {} : { concurrency: listed.concurrency }),
    ...(listed.idempotent === undefined ? {} : { idempotent: listed.idempotent }),
    run: (work, ctx) => runInThread(pool, listed, options, work, ctx),
    close: () => pool.destroy(),
  };
}

async function runInThread(
  pool: Piscina,
  listed: ListedAgent,
  options: FunctionAgentOptions,
  work: Work,
  ctx: AttemptContext,
): Promise<Json> {
  ctx.signal.throwIfAborted();
  const { port1, port2 } = new MessageChannel();
  const thread = new AbortController();
  let grace: NodeJS.Timeout | undefined;
  let usage: Amounts | undefined;
  const onAbort = () => {
    const reason: unknown = ctx.signal.reason;
    const name = isErrorLike(reason) ? String(reason.name) : 'AbortError';
    port1.postMessage({ type: 'abort', name, message: messageOf(reason) } satisfies AbortMessage);
    grace = setTimeout(() => thread.abort(), graceMs);
  };
  ctx.signal.addEventListener('abort', onAbort, { once: true });
  port1.on('message', (message: ThreadMessage) => {
    switch (message.type) {
      case 'log':
        return ctx.log(message.line);
      case 'heartbeat':
        return ctx.heartbeat(message.details);
      case 'usage':
        usage = message.amounts;
        return;
    }
  });
  const task: ThreadTask = {
    file: options.file,
    exportName: listed.exportName,
    work,
    scratchDir: ctx.scratchDir,
    deadline: ctx.deadline,
    maxOutputBytes: options.maxOutputBytes,
    port: port2,
  };
  try {
    const result = (await pool.run(task, { transferList: [port2], signal: thread.signal })) as ThreadResult;
    usage = result.usage;
    if (!result.ok) throw new FailureError(result.failure);
    return JSON.parse(result.json) as Json;
  } catch (error) {
    if (error instanceof FailureError) throw error;
    ctx.signal.throwIfAborted();
    throw threadFailure(listed.name, error);
  } finally {
    clearTimeout(grace);
    ctx.signal.removeEventListener('abort', onAbort);
    port1.close();
    if (usage !== undefined) ctx.reportUsage(usage);
  }
}

/** The thread ended before the agent did. */
function threadFailure(agent: string, cause: unknown): AgentError {
  if (isErrorLike(cause) && cause.code === 'ERR_WORKER_OUT_OF_MEMORY') {
    const message = `agent "${agent}" used more than ${heapMiB} MiB of memory and was ended`;
    return new AgentError(message, { type: 'OutOfMemory', code: 'limit', cause });
  }
  return new AgentError(`the thread of agent "${agent}" ended: ${messageOf(cause)}`, { type: 'ThreadEnded', cause });
}
