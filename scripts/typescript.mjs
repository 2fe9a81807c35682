// Lets this process require TypeScript, compiled as the tests compile it. `BRAID_MUTANT` is a change to one file,
// as JSON: `{ file, from, to }`.
import { readFileSync } from 'node:fs';
import { createRequire, Module } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { transformSync } from '@swc/core';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const jest = createRequire(import.meta.url)('../jest.config.js');
const options = jest.projects[0].transform['^.+\\.(ts|js|mjs)$'][1];

process.setSourceMapsEnabled(true);

const resolve = Module._resolveFilename;
Module._resolveFilename = function (request, ...rest) {
  const [, library, rules] = /^@braid\/([^/]+)(\/decide)?$/.exec(request) ?? [];
  const path =
    library === undefined ? request : join(root, 'libs', library, rules ? 'src/decide/index.ts' : 'src/index.ts');
  return resolve.call(this, path, ...rest);
};
const mutant = JSON.parse(process.env['BRAID_MUTANT'] ?? 'null');
function sourceOf(path) {
  const text = readFileSync(path, 'utf8');
  return mutant !== null && path === join(root, mutant.file) ? text.replace(mutant.from, () => mutant.to) : text;
}

Module._extensions['.ts'] = (module, path) => {
  const { code } = transformSync(sourceOf(path), { ...options, filename: path });
  module._compile(code, path);
};
