import { readdir, readFile } from 'node:fs/promises';

/**
 * The processes that carry `mark` in their environment, as `pid: command line`. Where there is no /proc nothing is found.
 */
export async function processesMarked(mark: string): Promise<string[]> {
  const pids = await readdir('/proc').catch(() => []);
  const found = await Promise.all(
    pids
      .filter((pid) => /^\d+$/.test(pid) && Number(pid) !== process.pid)
      .map(async (pid) => {
        // A process may end while it is looked at.
        const environment = await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '');
        if (!environment.includes(mark)) return [];
        const commandLine = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
        return [`${pid}: ${commandLine.replaceAll('\0', ' ').trim()}`];
      }),
  );
  return found.flat();
}
