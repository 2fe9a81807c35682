import { appendFile, readFile } from 'node:fs/promises';

/** What was done, and the key under which: the same key again is the same deed. */
export type Entry = { readonly key: string; readonly did: 'book' | 'cancel' | 'pay'; readonly what: string };

/** Writes into a file of JSON lines what was done, once per key, and answers what stands there. */
export async function note(path: string, entry: Entry): Promise<Entry> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return '';
    throw error;
  });
  const lines = text.split('\n').filter((line) => line !== '');
  const noted = lines.map((line) => JSON.parse(line) as Entry).find(({ key }) => key === entry.key);
  if (noted) return noted;
  await appendFile(path, `${JSON.stringify(entry)}\n`);
  return entry;
}
