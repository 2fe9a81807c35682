import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { CliError } from '../cli-error';
import { exitCodes } from '../exit-codes';
import { closeLog, logTail, openLog } from './log-file';

export type ServiceOptions = {
  /** Name among its replicas, also that of its log. */
  readonly name: string;
  /** Its program, and the mark by which it is found when it was left behind. */
  readonly main: string;
  readonly mark: string;
  /** The environment of one launch, and the port on which that launch says whether it is ready. */
  readonly launch: () => Promise<{ readonly environment: NodeJS.ProcessEnv; readonly healthAddress: string }>;
  readonly logFile: string;
  readonly report: (line: string) => void;
};

/** A service in a process of its own. It is started again when it dies, until it is stopped. */
export type Service = {
  readonly name: string;
  /** Asks it to stop and waits; after `graceMs` it is killed. */
  stop(graceMs: number): Promise<void>;
  /** Ends it at once. */
  kill(): void;
};

const readyWithinMs = 90_000;
const pollMs = 100;
const firstPauseMs = 500;
const longestPauseMs = 15_000;
/** A service that ran this long has recovered: its next death is a first one again. */
const recoveredMs = 60_000;
const leash = join(__dirname, 'leash.js');

/**
 * Starts a service and waits until it is ready.
 * @throws CliError with the end of its log when it ends before, or takes too long; the signal's reason when aborted.
 */
export async function startService(options: ServiceOptions, signal: AbortSignal): Promise<Service> {
  const supervision = new Supervision(options);
  try {
    await supervision.startFirst(signal);
  } catch (error) {
    await supervision.stop(0);
    throw error;
  }
  return supervision;
}

class Supervision implements Service {
  private child: ChildProcess | undefined;
  private readonly stopping = new AbortController();
  private restarts: Promise<void> = Promise.resolve();

  constructor(private readonly options: ServiceOptions) {}

  get name(): string {
    return this.options.name;
  }

  async startFirst(signal: AbortSignal): Promise<void> {
    const { child, address } = await this.launch();
    const until = performance.now() + readyWithinMs;
    while (!(await isReady(address))) {
      signal.throwIfAborted();
      if (hasEnded(child)) throw this.failure(`ended while it started (${ending(child)})`);
      if (performance.now() > until) throw this.failure(`was not ready within ${readyWithinMs / 1_000} s`);
      await sleep(pollMs);
    }
    this.restarts = this.keepAlive(child, performance.now());
  }

  async stop(graceMs: number): Promise<void> {
    this.stopping.abort();
    await this.restarts;
    const { child } = this;
    if (child === undefined || hasEnded(child)) return;
    const exited = once(child, 'exit');
    child.kill(graceMs > 0 ? 'SIGTERM' : 'SIGKILL');
    const timer = setTimeout(() => {
      this.options.report(`${this.name} did not stop within ${Math.round(graceMs / 1_000)} s and was killed`);
      child.kill('SIGKILL');
    }, graceMs);
    await exited;
    clearTimeout(timer);
  }

  kill(): void {
    this.stopping.abort();
    this.child?.kill('SIGKILL');
  }

  /** Waits for each death and starts the service again, with growing pauses, until it is to stop. */
  private async keepAlive(first: ChildProcess, firstStart: number): Promise<void> {
    const { signal } = this.stopping;
    let child = first;
    let started = firstStart;
    let pauseMs = firstPauseMs;
    while (!signal.aborted) {
      if (!hasEnded(child)) await once(child, 'exit', { signal }).catch(() => undefined);
      if (signal.aborted) return;
      if (performance.now() - started > recoveredMs) pauseMs = firstPauseMs;
      this.options.report(`${this.name} ended (${ending(child)}); it is started again in ${pauseMs / 1_000} s`);
      await sleep(pauseMs, undefined, { signal }).catch(() => undefined);
      if (signal.aborted) return;
      pauseMs = Math.min(pauseMs * 2, longestPauseMs);
      started = performance.now();
      ({ child } = await this.launch());
    }
  }

  private async launch(): Promise<{ readonly child: ChildProcess; readonly address: string }> {
    const { main, mark, logFile } = this.options;
    const { environment, healthAddress } = await this.options.launch();
    const log = openLog(logFile);
    try {
      // A session of its own: Ctrl-C in the terminal reaches us alone, and we stop the services in their order.
      this.child = spawn(process.execPath, ['--require', leash, main, mark], {
        env: environment,
        detached: true,
        stdio: ['ignore', log, log, 'ipc'],
      });
      await once(this.child, 'spawn');
    } finally {
      closeLog(log);
    }
    return { child: this.child, address: healthAddress };
  }

  private failure(what: string): CliError {
    const { logFile } = this.options;
    return new CliError(
      `${this.name} ${what}; its log ${logFile} ends with:\n${logTail(logFile, 15)}`,
      exitCodes.failed,
    );
  }
}

const hasEnded = (child: ChildProcess) => child.exitCode !== null || child.signalCode !== null;
const ending = (child: ChildProcess) => child.signalCode ?? `exit code ${child.exitCode}`;

async function isReady(address: string): Promise<boolean> {
  try {
    const response = await fetch(`${address}/health/ready`, { signal: AbortSignal.timeout(3_000) });
    await response.arrayBuffer();
    return response.ok;
  } catch {
    return false;
  }
}
