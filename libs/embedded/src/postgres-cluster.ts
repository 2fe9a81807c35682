import { spawn } from 'node:child_process';
import { chown, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { EmbeddedError } from './errors';
import { type PostgresBinaries, serverEnv } from './postgres-binaries';
import type { SystemUser } from './postgres-user';
import { createSecrets, readSecrets, type Secrets } from './secrets';

/** `postgres` is the superuser, `braid` the role that applications use: it may create databases and nothing else. */
export const POSTGRES_USERS = ['postgres', 'braid'] as const;
export type PostgresSecrets = Secrets<(typeof POSTGRES_USERS)[number]>;

export type Cluster = {
  readonly dir: string;
  /** See `serverName`. */
  readonly name: string;
  readonly binaries: PostgresBinaries;
  readonly user: SystemUser | undefined;
};

export const clusterData = (cluster: Pick<Cluster, 'dir'>): string => join(cluster.dir, 'data');

/**
 * How the server names its data directory, which is its working directory. A server that runs as another user may be unable
 * to walk there (a checkout below /root); we can, and it inherits where it stands. `/proc/self/cwd` needs no walk.
 */
export const dataArgument = (cluster: Cluster, data: string): string =>
  cluster.user !== undefined && process.platform === 'linux' ? '/proc/self/cwd' : data;

/**
 * Makes sure that there is a complete database cluster with known passwords. It is made in a directory beside and moved into
 * place when it is whole, so a run that was killed half-way leaves nothing that looks like data.
 *
 * @throws EmbeddedError `embedded.data_unusable` when the data belong to another major version.
 */
export async function ensureCluster(cluster: Cluster): Promise<PostgresSecrets> {
  const secretsFile = join(cluster.dir, 'secrets.json');
  for (const name of await readdir(cluster.dir)) {
    if (name.startsWith('init-')) await rm(join(cluster.dir, name), { recursive: true, force: true });
  }
  const data = clusterData(cluster);
  const version = await readFile(join(data, 'PG_VERSION'), 'utf8').catch(() => undefined);
  if (version === undefined) {
    const secrets = await createSecrets(secretsFile, POSTGRES_USERS);
    await initialise(cluster, data, secrets);
    return secrets;
  }
  if (version.trim() !== cluster.binaries.version) {
    throw new EmbeddedError(
      'embedded.data_unusable',
      `The data in ${data} were written by PostgreSQL ${version.trim()}, but the installed one is ${cluster.binaries.version}. Dump and restore them with the old version, or remove the directory to start afresh.`,
    );
  }
  const known = await readSecrets(secretsFile, POSTGRES_USERS);
  if (known !== undefined) return known;
  const renewed = await createSecrets(secretsFile, POSTGRES_USERS);
  await singleUser(
    cluster,
    data,
    POSTGRES_USERS.map((name) => `ALTER ROLE ${name} PASSWORD '${renewed[name]}'`),
  );
  return renewed;
}

async function initialise(cluster: Cluster, target: string, secrets: PostgresSecrets): Promise<void> {
  const work = await mkdtemp(join(cluster.dir, 'init-'));
  const data = join(work, 'data');
  const passwordFile = join(work, 'password');
  await mkdir(data, { mode: 0o700 });
  await writeFile(passwordFile, `${secrets.postgres}\n`, { mode: 0o600 });
  const { user } = cluster;
  if (user !== undefined) await Promise.all([work, data, passwordFile].map((path) => chown(path, user.uid, user.gid)));
  const where = dataArgument(cluster, data);
  await runIn(cluster, data, cluster.binaries.initdb, [
    ['-D', where, '--pwfile', `${where}/../password`, '-U', 'postgres', '--no-instructions'],
    // The built-in locale is the same on every machine, whatever locales and ICU version it has.
    ['--encoding=UTF8', '--locale-provider=builtin', '--builtin-locale=C.UTF-8', '--locale=C'],
    ['--auth-host=scram-sha-256', '--auth-local=reject'],
  ]);
  await singleUser(cluster, data, [
    `CREATE ROLE braid LOGIN CREATEDB PASSWORD '${secrets.braid}'`,
    'CREATE DATABASE braid OWNER braid',
  ]);
  await rename(data, target);
  await rm(work, { recursive: true, force: true });
}

/** Runs statements without a server and without a password, one line each. */
async function singleUser(cluster: Cluster, data: string, statements: readonly string[]): Promise<void> {
  const output = await runIn(
    cluster,
    data,
    cluster.binaries.postgres,
    [['--single', '-D', dataArgument(cluster, data), 'postgres']],
    `${statements.join('\n')}\n`,
  );
  // It exits with 0 after a failed statement.
  if (/\b(ERROR|FATAL|PANIC):/.test(output)) throw new EmbeddedError('embedded.start_failed', output.trim());
}

async function runIn(
  cluster: Cluster,
  cwd: string,
  command: string,
  args: readonly (readonly string[])[],
  input = '',
): Promise<string> {
  const child = spawn(command, args.flat(), {
    cwd,
    env: serverEnv(),
    ...cluster.user,
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const ended = new Promise<number | null>((resolve, reject) => child.once('error', reject).once('close', resolve));
  // A program that ends before it has read everything says why by itself.
  child.stdin.on('error', () => undefined).end(input);
  const [code, out, err] = await Promise.all([ended, text(child.stdout), text(child.stderr)]);
  const output = `${out}${err}`;
  if (output.includes('could not look up effective user ID')) {
    throw new EmbeddedError(
      'embedded.unsupported',
      'PostgreSQL needs an entry for this user in /etc/passwd, and there is none (a container with an arbitrary user id?). Add one, start as another user, or set DATABASE_URL to a PostgreSQL server.',
    );
  }
  if (code !== 0) {
    throw new EmbeddedError('embedded.start_failed', `${command} ended with ${code}:\n${output.trim().slice(-2000)}`);
  }
  return output;
}
