import { type Config } from '@braid/contracts';
import { embeddedServers, ownDirectory } from '@braid/embedded';
import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { type Cli } from '../cli';
import { endLeftovers, ownerMark } from './leftovers';
import { choosePort, freePort, type PortSetting } from './ports';
import { prepare } from './prepare';
import { removeRuntime, writeRuntime } from './runtime-file';
import { ensureSecret } from './secret';
import { type Service, type ServiceOptions, startService } from './service';

export type InstallationOptions = {
  readonly config: Config;
  readonly environment: Cli['environment'];
  readonly dataDir: string;
  /** Folder of function agents for the runners. */
  readonly agentsDir: string;
  /** Binaries that the runners' command agent may run. */
  readonly commandAllow: readonly string[];
  readonly report: (line: string) => void;
};

/** A whole Braid on this machine. */
export class Installation {
  private readonly undo: (() => Promise<void>)[] = [];
  private readonly services: Service[] = [];
  private address = '';
  private ownGrpcAddress = '';

  constructor(private readonly options: InstallationOptions) {}

  /** Address of the gateway, once started. */
  get url(): string {
    return this.address;
  }

  /** Where the gateway serves gRPC, `host:port`, once started. */
  get grpcAddress(): string {
    return this.ownGrpcAddress;
  }

  /**
   * Takes the data folder, starts the servers and then the services, and waits until all are ready. Whatever happens,
   * `stop` ends what was started.
   * @throws CliError, EmbeddedError, StoreSetupError: what a person has to change; the signal's reason when aborted.
   */
  async start(signal: AbortSignal): Promise<void> {
    const { config, environment, dataDir, report } = this.options;
    const chosen = (setting: PortSetting, what: string) =>
      choosePort({
        host: config.BRAID_HTTP_HOST,
        port: config[setting],
        ...{ setting, what },
        told: (environment[setting] ?? '') !== '',
      });
    const http = await chosen('BRAID_HTTP_PORT', 'HTTP');
    const grpc = await chosen('BRAID_GRPC_PORT', 'gRPC');
    await mkdir(join(dataDir, 'logs'), { recursive: true, mode: 0o755 });
    this.undo.push(await ownDirectory(dataDir));
    const leftovers = await endLeftovers(dataDir);
    if (leftovers > 0) report(`Ended ${leftovers} services that a killed run had left behind`);
    for (const { note } of [http, grpc]) if (note !== undefined) report(note);

    const servers = await embeddedServers({ dataDir, env: { ...environment }, log: report });
    this.undo.push(() => servers.stop());
    signal.throwIfAborted();
    const { databaseUrl, natsUrl } = servers;
    await prepare({ databaseUrl, natsUrl, partitions: config.BRAID_PARTITIONS });
    signal.throwIfAborted();

    const shared = {
      ...environment,
      DATABASE_URL: databaseUrl,
      NATS_URL: natsUrl,
      BRAID_SECRET: config.BRAID_SECRET || (await ensureSecret(dataDir)),
    };
    const host = urlHost(config.BRAID_HTTP_HOST);
    this.address = `http://${host}:${http.port}`;
    this.ownGrpcAddress = `${host}:${grpc.port}`;
    await this.startServices(shared, { http: http.port, grpc: grpc.port }, signal);
    await writeRuntime(dataDir, { pid: process.pid, url: this.address, databaseUrl, natsUrl });
    this.undo.push(() => removeRuntime(dataDir));
  }

  /** Stops everything in the order in which nothing is lost: gateway, runners, orchestrators, servers. */
  async stop(): Promise<void> {
    for (let undo = this.undo.pop(); undo !== undefined; undo = this.undo.pop()) await undo();
  }

  /** Ends the services at once. The servers have guards of their own, which stop them when this process is gone. */
  kill(): void {
    for (const service of this.services) service.kill();
  }

  private async startServices(
    shared: NodeJS.ProcessEnv,
    ports: { readonly http: number; readonly grpc: number },
    signal: AbortSignal,
  ): Promise<void> {
    const { config, agentsDir, commandAllow, dataDir, report } = this.options;
    const drainMs = config.BRAID_DRAIN_TIMEOUT;
    const mark = await ownerMark(dataDir);
    const service = (app: string, name: string, launch: ServiceOptions['launch']): ServiceOptions => ({
      name,
      main: resolve(__dirname, `../../../${app}/src/main.js`),
      mark,
      launch,
      logFile: join(dataDir, 'logs', `${name}.log`),
      report,
    });
    const replica = (app: string, name: string, own: NodeJS.ProcessEnv = {}) =>
      service(app, name, async () => {
        const healthPort = await freePort('127.0.0.1');
        const health = { BRAID_HEALTH_HOST: '127.0.0.1', BRAID_HEALTH_PORT: String(healthPort) };
        const environment = { ...shared, ...own, ...health, BRAID_INSTANCE: name };
        return { environment, healthAddress: `http://127.0.0.1:${healthPort}` };
      });
    const agents = { BRAID_AGENTS_DIR: agentsDir, BRAID_COMMAND_ALLOW: commandAllow.join(',') };
    const gateway = service('gateway', 'gateway', () =>
      Promise.resolve({
        environment: {
          ...shared,
          BRAID_HTTP_PORT: String(ports.http),
          BRAID_GRPC_PORT: String(ports.grpc),
          BRAID_INSTANCE: 'gateway',
        },
        healthAddress: this.address,
      }),
    );
    const groups = [
      {
        graceMs: drainMs + 7_000,
        services: ['orchestrator-1', 'orchestrator-2'].map((name) => replica('orchestrator', name)),
      },
      {
        graceMs: drainMs + 17_000,
        services: ['runner-1', 'runner-2'].map((name) => replica('agent-runner', name, agents)),
      },
      { graceMs: 10_000, services: [gateway] },
    ];
    // Started all at once, stopped group by group from the last to the first.
    const started = groups.map(({ services }) =>
      Promise.allSettled(services.map((each) => startService(each, signal))),
    );
    let failed: PromiseRejectedResult | undefined;
    for (const [index, group] of groups.entries()) {
      const outcomes = (await started[index]) ?? [];
      const running = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
      failed ??= outcomes.find((outcome) => outcome.status === 'rejected');
      this.services.push(...running);
      this.undo.push(async () => {
        await Promise.all(running.map((each) => each.stop(group.graceMs)));
      });
    }
    if (failed !== undefined) throw failed.reason;
  }
}

/** An address that means "all" is no address to call; an IPv6 address stands in brackets. */
function urlHost(host: string): string {
  if (host === '0.0.0.0' || host === '::') return '127.0.0.1';
  return host.includes(':') ? `[${host}]` : host;
}
