import { readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { type Agent } from '../agent';
import { messageOf } from '../error-like';
import { functionAgent, threadPool } from './function-agent';
import { type ListResult } from './thread-messages';

export type LoadProblem = { readonly file: string; readonly message: string; readonly stack?: string };

export type FunctionAgents = { readonly agents: readonly Agent[]; readonly problems: readonly LoadProblem[] };

export type FunctionAgentsOptions = {
  readonly dir: string;
  /** Most threads at once, per agent. */
  readonly slots: number;
  readonly maxOutputBytes: number;
  /** A folder of this process alone, for compiled files. */
  readonly cacheDir: string;
  /** Names that are taken already. */
  readonly taken: ReadonlySet<string>;
  readonly onError: (error: unknown) => void;
  /** Milliseconds that a file may take to load. */
  readonly loadTimeoutMs?: number;
};

const agentFile = /^[^._].*\.(ts|mts|js|mjs)$/;
const noAgentFile = /\.(d|spec|test|int-spec|e2e-spec)\.m?[tj]s$/;

/**
 * Loads every agent file of a folder (not of its subfolders; names that begin with `.` or `_` are left out). A file that
 * cannot be loaded is a problem of its own and keeps no other from being served.
 * @throws the error of the file system when the folder cannot be read.
 */
export async function loadFunctionAgents(options: FunctionAgentsOptions): Promise<FunctionAgents> {
  const dir = resolve(options.dir);
  const names = (await readdir(dir)).filter((name) => agentFile.test(name) && !noAgentFile.test(name)).sort();
  const pool = threadPool({ ...options, name: 'listAgents', maxThreads: 2 });
  const timeoutMs = options.loadTimeoutMs ?? 20_000;
  try {
    const results = await Promise.all(
      names.map(async (name) => {
        const file = join(dir, name);
        const stop = new AbortController();
        const result = await listOne(() => pool.run({ file }, { signal: stop.signal }), stop, timeoutMs);
        return { file, result };
      }),
    );
    return collect(results, options);
  } finally {
    await pool.destroy();
  }
}

type Listed = ListResult | { readonly ok: false; readonly message: string };

async function listOne(list: () => Promise<unknown>, stop: AbortController, timeoutMs: number): Promise<Listed> {
  const timer = setTimeout(() => stop.abort(), timeoutMs);
  try {
    return (await list()) as ListResult;
  } catch (error) {
    const message = stop.signal.aborted
      ? `it did not finish loading within ${timeoutMs} ms`
      : `loading it ended the thread: ${messageOf(error)}`;
    return { ok: false, message };
  } finally {
    clearTimeout(timer);
  }
}

function collect(
  results: readonly { readonly file: string; readonly result: Listed }[],
  options: FunctionAgentsOptions,
): FunctionAgents {
  const agents = new Map<string, Agent>();
  const problems: LoadProblem[] = [];
  for (const { file, result } of results) {
    if (!result.ok) {
      problems.push({ file, ...('failure' in result ? described(result.failure) : { message: result.message }) });
      continue;
    }
    if (result.agents.length === 0) {
      const message = 'it exports no agent made by defineAgent; let the names of helper files begin with "_"';
      problems.push({ file, message });
    }
    for (const listed of result.agents) {
      if (agents.has(listed.name) || options.taken.has(listed.name)) {
        problems.push({ file, message: `an agent named "${listed.name}" exists already; choose another name` });
        continue;
      }
      agents.set(listed.name, functionAgent(listed, { ...options, file }));
    }
  }
  return { agents: [...agents.values()], problems };
}

function described(failure: { readonly type: string; readonly message: string; readonly stack?: string }) {
  const { type, message, stack } = failure;
  return { message: `${type}: ${message}`, ...(stack === undefined ? {} : { stack }) };
}
