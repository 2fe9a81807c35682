import { mkdirSync, type Stats } from 'node:fs';
import { chmod, lstat, mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';

/** The scratch folders of one runner. Nobody but the runner's user can look into them. */
export type Scratch = {
  readonly root: string;
  /** A new folder for one attempt, made when its path is first asked for. */
  folder(): ScratchFolder;
  /** Removes everything. */
  close(): Promise<void>;
};

export type ScratchFolder = {
  readonly path: string;
  /** Removes it, if it was made at all. */
  remove(): Promise<void>;
};

/**
 * Makes the scratch root of this runner and removes those that dead runners of this host left behind.
 * @param base where the roots of all runners lie; a folder of the user in the system's temporary folder unless given.
 */
export async function openScratch(base?: string): Promise<Scratch> {
  const parent = base ?? (await ownFolder(join(tmpdir(), `braid-scratch-${process.getuid?.() ?? 'user'}`)));
  await removeLeftovers(parent);
  const root = await mkdtemp(join(parent, `${host()}-${process.pid}-`));
  let count = 0;
  return {
    root,
    folder: () => lazyFolder(join(root, String(++count))),
    close: () => rm(root, { recursive: true, force: true }),
  };
}

function lazyFolder(path: string): ScratchFolder {
  let made = false;
  return {
    get path() {
      if (!made) mkdirSync(path, { mode: 0o700 });
      made = true;
      return path;
    },
    remove: async () => {
      if (!made) return;
      // Agents may take away their own permissions; without them the folder could not be emptied.
      await chmod(path, 0o700).catch(() => undefined);
      await rm(path, { recursive: true, force: true, maxRetries: 2 });
    },
  };
}

/** The temporary folder is open to everyone: a folder that somebody else has put there is not used. */
async function ownFolder(path: string): Promise<string> {
  await mkdir(path, { mode: 0o700 }).catch((error: unknown) => {
    if (!(error instanceof Error) || Reflect.get(error, 'code') !== 'EEXIST') throw error;
  });
  const found = await lstat(path);
  return isOurs(found) ? path : await mkdtemp(`${path}-`);
}

function isOurs(found: Stats): boolean {
  return found.isDirectory() && found.uid === (process.getuid?.() ?? found.uid) && (found.mode & 0o077) === 0;
}

async function removeLeftovers(parent: string): Promise<void> {
  const prefix = `${host()}-`;
  for (const name of await readdir(parent)) {
    const pid = name.startsWith(prefix) ? Number(name.slice(prefix.length).split('-')[0]) : Number.NaN;
    if (Number.isInteger(pid) && !isAlive(pid)) await rm(join(parent, name), { recursive: true, force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // It exists, but belongs to somebody else.
    return error instanceof Error && Reflect.get(error, 'code') === 'EPERM';
  }
}

function host(): string {
  return hostname().replace(/[^A-Za-z0-9.]/g, '_');
}
