import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { defaultPartitions, type WorkflowView } from '@braid/contracts';
import { openEventStore, type OpenEventStore, runMigrations, setPartitions } from '@braid/event-store';
import { verify } from '@braid/history';
import { type Bus, connectBus, provision } from '@braid/messaging';
import { BraidClient, type StartRequest } from '@braid/sdk';
import { freshDatabase, type FreshDatabase, freshNats, type FreshNats } from '@braid/testing';
import { processesMarked } from './leftovers';
import { type App, type Ending, ServiceProcess } from './service-process';
import { until } from './until';

export type StackOptions = {
  readonly gateways?: number;
  readonly orchestrators?: number;
  readonly runners?: number;
  /** Settings of every service. */
  readonly env?: Readonly<Record<string, string>>;
  /** Files of the runners' folder of function agents, by name. */
  readonly agents?: Readonly<Record<string, string>>;
};

const open = new Set<Stack>();

/** A whole Braid: servers of its own, and the built services as processes on free ports. */
export class Stack {
  readonly services: ServiceProcess[] = [];
  private started = false;

  private constructor(
    readonly home: string,
    readonly database: FreshDatabase,
    readonly nats: FreshNats,
    readonly bus: Bus,
    readonly events: OpenEventStore,
    private readonly env: Readonly<Record<string, string>>,
  ) {}

