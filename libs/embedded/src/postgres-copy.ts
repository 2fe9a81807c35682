import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { constants, cp, lstat, mkdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { errno } from './errors';
import type { SystemUser } from './postgres-user';

const run = promisify(execFile);

/**
 * Hands `use` a copy below `base` of the directory `native` of a package, making it first when there is none or when it does
 * not work. A copy that does not work is not kept. Several processes may do this at once.
 *
 * @throws Error when `user` cannot reach `base`, when others could put programs there, and what `use` throws
 */
export async function useCopy<T>(
  native: string,
  base: string,
  user: SystemUser | undefined,
  use: (copy: string) => Promise<T>,
): Promise<T> {
  await mkdir(base, { recursive: true, mode: 0o755 });
  await refuseForeign(base);
  await refuseUnreachable(base, user);
  const manifest = await readFile(join(native, '..', 'package.json'), 'utf8');
  const { version } = JSON.parse(manifest) as { readonly version: string };
  const root = join(base, `postgres-${version}-${process.platform}-${process.arch}`);
  // Only what was there and did not work is removed, never what another process has just put there.
  if ((await lstat(root).catch(() => undefined)) !== undefined) {
    const present = await use(join(root, 'native')).catch(() => undefined);
    if (present !== undefined) return present;
    await rm(root, { recursive: true, force: true });
  }
  await copy(native, base, root);
  try {
    return await use(join(root, 'native'));
  } catch (error) {
    await rm(root, { recursive: true, force: true });
    throw error;
  }
}

async function copy(native: string, base: string, root: string): Promise<void> {
  const draft = join(base, `.draft-${randomUUID()}`);
  try {
    await cp(native, join(draft, 'native'), {
      recursive: true,
      verbatimSymlinks: true,
      mode: constants.COPYFILE_FICLONE,
    });
    await run('chmod', ['-R', 'a+rX', draft]);
    await rename(draft, root).catch((error: unknown) => {
      // Another process was faster.
      if (errno(error) !== 'ENOTEMPTY' && errno(error) !== 'EEXIST') throw error;
    });
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

/** In a directory that others can write, somebody may have put programs for us to run. */
async function refuseForeign(dir: string): Promise<void> {
  const { uid, mode } = await lstat(dir);
  if (uid !== process.getuid?.() || (mode & 0o022) !== 0) {
    throw new Error('it belongs to another user, or others may write there');
  }
}

async function refuseUnreachable(dir: string, user: SystemUser | undefined): Promise<void> {
  await run('/bin/sh', ['-c', 'cd "$1"', 'sh', dir], { ...user, cwd: '/' }).catch(() => {
    throw new Error(`user ${user?.uid ?? 'id unknown'} cannot reach it`);
  });
}
