import { mkdir, readdir, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Daemon, startDaemon } from './daemon';
import { EmbeddedError } from './errors';
import { serverName } from './identity';
import { logTail } from './log-tail';
import { natsBinary, natsSources } from './nats-binary';
import { formatVersion } from './nats-version';
import { type NatsConfig, natsConfigFile, type SyncInterval } from './nats-config';
import { endProcesses, processesLike } from './process-table';
import { createSecrets, readSecrets } from './secrets';
import { type Launched, supervise, type Supervised } from './supervise';

const ATTEMPTS = 10;
const POLL_MS = 10;
/** JetStream reads its files before it listens. */
const READY_MS = 5 * 60_000;
const PORT_TAKEN = /address already in use/i;
const NATS_USERS = ['braid'] as const;

export type NatsOptions = {
  /** Holds the streams (`data`), the configuration, the password and the log (`server.log`); kept by `stop`. */
  readonly dataDir: string;
  /** Default: a free one, on 127.0.0.1. */
  readonly port?: number;
  /** Largest message, in bytes; default 1 MiB. */
  readonly maxPayload?: number;
  /** How often JetStream flushes to disk; default "2m", as NATS has it. Braid loses nothing by it: PostgreSQL is the truth. */
  readonly syncInterval?: SyncInterval;
  /** Bytes that all streams may take together; default: three quarters of the free disk. */
  readonly maxFileStore?: number;
  /** Where BRAID_NATS_SERVER, PATH and the cache's place are read from; default `process.env`. */
  readonly env?: NodeJS.ProcessEnv;
  readonly log?: (line: string) => void;
};

/** A running NATS server of our own, with JetStream. */
export type NatsServer = Omit<Supervised, 'restart'> & {
  /** `nats://user:password@host:port`; the NATS client wants the three apart. */
  readonly url: string;
  readonly logFile: string;
  /** Stops it if it runs, and starts it on the same port and password; `wipe` throws all streams away in between. */
  restart(options?: { readonly wipe?: boolean }): Promise<void>;
};

/**
 * Brings up nats-server with JetStream on 127.0.0.1, with a password that only this user can read. Streams survive restarts.
 * A server that a killed run left behind is stopped first.
 *
 * @throws EmbeddedError `embedded.nats_missing` when there is no nats-server, `embedded.in_use` when a living process owns the
 * directory, `embedded.start_failed` with the end of its log.
 */
export async function startNats(options: NatsOptions): Promise<NatsServer> {
  const log = options.log ?? (() => undefined);
  await mkdir(options.dataDir, { recursive: true });
  const dir = await realpath(options.dataDir);
  const name = await serverName(dir);
  const logFile = join(dir, 'server.log');
  const secretsFile = join(dir, 'secrets.json');
  let url = '';
  const server = await supervise({
    dir,
    port: options.port,
    endOrphans: () => endOrphans(name, log),
    async prepare() {
      const binary = await natsBinary(natsSources(options.env ?? process.env, log));
      const { braid: password } =
        (await readSecrets(secretsFile, NATS_USERS)) ?? (await createSecrets(secretsFile, NATS_USERS));
      return async (port) => {
        const config = { name, dir, port: port ?? -1, user: 'braid', password, ...limits(options) };
        const launched = await launchOn(binary.path, logFile, config);
        url = `nats://braid:${password}@127.0.0.1:${launched.port}`;
        log(`NATS ${formatVersion(binary.version)} is ready on 127.0.0.1:${launched.port}, log in ${logFile}`);
        return launched;
      };
    },
  });
  return {
    ...server,
    url,
    logFile,
    restart: ({ wipe = false } = {}) =>
      server.restart(() => (wipe ? rm(join(dir, 'data'), { recursive: true, force: true }) : Promise.resolve())),
  };
}

const limits = (options: NatsOptions) => ({
  maxPayload: options.maxPayload ?? 1024 * 1024,
  syncInterval: options.syncInterval ?? '2m',
  maxFileStore: options.maxFileStore,
});

async function endOrphans(name: string, log: (line: string) => void): Promise<void> {
  // The argument order is ours, see launchOn: an editor that has the file open is no server.
  const ours = (command: string) => command.includes(` --name ${name} -c `);
  const stopped = await endProcesses(() => processesLike(ours), ['SIGTERM'], 10_000);
  if (stopped.length > 0) log(`Stopped what a killed run left behind: process ${stopped.join(', ')}`);
}

async function launchOn(binary: string, logFile: string, config: NatsConfig): Promise<Launched> {
  const run = join(config.dir, 'run');
  const configFile = join(config.dir, 'nats-server.conf');
  await mkdir(join(config.dir, 'data'), { recursive: true, mode: 0o700 });
  await writeFile(configFile, natsConfigFile(config), { mode: 0o600 });
  for (let attempt = 1; ; attempt += 1) {
    await rm(run, { recursive: true, force: true });
    await mkdir(run);
    const daemon = await startDaemon({
      command: binary,
      args: ['--name', config.name, '-c', configFile],
      cwd: config.dir,
      env: { PATH: process.env['PATH'] ?? '', LC_ALL: 'C' },
      logFile,
      stopSignals: ['SIGTERM'],
    });
    const port = await ready(run, daemon);
    if (port !== undefined) return { daemon, port };
    const tail = await logTail(logFile, daemon.logOffset);
    if (attempt === ATTEMPTS || !PORT_TAKEN.test(tail)) {
      throw new EmbeddedError(
        'embedded.start_failed',
        `nats-server did not start (${daemon.ended() ?? 'stopped'}); its log ${logFile} ends with:\n${tail}`,
      );
    }
    await sleep(attempt * 100);
  }
}

/** The server writes its addresses to `<program>_<pid>.ports` when it listens; `undefined` when it ended instead. */
async function ready(run: string, daemon: Daemon): Promise<number | undefined> {
  for (const until = Date.now() + READY_MS; Date.now() < until; await sleep(POLL_MS)) {
    if (daemon.ended() !== undefined) return undefined;
    const file = (await readdir(run)).find((name) => name.endsWith(`_${daemon.pid}.ports`));
    const text = file === undefined ? '' : await readFile(join(run, file), 'utf8').catch(() => '');
    const port = /"nats":\s*\["nats:\/\/[^"]*:(\d+)"/.exec(text)?.[1];
    if (port !== undefined) return Number(port);
  }
  await daemon.stop();
  return undefined;
}
