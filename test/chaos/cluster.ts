import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { defaultPartitions } from '@braid/contracts';
import { runMigrations, setPartitions } from '@braid/event-store';
import { connectBus, provision } from '@braid/messaging';
import { until } from '../e2e/rig/until';
import { Link } from './link';
import { type App, Member } from './member';
import { type ChaosOptions } from './options';
import { type Server } from './deeds';
import { type Servers } from './servers';

/** As it is by default: on a machine that is short of processor time a much shorter one is lost all the time. */
export const leaseMs = 6_000;

const apps: readonly (readonly [App, keyof ChaosOptions & ('gateways' | 'orchestrators' | 'runners')])[] = [
  ['orchestrator', 'orchestrators'],
  ['agent-runner', 'runners'],
  ['gateway', 'gateways'],
];

/** The services of a run as processes, each with a link of its own to PostgreSQL and to NATS. */
export class Cluster {
  readonly members: Member[] = [];
  private readonly links = new Map<string, Link>();

  private constructor(
    private readonly home: string,
    private readonly servers: Servers,
  ) {}

  /** Starts every service and waits until all of them are ready. */
  static async start(home: string, servers: Servers, options: ChaosOptions): Promise<Cluster> {
    const cluster = new Cluster(home, servers);
    await runMigrations(servers.postgres.url);
    await setPartitions(servers.postgres.url, defaultPartitions);
    const bus = await connectBus({ url: servers.nats.url, name: 'chaos' });
    await provision(bus, { partitions: defaultPartitions });
    await bus.close();
    await mkdir(join(home, 'logs'));
    await mkdir(join(home, 'tmp'));
    for (const [app, count] of apps) {
      for (let number = 1; number <= options[count]; number++) {
        await cluster.add(app, `${app === 'agent-runner' ? 'runner' : app}-${number}`);
      }
    }
    for (const member of cluster.members) member.begin();
    await until('every service is ready', () => cluster.areReady(), 60_000);
    return cluster;
  }

  get gateways(): readonly string[] {
    return this.members.filter(({ app }) => app === 'gateway').map(({ address }) => address);
  }

  member(name: string): Member {
    const found = this.members.find((member) => member.name === name);
    if (found === undefined) throw new Error(`The run has no ${name}`);
    return found;
  }

  /**
   * The member that something is done to: the one that is named or, while that is down or frozen, another of its kind. The
   * first of a kind stands in for nobody.
   */
  standIn(name: string): Member {
    const named = this.member(name);
    if (named.isUp) return named;
    const other = this.members.find(({ app, isUp, name: own }) => app === named.app && isUp && !own.endsWith('-1'));
    return other ?? named;
  }

  /** Drops the connection that a server sees coming from this port. False when there is none. */
  drop(server: Server, port: number): boolean {
    return [...this.links].some(([name, link]) => name.endsWith(` ${server}`) && link.drop(port));
  }

  link(member: string, server: Server): Link {
    const found = this.links.get(`${member} ${server}`);
    if (found === undefined) throw new Error(`${member} has no link to ${server}`);
    return found;
  }

  async areReady(): Promise<boolean> {
    return (await Promise.all(this.members.map((member) => member.isReady()))).every(Boolean);
  }

  /** Stops every service in order; answers what did not end well. */
  async stop(): Promise<readonly string[]> {
    const wrong: string[] = [];
    for (const app of ['gateway', 'agent-runner', 'orchestrator'] as const) {
      const members = this.members.filter((member) => member.app === app);
      const ends = await Promise.all(members.map((member) => member.leave()));
      wrong.push(...ends.filter((end) => end !== undefined));
    }
    await Promise.all([...this.links.values()].map((link) => link.close()));
    return wrong;
  }

  private async add(app: App, name: string): Promise<void> {
    const url = async (server: Server) => {
      const link = await Link.to(this.servers.urlOf(server));
      this.links.set(`${name} ${server}`, link);
      return link.through(this.servers.urlOf(server));
    };
    const environment = {
      PATH: process.env['PATH'] ?? '',
      TMPDIR: join(this.home, 'tmp'),
      DATABASE_URL: await url('postgres'),
      NATS_URL: await url('nats'),
      BRAID_SECRET: 'a secret that is only used by the chaos tests',
      BRAID_HTTP_ALLOW: '127.0.0.1',
      BRAID_HEARTBEAT_INTERVAL: '300ms',
      BRAID_LEASE_TTL: `${leaseMs}ms`,
      BRAID_REDISPATCH_AFTER: '3s',
      BRAID_DRAIN_TIMEOUT: '5s',
      BRAID_CHILD_CHECK: '3s',
      // So few that workflows are taken out of memory and read again all the time.
      BRAID_CACHE_WORKFLOWS: '50',
    };
    const logFile = join(this.home, 'logs', `${name}.log`);
    this.members.push(new Member({ app, name, environment, cwd: this.home, port: await freePort(), logFile }));
  }
}

/** A member keeps its port over all its lives, so it is chosen before the first one. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
