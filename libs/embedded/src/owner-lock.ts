import { randomUUID } from 'node:crypto';
import { link, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { EmbeddedError, errno } from './errors';
import { startedAt } from './process-table';

/** Gives the directory back; harmless when called twice. */
export type Release = () => Promise<void>;

/**
 * Makes this process the one owner of a server's directory. Two servers on the same files would destroy them, and neither
 * NATS nor PostgreSQL (across users) notices every such case. The lock of a process that died is taken over.
 *
 * @throws EmbeddedError `embedded.in_use` while the owner lives.
 */
export async function ownDirectory(dir: string): Promise<Release> {
  const lock = join(dir, 'owner');
  const mine = `${process.pid} ${(await startedAt(process.pid)) ?? ''} ${randomUUID()}\n`;
  const draft = join(dir, `owner.${randomUUID()}`);
  await writeFile(draft, mine, { mode: 0o644, flag: 'wx' });
  try {
    for (;;) {
      // A link, unlike a write, makes the lock appear complete or not at all.
      const taken = await link(draft, lock).then(
        () => true,
        (error: unknown) => {
          if (errno(error) === 'EEXIST') return false;
          throw error;
        },
      );
      if (taken) break;
      await removeIfStale(dir, lock);
    }
  } finally {
    await rm(draft, { force: true });
  }
  return async () => {
    const held = await readFile(lock, 'utf8').catch(() => '');
    if (held === mine) await rm(lock, { force: true });
  };
}

async function removeIfStale(dir: string, lock: string): Promise<void> {
  const seen = await readFile(lock, 'utf8').catch(() => undefined);
  if (seen === undefined) return;
  const [pid = '', ...rest] = seen.trim().split(' ');
  const started = rest.slice(0, -1).join(' ');
  if (/^\d+$/.test(pid) && (await startedAt(Number(pid))) === started) {
    throw new EmbeddedError(
      'embedded.in_use',
      `The directory ${dir} is in use by process ${pid}. Stop that process, or start with another data directory.`,
    );
  }
  // Between reading and removing, another process may have replaced the stale lock by its own: look at what was moved.
  const aside = join(dir, `owner.${randomUUID()}`);
  await rename(lock, aside).catch((error: unknown) => {
    if (errno(error) !== 'ENOENT') throw error;
  });
  const moved = await readFile(aside, 'utf8').catch(() => seen);
  if (moved !== seen) await link(aside, lock).catch(() => undefined);
  await rm(aside, { force: true });
}
