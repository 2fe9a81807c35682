import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';

/**
 * A name for the server of a directory. It stands in the server's command line, so that one that a killed run left behind is
 * found again. The directory's inode, unlike its path, is not shared with another container of the same layout.
 */
export async function serverName(dir: string): Promise<string> {
  const { dev, ino } = await stat(dir);
  return `braid-${createHash('sha256').update(`${dev}:${ino}`).digest('hex').slice(0, 16)}`;
}

/** Whether a command line carries the name of any of our servers. */
export const namesAServer = (command: string): boolean => /\bbraid-[0-9a-f]{16}\b/.test(command);
