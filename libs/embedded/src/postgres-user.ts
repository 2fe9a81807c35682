import { execFile } from 'node:child_process';
import { stat } from 'node:fs/promises';
import { promisify } from 'node:util';
import { EmbeddedError } from './errors';

const run = promisify(execFile);

/** An account without privileges, by its numbers. */
export type SystemUser = { readonly uid: number; readonly gid: number };

/**
 * The account that PostgreSQL runs as, `undefined` for our own. PostgreSQL refuses to run as root; then it is the owner of
 * the data, if there are data, else the machine's `postgres`, else `nobody`.
 */
export async function serverUser(data: string): Promise<SystemUser | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const owner = await stat(data).catch(() => undefined);
  if (owner !== undefined && owner.uid !== 0) return { uid: owner.uid, gid: owner.gid };
  for (const name of ['postgres', '_postgres', 'nobody']) {
    const [uid, gid] = await Promise.all([idOf(name, '-u'), idOf(name, '-g')]);
    if (uid !== undefined && gid !== undefined) return { uid, gid };
  }
  if (process.platform === 'linux') return { uid: 65534, gid: 65534 };
  throw new EmbeddedError(
    'embedded.unsupported',
    'PostgreSQL does not run as root, and this machine has neither a user "postgres" nor "nobody". Start as another user, or set DATABASE_URL.',
  );
}

async function idOf(name: string, flag: '-u' | '-g'): Promise<number | undefined> {
  const { stdout } = await run('id', [flag, name]).catch(() => ({ stdout: '' }));
  const id = Number(stdout.trim());
  return Number.isInteger(id) && id > 0 ? id : undefined;
}
