import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** The folders of the packages that are installed directly below a `node_modules`; empty where there is none. */
export async function installedPackages(root: string): Promise<readonly { name: string; folder: string }[]> {
  const modules = join(root, 'node_modules');
  const names = await readdir(modules).catch(() => []);
  const found: { name: string; folder: string }[] = [];
  for (const name of names.filter((each) => !each.startsWith('.')).sort()) {
    if (!name.startsWith('@')) found.push({ name, folder: join(modules, name) });
    else
      for (const inner of (await readdir(join(modules, name))).sort())
        found.push({ name: `${name}/${inner}`, folder: join(modules, name, inner) });
  }
  return found;
}

/** A JSON file, or undefined where there is none that can be read. */
export async function readJson(path: string): Promise<Record<string, unknown> | undefined> {
  try {
    const value: unknown = JSON.parse(await readFile(path, 'utf8'));
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
