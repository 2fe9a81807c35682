import { defineAgent } from '@braid/sdk';
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { pathInput, type PathInput, top } from './_files';
import { installedPackages } from './_packages';

/** Measures what the installed dependencies take on disk. */
export default defineAgent<PathInput>({
  name: 'audit.weight',
  description: 'Disk space of the installed dependencies',
  inputSchema: pathInput,
  async run({ path }, ctx) {
    const weights = new Map<string, number>();
    let files = 0;
    const weigh = async (folder: string): Promise<number> => {
      ctx.signal.throwIfAborted();
      let bytes = 0;
      for (const entry of await readdir(folder, { withFileTypes: true })) {
        const inner = join(folder, entry.name);
        if (entry.isDirectory()) bytes += await weigh(inner);
        else {
          bytes += (await lstat(inner)).size;
          files += 1;
        }
      }
      return bytes;
    };
    for (const { name, folder } of await installedPackages(path)) {
      weights.set(name, await weigh(folder));
      ctx.heartbeat({ packages: weights.size });
    }
    const bytes = [...weights.values()].reduce((sum, each) => sum + each, 0);
    return { packages: weights.size, files, bytes, heaviest: top(weights, 6) };
  },
});
