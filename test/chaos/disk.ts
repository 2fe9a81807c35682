import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';

/** A small disk of its own, which can be filled up. */
export type SmallDisk = {
  readonly path: string;
  fill(): Promise<void>;
  empty(): Promise<void>;
  unmount(): void;
};

const chunk = Buffer.alloc(1024 * 1024, 1);

/** Mounts a tmpfs of `mebibytes` at `path`; text says why that is not possible here. */
export function mountSmallDisk(path: string, mebibytes: number): SmallDisk | string {
  mkdirSync(path, { recursive: true });
  const mount = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${mebibytes}m,mode=0755`, 'braid-chaos', path], {
    encoding: 'utf8',
  });
  if (mount.status !== 0) {
    return `a tmpfs cannot be mounted: ${(mount.error?.message ?? mount.stderr).trim()}`;
  }
  const ballast = join(path, 'ballast');
  return {
    path,
    async fill() {
      const file = await open(ballast, 'w');
      try {
        // Down to the last block: what is left after whole chunks would do for many small writes.
        for (const piece of [chunk, chunk.subarray(0, 4_096)]) while (await isWritten(file, piece));
      } finally {
        await file.close();
      }
    },
    empty: () => rm(ballast, { force: true }),
    unmount: () => void spawnSync('umount', ['-l', path]),
  };
}

async function isWritten(file: Awaited<ReturnType<typeof open>>, piece: Buffer): Promise<boolean> {
  try {
    await file.writeFile(piece);
    return true;
  } catch {
    return false;
  }
}
