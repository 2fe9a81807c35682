import { endProcesses, processesLike } from '@braid/embedded';
import { realpath } from 'node:fs/promises';

/** The last argument of every service: by it, the services of a data folder are known whoever started them. */
export async function ownerMark(dataDir: string): Promise<string> {
  return `--started-by-up-in=${await realpath(dataDir)}`;
}

/**
 * Ends services that a killed `braid up` of the same data folder left behind. Call it only as the owner of the folder: then
 * no living `braid up` can have started them. Returns how many there were.
 */
export async function endLeftovers(dataDir: string): Promise<number> {
  const mark = await ownerMark(dataDir);
  const ours = () => processesLike((command) => command.endsWith(` ${mark}`));
  const ended = await endProcesses(ours, ['SIGTERM'], 10_000);
  return ended.length;
}
