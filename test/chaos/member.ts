import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

export type App = 'gateway' | 'orchestrator' | 'agent-runner';

export type MemberOptions = {
  readonly app: App;
  readonly name: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly cwd: string;
  /** Where it serves HTTP: the API of a gateway, health and metrics of the others. */
  readonly port: number;
  readonly logFile: string;
};

const dist = resolve(__dirname, '../../dist/apps');
/** Ends a service whose rig is gone, however that ended. */
const leash = resolve(dist, 'cli/src/up/leash.js');
const restartMs = 300;

/** One service of the rig. It is brought back whenever it ends, as a supervisor does in production. */
export class Member {
  /** Ends that nobody here caused, as exit codes or signals. */
  readonly ownEnds: string[] = [];
  lives = 0;
  /** When the present life began, by `performance.now()`. */
  bornAt = 0;
  private child: ChildProcess | undefined;
  private expected = false;
  private downUntil = 0;
  private frozen = 0;
  private leaving = false;
  private living: Promise<void> = Promise.resolve();

  constructor(private readonly options: MemberOptions) {}

  get name(): string {
    return this.options.name;
  }

  get app(): App {
    return this.options.app;
  }

  get address(): string {
    return `http://127.0.0.1:${this.options.port}`;
  }

  get log(): string {
    return readFileSync(this.options.logFile, 'utf8');
  }

  begin(): void {
    this.living = this.live();
  }

  async isReady(): Promise<boolean> {
    try {
      const answer = await fetch(`${this.address}/health/ready`, { signal: AbortSignal.timeout(2_000) });
      await answer.arrayBuffer();
      return answer.ok;
    } catch {
      return false;
    }
  }

  /** Whether it runs and is not frozen. */
  get isUp(): boolean {
    return this.isAlive && this.frozen === 0;
  }

  /** What it counts, as it says itself; undefined when it does not answer soon. */
  async metrics(): Promise<string | undefined> {
    if (!this.isUp) return undefined;
    try {
      const answer = await fetch(`${this.address}/metrics`, { signal: AbortSignal.timeout(1_000) });
      return await answer.text();
    } catch {
      return undefined;
    }
  }

  /** `kill -9`; it comes back after `downMs`. False when there was nothing to kill. */
  kill(downMs: number): boolean {
    if (!this.signal('SIGKILL')) return false;
    this.expected = true;
    this.downUntil = performance.now() + downMs;
    return true;
  }

  /**
   * Stops the process where it stands for a while: it comes back as a zombie, with all that it believed. False when it did
   * not, because it was killed meanwhile.
   */
  async freeze(ms: number): Promise<boolean> {
    const { child } = this;
    if (child === undefined || !this.signal('SIGSTOP')) return false;
    this.frozen += 1;
    await sleep(ms);
    this.frozen -= 1;
    if (child !== this.child || !this.isAlive) return false;
    if (this.frozen === 0) child.kill('SIGCONT');
    return true;
  }

  /** SIGTERM, and waits for the end. Answers how it ended when that was not in order. */
  async leave(): Promise<string | undefined> {
    this.leaving = true;
    this.expected = true;
    this.signal('SIGTERM');
    const timer = setTimeout(() => this.signal('SIGKILL'), 30_000);
    await this.living;
    clearTimeout(timer);
    const { child } = this;
    return child === undefined || child.exitCode === 0
      ? undefined
      : `${this.name} ended with ${child.exitCode ?? child.signalCode}`;
  }

  /** Resident memory in MiB; undefined where it cannot be known. */
  memory(): number | undefined {
    try {
      const status = readFileSync(`/proc/${this.child?.pid}/status`, 'utf8');
      return Math.round(Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) / 1_024);
    } catch {
      return undefined;
    }
  }

  private get isAlive(): boolean {
    const { child } = this;
    return child !== undefined && child.exitCode === null && child.signalCode === null;
  }

  private signal(signal: NodeJS.Signals): boolean {
    return this.isAlive && this.child?.kill(signal) === true;
  }

  private async live(): Promise<void> {
    const { app, cwd, environment, logFile, port } = this.options;
    const portName = app === 'gateway' ? 'BRAID_HTTP_PORT' : 'BRAID_HEALTH_PORT';
    while (!this.leaving) {
      const log = openSync(logFile, 'a');
      this.expected = false;
      this.lives += 1;
      this.bornAt = performance.now();
      this.child = spawn(process.execPath, ['--require', leash, resolve(dist, app, 'src/main.js')], {
        cwd,
        env: { BRAID_GRPC_PORT: '0', ...environment, [portName]: String(port), BRAID_INSTANCE: this.name },
        stdio: ['ignore', log, log, 'ipc'],
      });
      closeSync(log);
      const [code, signal] = (await once(this.child, 'exit')) as [number | null, NodeJS.Signals | null];
      if (!this.expected) this.ownEnds.push(String(code ?? signal));
      while (!this.leaving && performance.now() < this.downUntil + restartMs) await sleep(50);
      if (!this.expected) await sleep(restartMs);
    }
  }
}
