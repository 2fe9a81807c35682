import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { errno } from './errors';

const run = promisify(execFile);
const linux = process.platform === 'linux';

/** One running process; `command` is its argument list, joined with blanks. */
export type RunningProcess = { readonly pid: number; readonly command: string };

/** The fields of a Linux `stat` line that follow the command name, which may itself hold blanks and brackets. */
export const statFields = (stat: string): readonly string[] => stat.slice(stat.lastIndexOf(')') + 2).split(' ');

/**
 * When a process was started, as an opaque text that is equal only for the same process: a pid alone is reused. `undefined`
 * when there is no such process or it is a zombie, which holds nothing any more.
 */
export async function startedAt(pid: number): Promise<string | undefined> {
  if (!linux) {
    const { stdout } = await run('ps', ['-o', 'stat=,lstart=', '-p', String(pid)]).catch(() => ({ stdout: '' }));
    const [state = '', ...when] = stdout.trim().split(/\s+/);
    return state === '' || state.startsWith('Z') ? undefined : when.join(' ');
  }
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  if (stat === undefined) return undefined;
  const fields = statFields(stat);
  return fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19];
}

/** Every process whose command line satisfies the test. Command lines are readable across users, working directories are not. */
export async function processesLike(test: (command: string) => boolean): Promise<readonly RunningProcess[]> {
  const all = linux ? await fromProc() : await fromPs();
  return all.filter(({ pid, command }) => pid !== process.pid && test(command));
}

async function fromProc(): Promise<readonly RunningProcess[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  return Promise.all(pids.map(fromProcOf));
}

async function fromProcOf(pid: number): Promise<RunningProcess> {
  const raw = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  return { pid, command: raw.replaceAll('\0', ' ').trim() };
}

async function fromPs(): Promise<readonly RunningProcess[]> {
  const { stdout } = await run('ps', ['-axww', '-o', 'pid=,command='], { maxBuffer: 64 * 1024 * 1024 });
  return stdout.split('\n').flatMap((line) => {
    const [, pid, command] = /^\s*(\d+)\s+(.*)$/.exec(line) ?? [];
    return pid === undefined || command === undefined ? [] : [{ pid: Number(pid), command }];
  });
}

/** The command line of a process; empty when it is gone, a zombie, or not for us to see. */
export async function commandOf(pid: number): Promise<string> {
  const all = linux ? [await fromProcOf(pid)] : await fromPs();
  return all.find((one) => one.pid === pid)?.command ?? '';
}

/** Whether the number is taken, zombies included. */
export function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return errno(error) !== 'ESRCH';
  }
}

/** Sends a signal; a process that is already gone is not an error. */
export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if (errno(error) !== 'ESRCH') throw error;
  }
}

/**
 * Ends what a killed run left behind: sends each signal in turn to the processes that `find` still returns, waiting after
 * each up to `graceMs`, and finishes with SIGKILL. Returns the pids that were found at first.
 */
export async function endProcesses(
  find: () => Promise<readonly RunningProcess[]>,
  signals: readonly NodeJS.Signals[],
  graceMs: number,
): Promise<readonly number[]> {
  const first = await find();
  let left = first;
  for (const name of [...signals, 'SIGKILL' as const]) {
    if (left.length === 0) break;
    for (const { pid } of left) signal(pid, name);
    for (const until = Date.now() + graceMs; left.length > 0 && Date.now() < until; left = await find())
      await sleep(25);
  }
  return first.map(({ pid }) => pid);
}
