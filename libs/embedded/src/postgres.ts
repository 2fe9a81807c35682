import { mkdir, readFile, realpath, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Daemon, startDaemon } from './daemon';
import { EmbeddedError } from './errors';
import { freePort } from './free-port';
import { namesAServer, serverName } from './identity';
import { logTail } from './log-tail';
import { copyPlaces, postgresBinaries, serverEnv } from './postgres-binaries';
import { type Cluster, clusterData, dataArgument, ensureCluster, type PostgresSecrets } from './postgres-cluster';
import { serverUser } from './postgres-user';
import { commandOf, endProcesses, exists, processesLike } from './process-table';
import { type Launched, supervise, type Supervised } from './supervise';

const ATTEMPTS = 10;
const POLL_MS = 20;
/** Crash recovery reads the log since the last checkpoint, which can take minutes on a slow disk. */
const READY_MS = 5 * 60_000;
const PORT_TAKEN = /could not bind|could not create any TCP\/IP sockets|Address already in use/;
const OLD_BACKENDS = /pre-existing shared memory block .* is still in use/;

export type PostgresOptions = {
  /** Holds the data, the passwords and the log (`server.log`); made when it is missing, kept by `stop`. */
  readonly dataDir: string;
  /** Default: a free one, on 127.0.0.1. */
  readonly port?: number;
  /** Server settings by name, e.g. `{ log_statement: 'all' }`; the ones that keep the server private cannot be changed. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Where BRAID_CACHE_DIR is read from; default `process.env`. */
  readonly env?: NodeJS.ProcessEnv;
  readonly log?: (line: string) => void;
};

/** A running PostgreSQL of our own. A stop rolls back what is not committed. */
export type PostgresServer = Omit<Supervised, 'restart'> & {
  /** The database `braid` as its owner, a role that may create databases and is no superuser. */
  readonly url: string;
  /** The database `postgres` as superuser, for tests and repairs. */
  readonly adminUrl: string;
  readonly logFile: string;
  /** Stops it if it runs, and starts it on the same port and data. */
  restart(): Promise<void>;
};

/**
 * Brings up PostgreSQL on 127.0.0.1 with a password that only this user can read. Data survive restarts and crashes (fsync
 * is on). What a killed run left behind, running or not, is stopped and recovered.
 *
 * @throws EmbeddedError `embedded.in_use` when a living process owns the directory, and the other codes.
 */
export async function startPostgres(options: PostgresOptions): Promise<PostgresServer> {
  const log = options.log ?? (() => undefined);
  await mkdir(options.dataDir, { recursive: true });
  const dir = await realpath(options.dataDir);
  const name = await serverName(dir);
  const logFile = join(dir, 'server.log');
  let secrets: PostgresSecrets | undefined;
  const server = await supervise({
    dir,
    port: options.port,
    endOrphans: () => endOrphans({ dir, name }, log),
    async prepare() {
      const user = await serverUser(clusterData({ dir }));
      const cluster: Cluster = {
        dir,
        name,
        user,
        binaries: await postgresBinaries(user, copyPlaces(options.env ?? process.env)),
      };
      secrets = await ensureCluster(cluster);
      return async (port) => {
        const launched = await launchOn(cluster, logFile, options.settings ?? {}, port);
        log(`PostgreSQL is ready on 127.0.0.1:${launched.port}, log in ${logFile}`);
        return launched;
      };
    },
  });
  const url = (role: keyof PostgresSecrets) =>
    `postgresql://${role}:${secrets?.[role]}@127.0.0.1:${server.port}/${role}`;
  return { ...server, url: url('braid'), adminUrl: url('postgres'), logFile, restart: () => server.restart() };
}

async function endOrphans(cluster: Pick<Cluster, 'dir' | 'name'>, log: (line: string) => void): Promise<void> {
  const ours = (command: string) =>
    command.includes(cluster.name) && (command.startsWith('postgres:') || /^\S*\/postgres -D /.test(command));
  const postmasters = () => processesLike((command) => ours(command) && !command.startsWith('postgres:'));
  const stopped = [
    ...(await endProcesses(postmasters, ['SIGINT', 'SIGQUIT'], 15_000)),
    // The processes of a killed postmaster end by themselves, unless one is stuck.
    ...(await endProcesses(() => processesLike(ours), ['SIGQUIT'], 5_000)),
  ];
  if (stopped.length > 0) log(`Stopped what a killed run left behind: process ${stopped.join(', ')}`);
  await removeMisleadingPidFile(clusterData(cluster));
}

/**
 * PostgreSQL refuses to start when any process has the number in its pid file, also one that got the number later. The file
 * stays when it may be true (a server that somebody else started on these data) and when PostgreSQL can judge it alone.
 */
async function removeMisleadingPidFile(data: string): Promise<void> {
  const path = join(data, 'postmaster.pid');
  const pid = Number((await readFile(path, 'utf8').catch(() => '')).split('\n', 1)[0]);
  if (!Number.isInteger(pid) || pid <= 0 || !exists(pid)) return;
  const command = await commandOf(pid);
  if (!command.includes('postgres') || namesAServer(command)) await rm(path, { force: true });
}

async function launchOn(
  cluster: Cluster,
  logFile: string,
  settings: Readonly<Record<string, string>>,
  fixedPort: number | undefined,
): Promise<Launched> {
  for (let attempt = 1; ; attempt += 1) {
    const port = fixedPort ?? (await freePort());
    const daemon = await startDaemon({
      command: cluster.binaries.postgres,
      args: serverArguments(cluster, port, settings),
      cwd: clusterData(cluster),
      env: serverEnv(),
      user: cluster.user,
      logFile,
      stopSignals: ['SIGINT', 'SIGQUIT'],
    });
    if (await ready(cluster, daemon)) return { daemon, port };
    const tail = await logTail(logFile, daemon.logOffset);
    if (attempt === ATTEMPTS || !(PORT_TAKEN.test(tail) || OLD_BACKENDS.test(tail))) {
      throw new EmbeddedError(
        'embedded.start_failed',
        `PostgreSQL did not start on port ${port} (${daemon.ended() ?? 'stopped'}); its log ${logFile} ends with:\n${tail}`,
      );
    }
    if (fixedPort !== undefined || OLD_BACKENDS.test(tail)) await sleep(attempt * 100);
  }
}

function serverArguments(
  cluster: Cluster,
  port: number,
  settings: Readonly<Record<string, string>>,
): readonly string[] {
  const all: Readonly<Record<string, string>> = {
    max_connections: '200',
    log_timezone: 'UTC',
    timezone: 'UTC',
    ...settings,
    listen_addresses: '127.0.0.1',
    port: String(port),
    // A socket file would be open to every user of the machine, and its path is limited to about 100 characters.
    unix_socket_directories: '',
    cluster_name: cluster.name,
    logging_collector: 'off',
    log_destination: 'stderr',
  };
  const flags = Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  return ['-D', dataArgument(cluster, clusterData(cluster)), ...flags];
}

/** The last line of the pid file turns to "ready" when connections are accepted; `false` when the server ended instead. */
async function ready(cluster: Cluster, daemon: Daemon): Promise<boolean> {
  const pidFile = join(clusterData(cluster), 'postmaster.pid');
  for (const until = Date.now() + READY_MS; Date.now() < until; await sleep(POLL_MS)) {
    if (daemon.ended() !== undefined) return false;
    const lines = (await readFile(pidFile, 'utf8').catch(() => '')).split('\n');
    if (lines[0] === String(daemon.pid) && lines[7]?.startsWith('ready') === true) return true;
  }
  await daemon.stop();
  return false;
}
