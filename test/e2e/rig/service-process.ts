import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { until } from './until';

export type App = 'gateway' | 'orchestrator' | 'agent-runner';

export type ServiceOptions = {
  readonly app: App;
  readonly name: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly cwd: string;
  /** Options of Node itself. */
  readonly nodeOptions?: readonly string[];
};

export type Ending = { readonly code: number | null; readonly signal: NodeJS.Signals | null };

const dist = resolve(__dirname, '../../../dist/apps');
/** Ends a service whose test process is gone, however that ended. */
const leash = resolve(dist, 'cli/src/up/leash.js');
const keptLogBytes = 4_000_000;

/** One built service in a process of its own, with what it wrote. */
export class ServiceProcess {
  /** Process ids of its lives that were ended by SIGKILL. */
  readonly killed: number[] = [];
  private child: ChildProcess | undefined;
  private text = '';
  private launchedAt = 0;
  private ownAddress = '';
  private ownGrpcAddress = '';

  constructor(private readonly options: ServiceOptions) {}

  get name(): string {
    return this.options.name;
  }

  get app(): App {
    return this.options.app;
  }

  /** Where it listens: the API of a gateway, health and metrics of the others. */
  get address(): string {
    return this.ownAddress;
  }

  /** Where a gateway serves gRPC, `host:port`. */
  get grpcAddress(): string {
    return this.ownGrpcAddress;
  }

  get running(): boolean {
    return this.child !== undefined && this.child.exitCode === null && this.child.signalCode === null;
  }

  /** The process of its present life. */
  get pid(): number {
    if (this.child?.pid === undefined) throw new Error(`${this.name} was never started`);
    return this.child.pid;
  }

  /** All that it wrote, over all its lives. */
  get log(): string {
    return this.text;
  }

  /** Starts it and waits until it says that it is ready. A gateway comes back at the address that it had before. */
  async start(): Promise<void> {
    const { app, cwd, environment, nodeOptions = [] } = this.options;
    const grpcPort = this.ownGrpcAddress.split(':').at(-1) ?? '';
    const ports =
      app === 'gateway' && this.ownAddress !== ''
        ? { BRAID_HTTP_PORT: new URL(this.ownAddress).port, BRAID_GRPC_PORT: grpcPort }
        : {};
    this.launchedAt = this.text.length;
    const child = spawn(process.execPath, [...nodeOptions, '--require', leash, resolve(dist, app, 'src/main.js')], {
      cwd,
      env: { ...environment, ...ports, BRAID_INSTANCE: this.options.name },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    this.child = child;
    const keep = (chunk: unknown) => (this.text = (this.text + String(chunk)).slice(-keptLogBytes));
    child.stdout?.on('data', keep);
    child.stderr?.on('data', keep);
    this.ownAddress = await until(`${this.name} says where it listens`, () => this.announced(), 60_000);
    this.ownGrpcAddress = /"grpc":"([^"]+)"/.exec(this.text.slice(this.launchedAt))?.[1] ?? '';
    await until(`${this.name} is ready`, () => this.isReady(), 60_000);
  }

  /** Sends the signal and waits for the end of the process. */
  async kill(signal: NodeJS.Signals): Promise<Ending> {
    const { child } = this;
    if (child === undefined) throw new Error(`${this.name} was never started`);
    if (this.running) {
      const exited = once(child, 'exit');
      child.kill(signal);
      this.thaw();
      if (signal === 'SIGKILL' && child.pid !== undefined) this.killed.push(child.pid);
      await exited;
    }
    return { code: child.exitCode, signal: child.signalCode };
  }

  /** Stops the whole process where it stands, as a host does that is suspended; its connections stay open. */
  freeze(): void {
    this.child?.kill('SIGSTOP');
  }

  /** Lets a frozen process go on. */
  thaw(): void {
    this.child?.kill('SIGCONT');
  }

  private announced(): string | undefined {
    const text = this.text.slice(this.launchedAt);
    if (!this.running) throw new Error(`${this.name} ended while it started:\n${text}`);
    return /"(?:url|health)":"(http[^"]+)"/.exec(text)?.[1];
  }

  private async isReady(): Promise<boolean> {
    try {
      const response = await fetch(`${this.address}/health/ready`, { signal: AbortSignal.timeout(3_000) });
      await response.arrayBuffer();
      return response.ok;
    } catch {
      if (!this.running) throw new Error(`${this.name} ended while it started:\n${this.text.slice(this.launchedAt)}`);
      return false;
    }
  }
}
