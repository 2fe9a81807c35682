import { defineAgent } from '@braid/sdk';
import { join } from 'node:path';
import { pathInput, type PathInput } from './_files';
import { readJson } from './_packages';

type Locked = {
  readonly version?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly dev?: boolean;
};

/** Reads package-lock.json: how many packages, how deep, and which come in several versions. */
export default defineAgent<PathInput>({
  name: 'audit.dependency-tree',
  description: 'Shape of the dependency tree',
  inputSchema: pathInput,
  async run({ path }) {
    const manifest = await readJson(join(path, 'package.json'));
    const lock = await readJson(join(path, 'package-lock.json'));
    const packages = (lock?.['packages'] ?? {}) as Readonly<Record<string, Locked>>;
    const direct = [...namesIn(manifest?.['dependencies']), ...namesIn(manifest?.['devDependencies'])];
    const versions = new Map<string, Set<string>>();
    for (const [place, { version }] of Object.entries(packages)) {
      const name = place.split('node_modules/').at(-1) ?? '';
      if (place === '' || version === undefined) continue;
      versions.set(name, (versions.get(name) ?? new Set()).add(version));
    }
    const several = [...versions].filter(([, found]) => found.size > 1);
    const production = Object.entries(packages).filter(([place, { dev }]) => place !== '' && dev !== true).length;
    return {
      direct: direct.length,
      all: Math.max(0, Object.keys(packages).length - 1),
      production,
      deepest: longestChain(direct, packages),
      several: several
        .sort(([, a], [, b]) => b.size - a.size)
        .slice(0, 6)
        .map(([name, found]) => ({ name, versions: [...found].sort() })),
    };
  },
});

const namesIn = (record: unknown) => Object.keys(typeof record === 'object' && record !== null ? record : {});

/** The longest way from a direct dependency down, along first visits. */
function longestChain(direct: readonly string[], packages: Readonly<Record<string, Locked>>): readonly string[] {
  const seen = new Set<string>();
  let level = direct.map((name) => [name]);
  let longest: readonly string[] = [];
  while (level.length > 0) {
    longest = level[0] ?? longest;
    level = level.flatMap((chain) => {
      const name = chain.at(-1) ?? '';
      if (seen.has(name)) return [];
      seen.add(name);
      return namesIn(packages[`node_modules/${name}`]?.dependencies)
        .filter((next) => !seen.has(next))
        .map((next) => [...chain, next]);
    });
  }
  return longest;
}