  static async start(options: StackOptions = {}): Promise<Stack> {
    const { gateways = 1, orchestrators = 2, runners = 2, agents = {}, env = {} } = options;
    const home = await mkdtemp(join(tmpdir(), 'braid-e2e-'));
    await mkdir(join(home, 'tmp'));
    for (const [name, source] of Object.entries(agents)) {
      const file = join(home, 'agents', name);
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, source);
    }
    const [database, nats] = await Promise.all([freshDatabase(), freshNats()]);
    await runMigrations(database.url);
    await setPartitions(database.url, defaultPartitions);
    const bus = await connectBus({ url: nats.url, name: 'e2e' });
    await provision(bus, { partitions: defaultPartitions });
    const events = await openEventStore({ url: database.url });
    const settings = Object.keys(agents).length === 0 ? env : { BRAID_AGENTS_DIR: join(home, 'agents'), ...env };
    const stack = new Stack(home, database, nats, bus, events, settings);
    open.add(stack);
    try {
      await Promise.all([
        ...names('gateway', gateways).map((name) => stack.add('gateway', name)),
        ...names('orchestrator', orchestrators).map((name) => stack.add('orchestrator', name)),
        ...names('runner', runners).map((name) => stack.add('agent-runner', name)),
      ]);
      await until('the gateway has heard every runner', async () => {
        const known = await stack.client().runners();
        return known.runners.length === runners;
      });
      stack.started = true;
      return stack;
    } catch (error) {
      process.stderr.write(stack.logs());
      await stack.stop();
      throw error;
    }
  }

  /** Starts one more service. */
  async add(app: App, name: string, env: Readonly<Record<string, string>> = {}): Promise<ServiceProcess> {
    const environment = {
      PATH: process.env['PATH'] ?? '',
      TMPDIR: join(this.home, 'tmp'),
      DATABASE_URL: this.database.url,
      NATS_URL: this.nats.url,
      BRAID_SECRET: 'a secret that is only used by the end-to-end tests',
      BRAID_HTTP_PORT: '0',
      BRAID_GRPC_PORT: '0',
      BRAID_HTTP_ALLOW: '127.0.0.1',
      BRAID_HEARTBEAT_INTERVAL: '300ms',
      BRAID_LEASE_TTL: '3s',
      BRAID_REDISPATCH_AFTER: '3s',
      ...this.env,
      ...env,
    };
    const service = new ServiceProcess({ app, name, environment, cwd: this.home });
    this.services.push(service);
    await service.start();
    return service;
  }

  service(name: string): ServiceProcess {
    const found = this.services.find((each) => each.name === name);
    if (found === undefined) throw new Error(`The stack has no service "${name}"`);
    return found;
  }

  kill(name: string, signal: NodeJS.Signals): Promise<Ending> {
    return this.service(name).kill(signal);
  }

  /** Starts a service again that has ended. */
  restart(name: string): Promise<void> {
    return this.service(name).start();
  }

  client(gateway = 'gateway-1'): BraidClient {
    return new BraidClient({ baseUrl: this.service(gateway).address });
  }

  /** Runs a playbook to its end; an answer that shows it running is a failure. */
  async run(request: StartRequest | string): Promise<WorkflowView> {
    const whole = typeof request === 'string' ? { playbook: request } : request;
    const workflow = await this.client().start(whole, { wait: '30s' });
    if (workflow.status === 'running') throw new Error(`It still runs after 30 s: ${JSON.stringify(workflow)}`);
    return workflow;
  }

  /** The workflow once `condition` holds. */
  when(id: string, why: string, condition: (workflow: WorkflowView) => boolean, ms?: number): Promise<WorkflowView> {
    const look = async () => {
      const workflow = await this.client().get(id);
      return condition(workflow) && workflow;
    };
    return until(why, look, ms);
  }

  ended(id: string, ms?: number): Promise<WorkflowView> {
    return this.when(id, `workflow ${id} ends`, ({ status }) => status !== 'running', ms);
  }

  /** The end of every service's log. */
  logs(lines = 40): string {
    const tails = this.services.map(({ name, log }) => `--- ${name}\n${log.split('\n').slice(-lines).join('\n')}\n`);
    return tails.join('');
  }

  /**
   * Stops everything in order and removes it.
   * @throws when a service does not end well when it is asked to, a process or a scratch folder is left behind, or the store is damaged.
   */
  async stop(): Promise<void> {
    open.delete(this);
    const wrong: string[] = [];
    const stopAll = async (app: App) => {
      const running = this.services.filter((service) => service.app === app && service.running);
      const endings = await Promise.all(running.map((service) => service.kill(this.started ? 'SIGTERM' : 'SIGKILL')));
      endings.forEach((ending, index) => {
        if (this.started && ending.code !== 0) {
          const service = running[index];
          wrong.push(`${service?.name} ended with ${JSON.stringify(ending)}:\n${service?.log.slice(-3_000)}`);
        }
      });
    };
    for (const app of ['gateway', 'agent-runner', 'orchestrator'] as const) await stopAll(app);
    wrong.push(...(await processesMarked(this.home)).map((found) => `left running: ${found}`));
    if (this.started) wrong.push(...(await this.scratchFolders()).map((path) => `left in the scratch folder: ${path}`));
    if (this.started) wrong.push(...(await this.damage()));
    await this.bus.close();
    await this.events.close();
    await this.nats.stop();
    await this.database.drop();
    await rm(this.home, { recursive: true, force: true });
    if (wrong.length > 0) throw new Error(`The stack left something behind:\n${wrong.join('\n')}`);
  }

  /** What a store shows that has gone through all this. Workflows that were open when everything stopped are due by now. */
  private async damage(): Promise<string[]> {
    const { faults } = await verify(this.events);
    return faults
      .filter(({ check }) => check !== 'orphans')
      .map(({ check, workflow = '', message }) => `${check} ${workflow}: ${message}`);
  }

  /** What runners left in their scratch folders, except for those that had no chance to clear up. */
  private async scratchFolders(): Promise<string[]> {
    const killed = this.services.flatMap((service) => service.killed);
    const all = await readdir(join(this.home, 'tmp'), { recursive: true });
    return all.filter((path) => path.split('/').length > 1 && !killed.some((pid) => path.includes(`-${pid}-`)));
  }
}

const names = (kind: string, count: number) => Array.from({ length: count }, (_, index) => `${kind}-${index + 1}`);

/** The body of a test that shows what every service wrote when it fails. */
export function showingLogs(body: () => Promise<void>): () => Promise<void> {
  return async () => {
    try {
      await body();
    } catch (error) {
      for (const stack of open) process.stderr.write(stack.logs());
      throw error;
    }
  };
}
