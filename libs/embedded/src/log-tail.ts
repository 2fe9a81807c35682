import { open } from 'node:fs/promises';

const TAIL = 4096;

/** The end of what was written to a log from `offset` on, at most 4 KiB; empty when there is none. */
export async function logTail(path: string, offset: number): Promise<string> {
  const file = await open(path, 'r').catch(() => undefined);
  if (file === undefined) return '';
  try {
    const { size } = await file.stat();
    const from = Math.max(offset, size - TAIL);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(Math.max(0, size - from)), 0, size - from, from);
    return buffer.subarray(0, bytesRead).toString('utf8').trim();
  } finally {
    await file.close();
  }
}
