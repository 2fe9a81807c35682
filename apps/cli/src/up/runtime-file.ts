import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** What a running `braid up` tells other commands about itself. It holds passwords, so only its user may read it. */
export type Runtime = {
  readonly pid: number;
  /** Address of the gateway. */
  readonly url: string;
  readonly databaseUrl: string;
  readonly natsUrl: string;
};

const fileIn = (dataDir: string) => join(dataDir, 'up.json');

export async function writeRuntime(dataDir: string, runtime: Runtime): Promise<void> {
  const draft = `${fileIn(dataDir)}.draft`;
  await rm(draft, { force: true });
  await writeFile(draft, `${JSON.stringify(runtime, null, 2)}\n`, { mode: 0o600, flag: 'wx' });
  await rename(draft, fileIn(dataDir));
}

export async function removeRuntime(dataDir: string): Promise<void> {
  await rm(fileIn(dataDir), { force: true });
}

/** The runtime of the `braid up` that uses this data folder now; undefined when none does, or it is not ours to read. */
export async function readRuntime(dataDir: string): Promise<Runtime | undefined> {
  const text = await readFile(fileIn(dataDir), 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  const runtime = parse(text);
  return runtime !== undefined && isAlive(runtime.pid) ? runtime : undefined;
}

function parse(text: string): Runtime | undefined {
  try {
    const value: unknown = JSON.parse(text);
    const names = ['url', 'databaseUrl', 'natsUrl'];
    const shaped =
      typeof value === 'object' &&
      value !== null &&
      'pid' in value &&
      typeof value.pid === 'number' &&
      names.every((name) => typeof Reflect.get(value, name) === 'string');
    return shaped ? (value as Runtime) : undefined;
  } catch {
    return undefined;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
