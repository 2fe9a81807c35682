import { randomBytes } from 'node:crypto';
import { open, readFile, rename } from 'node:fs/promises';
import { errno } from './errors';

/** The passwords of one server's users, by user name. */
export type Secrets<User extends string> = Readonly<Record<User, string>>;

/** 192 random bits, safe in a URL and in a quoted string. */
const password = (): string => randomBytes(24).toString('base64url');

/** The stored passwords, `undefined` when the file is missing or does not hold one for every user. */
export async function readSecrets<User extends string>(
  path: string,
  users: readonly User[],
): Promise<Secrets<User> | undefined> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    if (errno(error) === 'ENOENT') return undefined;
    throw error;
  });
  if (text === undefined) return undefined;
  const stored = parse(text);
  const found = users.map((user) => [user, stored.get(user)] as const);
  if (found.some(([, value]) => typeof value !== 'string' || value === '')) return undefined;
  return Object.fromEntries(found) as Secrets<User>;
}

/** Makes new random passwords and stores them so that only the present user can read them. */
export async function createSecrets<User extends string>(path: string, users: readonly User[]): Promise<Secrets<User>> {
  const secrets = Object.fromEntries(users.map((user) => [user, password()])) as Secrets<User>;
  const draft = `${path}.draft`;
  const file = await open(draft, 'w', 0o600);
  try {
    await file.chmod(0o600);
    await file.writeFile(`${JSON.stringify(secrets)}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(draft, path);
  return secrets;
}

function parse(text: string): ReadonlyMap<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return new Map(typeof value === 'object' && value !== null ? Object.entries(value) : []);
  } catch {
    return new Map();
  }
}
