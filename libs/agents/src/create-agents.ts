import { type Agent } from './agent';
import { echo } from './builtin/echo';
import { fail } from './builtin/fail';
import { flaky } from './builtin/flaky';
import { sleep } from './builtin/sleep';
import { commandAgent } from './command/command-agent';
import { loadFunctionAgents, type LoadProblem } from './function/load-function-agents';
import { httpAgent } from './http/http-agent';

export type AgentsOptions = {
  /** Agents to serve; empty: all that there are. */
  readonly only: readonly string[];
  /** Folder of function agents; empty: none. */
  readonly dir: string;
  /** Attempts at once, per agent. */
  readonly slots: number;
  readonly maxOutputBytes: number;
  readonly httpAllow: readonly string[];
  readonly commandAllow: readonly string[];
  /** A folder of this process alone, for compiled agent files. */
  readonly cacheDir: string;
  /** PATH and LANG for commands. */
  readonly environment: { readonly [name: string]: string | undefined };
  /** Hears about threads that ended outside an attempt. */
  readonly onError: (error: unknown) => void;
};

export type Agents = { readonly agents: readonly Agent[]; readonly problems: readonly LoadProblem[] };

/**
 * Every agent that this runner serves, with what could not be loaded.
 * @throws TypeError when `only` names an agent that does not exist, or when a list of allowed addresses cannot be read.
 */
export async function createAgents(options: AgentsOptions): Promise<Agents> {
  const { maxOutputBytes } = options;
  const builtIn: readonly Agent[] = [
    echo,
    sleep,
    fail,
    flaky,
    httpAgent({ allow: options.httpAllow, maxBytes: maxOutputBytes }),
    commandAgent({
      allow: options.commandAllow,
      maxBytes: maxOutputBytes,
      path: options.environment['PATH'] ?? '/usr/local/bin:/usr/bin:/bin',
      lang: options.environment['LANG'] ?? 'C.UTF-8',
    }),
  ];
  const taken = new Set(builtIn.map(({ name }) => name));
  const functions = options.dir === '' ? { agents: [], problems: [] } : await loadFunctionAgents({ ...options, taken });
  return { agents: select([...builtIn, ...functions.agents], options.only), problems: functions.problems };
}

function select(agents: readonly Agent[], only: readonly string[]): readonly Agent[] {
  if (only.length === 0) return agents;
  const names = agents.map(({ name }) => name);
  const unknown = only.filter((name) => !names.includes(name));
  if (unknown.length > 0) {
    throw new TypeError(`BRAID_AGENTS names ${unknown.join(', ')}, but there are only ${names.join(', ')}`);
  }
  return agents.filter(({ name }) => only.includes(name));
}
