import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defaultPartitions } from '@braid/contracts';
import { startNats, startPostgres } from '@braid/embedded';
import { runMigrations, setPartitions } from '@braid/event-store';
import { connectBus, provision } from '@braid/messaging';
import { type App, ServiceProcess } from '../../test/e2e/rig/service-process';

export type InstallationOptions = {
  readonly gateways?: number;
  readonly orchestrators?: number;
  readonly runners?: number;
  /** Settings of every service. */
  readonly env?: Readonly<Record<string, string>>;
  /** Where each service leaves a profile of its processor time when it stops. */
  readonly profiles?: string;
  /** Options of Node itself, for every service. */
  readonly nodeOptions?: readonly string[];
};

/** A whole Braid as it is run in earnest: a PostgreSQL that flushes, a NATS on files, every service a process of its own. */
export type Installation = {
  readonly databaseUrl: string;
  readonly natsUrl: string;
  readonly gateways: readonly string[];
  /** The process of each service and server, by name. */
  readonly pids: ReadonlyMap<string, number>;
  /** The end of what every service wrote. */
  logs(): string;
  stop(): Promise<void>;
};

/** Starts the services built in dist with their default settings. `npm run build` comes before. */
export async function install(options: InstallationOptions = {}): Promise<Installation> {
  const home = await mkdtemp(join(tmpdir(), 'braid-bench-'));
  const [postgres, nats] = await Promise.all([
    startPostgres({ dataDir: join(home, 'postgres') }),
    startNats({ dataDir: join(home, 'nats') }),
  ]);
  await runMigrations(postgres.url);
  await setPartitions(postgres.url, defaultPartitions);
  const bus = await connectBus({ url: nats.url, name: 'bench' });
  await provision(bus, { partitions: defaultPartitions });
  await bus.close();
  await mkdir(join(home, 'tmp'));
  const { nodeOptions = [], profiles } = options;
  const profiling = (app: App) =>
    profiles === undefined ? [] : ['--cpu-prof', '--cpu-prof-interval=500', `--cpu-prof-dir=${join(profiles, app)}`];
  const service = (app: App, count: number) =>
    Array.from({ length: count }, (_, index) => {
      const environment = {
        PATH: process.env['PATH'] ?? '',
        TMPDIR: join(home, 'tmp'),
        DATABASE_URL: postgres.url,
        NATS_URL: nats.url,
        BRAID_SECRET: 'a secret that is only used by this measurement',
        BRAID_HTTP_PORT: '0',
        BRAID_GRPC_PORT: '0',
        ...options.env,
      };
      return new ServiceProcess({
        app,
        name: `${app}-${index + 1}`,
        environment,
        cwd: home,
        nodeOptions: [...nodeOptions, ...profiling(app)],
      });
    });
  const gateways = service('gateway', options.gateways ?? 1);
  const services = [
    ...gateways,
    ...service('orchestrator', options.orchestrators ?? 1),
    ...service('agent-runner', options.runners ?? 2),
  ];
  const logs = () => services.map(({ name, log }) => `--- ${name}\n${log.slice(-100_000)}\n`).join('');
  const stop = async () => {
    await Promise.all(services.filter(({ running }) => running).map((one) => one.kill('SIGTERM')));
    await Promise.all([postgres.stop(), nats.stop()]);
    await rm(home, { recursive: true, force: true });
  };
  try {
    await Promise.all(services.map((one) => one.start()));
    return {
      databaseUrl: postgres.url,
      natsUrl: nats.url,
      gateways: gateways.map(({ address }) => address),
      pids: new Map([
        ...services.map(({ name, pid }) => [name, pid] as const),
        ['postgres', postgres.pid()],
        ['nats', nats.pid()],
      ]),
      logs,
      stop,
    };
  } catch (error) {
    process.stderr.write(logs());
    await stop();
    throw error;
  }
}
