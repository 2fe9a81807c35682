import { type ChildProcess, spawn } from 'node:child_process';
import { close, open, rename, stat } from 'node:fs';
import { once } from 'node:events';
import { promisify } from 'node:util';
import { EmbeddedError, errno, reason } from './errors';

const LOG_LIMIT = 10 * 1024 * 1024;

export type DaemonOptions = {
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  /** The user to run as; only root may name one. */
  readonly user?: { readonly uid: number; readonly gid: number } | undefined;
  /** Gets standard output and error; set aside as `<logFile>.1` at a start when it is over 10 MiB. */
  readonly logFile: string;
  /** Tried in turn by `stop`, gentlest first. The first is also sent when this process dies. */
  readonly stopSignals: readonly ['SIGINT' | 'SIGTERM', ...NodeJS.Signals[]];
};

export type Daemon = {
  readonly pid: number;
  /** Where this run's output begins in the log file, in bytes. */
  readonly logOffset: number;
  /** `undefined` while it runs, else how it ended, e.g. "exit code 1". */
  ended(): string | undefined;
  /** Stops it and waits; the next signal follows after `graceMs`, SIGKILL to its whole group at last. */
  stop(graceMs?: number): Promise<void>;
  /** SIGKILL, and waits until it is gone. */
  kill(): Promise<void>;
};

/**
 * Runs a server in its own session, so that a Ctrl-C in the terminal reaches us and not it. It does not keep this process
 * alive, and it does not outlive it either: a guard process holds a pipe from us and stops the server when the pipe breaks,
 * however we ended, SIGKILL included.
 */
export async function startDaemon(options: DaemonOptions): Promise<Daemon> {
  const log = await openLog(options.logFile);
  const child = spawn(options.command, options.args, {
    cwd: options.cwd,
    env: options.env,
    ...options.user,
    detached: true,
    stdio: ['ignore', log.fd, log.fd],
  });
  // Heard from the first moment on: a server may be gone before anything else has been done.
  let ended: string | undefined;
  const exited = new Promise<void>((resolve) => {
    child.once('exit', (code, signal) => {
      ended = signal === null ? `exit code ${code}` : `signal ${signal}`;
      resolve();
    });
  });
  try {
    await once(child, 'spawn');
  } catch (error) {
    throw new EmbeddedError('embedded.start_failed', `${options.command} cannot be run: ${reason(error)}`);
  } finally {
    await promisify(close)(log.fd);
  }
  const pid = child.pid;
  if (pid === undefined) throw new EmbeddedError('embedded.start_failed', `${options.command} has no process id`);
  const guard = startGuard(pid, options.stopSignals[0]);
  void exited.then(() => guard.kill('SIGKILL'));
  child.unref();

  const endedWithin = async (ms: number): Promise<boolean> => {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<boolean>((resolve) => (timer = setTimeout(() => resolve(false), ms)));
    const done = await Promise.race([exited.then(() => true), late]);
    clearTimeout(timer);
    return done;
  };
  const kill = async (): Promise<void> => {
    child.ref();
    if (ended === undefined) child.kill('SIGKILL');
    await exited;
  };
  return {
    pid,
    logOffset: log.size,
    ended: () => ended,
    kill,
    async stop(graceMs = 20_000) {
      for (const signal of options.stopSignals) {
        if (ended !== undefined) return;
        child.kill(signal);
        if (await endedWithin(graceMs)) return;
      }
      if (ended === undefined) process.kill(-pid, 'SIGKILL');
      await kill();
    },
  };
}

/** `read` fails when the other end of its pipe is gone, which the kernel sees to whatever became of us. */
const GUARD = 'trap "" HUP INT TERM; while read -r _; do :; done; kill -s "$1" "$2" 2>/dev/null';

function startGuard(pid: number, signal: 'SIGINT' | 'SIGTERM'): ChildProcess {
  const guard = spawn('/bin/sh', ['-c', GUARD, 'braid-guard', signal.slice('SIG'.length), String(pid)], {
    cwd: '/',
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  guard.once('error', () => undefined);
  guard.stdin.once('error', () => undefined);
  guard.unref();
  // The pipe is a socket handle, which would keep the event loop alive by itself.
  if ('unref' in guard.stdin && typeof guard.stdin.unref === 'function') guard.stdin.unref();
  return guard;
}

async function openLog(path: string): Promise<{ readonly fd: number; readonly size: number }> {
  const size = await promisify(stat)(path).then(
    (found) => found.size,
    (error: unknown) => {
      if (errno(error) === 'ENOENT') return 0;
      throw error;
    },
  );
  if (size > LOG_LIMIT) await promisify(rename)(path, `${path}.1`);
  return { fd: await promisify(open)(path, 'a', 0o600), size: size > LOG_LIMIT ? 0 : size };
}
