import { readdir, readFile, stat } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';

/** What agents that look at a whole repository are asked with. */
export const pathInput = {
  type: 'object',
  required: ['path'],
  properties: { path: { type: 'string', minLength: 1 } },
} as const;

export type PathInput = { readonly path: string };

/** Made by tools or fetched from elsewhere: no part of what people wrote. */
const foreign = new Set(['.git', 'node_modules', 'dist', 'build', 'coverage', '.braid', '.cache', '.venv', 'target']);
const text =
  /\.(c|cjs|cpp|css|cts|go|h|html|java|js|json|jsx|kt|md|mjs|mts|proto|py|rb|rs|scss|sh|sql|svg|toml|ts|tsx|txt|xml|ya?ml)$/;
/** A file beyond this was hardly written by hand. */
const largest = 1_000_000;

/** The text files of a repository, relative to `root`, in a stable order. */
export async function sourceFiles(root: string, signal: AbortSignal): Promise<readonly string[]> {
  const found: string[] = [];
  const visit = async (folder: string): Promise<void> => {
    signal.throwIfAborted();
    for (const entry of await readdir(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name);
      if (entry.isDirectory() && !foreign.has(entry.name)) await visit(path);
      else if (entry.isFile() && text.test(entry.name) && entry.name !== 'package-lock.json') found.push(path);
    }
  };
  await visit(root);
  return found.map((path) => relative(root, path).split(sep).join('/')).sort();
}

/** Each file with its lines; what is too large or cannot be read is left out. */
export async function* readLines(
  root: string,
  files: readonly string[],
  signal: AbortSignal,
): AsyncGenerator<{ readonly file: string; readonly lines: readonly string[] }> {
  for (const file of files) {
    signal.throwIfAborted();
    const path = join(root, file);
    const size = await stat(path).then(
      (found) => found.size,
      () => Infinity,
    );
    if (size <= largest) yield { file, lines: (await readFile(path, 'utf8')).split('\n') };
  }
}

export const isCode = (file: string) => /\.([cm]?[jt]sx?|py|go|rs|java|rb|c|cpp|kt|sh|sql)$/.test(file);
export const isTest = (file: string) => /\.(spec|test|int-spec|e2e-spec)\.[cm]?[jt]sx?$|_test\.\w+$/.test(file);

/** The first `count` entries of a tally, the largest first. */
export function top(tally: ReadonlyMap<string, number>, count: number) {
  const sorted = [...tally].sort(([a, x], [b, y]) => y - x || a.localeCompare(b));
  return sorted.slice(0, count).map(([name, amount]) => ({ name, amount }));
}

export function add(tally: Map<string, number>, name: string, amount = 1): void {
  tally.set(name, (tally.get(name) ?? 0) + amount);
}
