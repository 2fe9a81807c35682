import { randomBytes } from 'node:crypto';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** 256 bits: longer than the 32 characters that orchestrators ask for. */
const bytes = 32;

/** The key of the task tokens of this data folder, made at the first start. Only this user can read it. */
export async function ensureSecret(dataDir: string): Promise<string> {
  const file = join(dataDir, 'secret');
  const stored = (await readFile(file, 'utf8').catch(() => '')).trim();
  if (stored.length >= bytes) return stored;
  const secret = randomBytes(bytes).toString('base64url');
  await writeFile(`${file}.draft`, `${secret}\n`, { mode: 0o600 });
  await rename(`${file}.draft`, file);
  return secret;
}
