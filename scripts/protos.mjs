/**
 * Makes the TypeScript of the protos in libs/contracts/proto. With --check it changes nothing and fails when what is there is
 * not what they give, or when they break the rules of libs/contracts/buf.yaml.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const contracts = join(root, 'libs/contracts');
const bin = join(root, 'node_modules/.bin');
const env = { ...process.env, PATH: `${bin}${delimiter}${process.env.PATH ?? ''}` };

/** @param {readonly string[]} args */
function buf(...args) {
  execFileSync(join(bin, 'buf'), args, { cwd: contracts, env, stdio: 'inherit' });
}

/** The generated files below a folder, by their path in it. */
function filesIn(/** @type {string} */ folder) {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return new Map(
    entries.map((entry) => {
      const path = join(entry.parentPath, entry.name);
      return [relative(folder, path), readFileSync(path, 'utf8')];
    }),
  );
}

function generate(/** @type {string} */ into) {
  buf('generate', '--output', into);
  for (const [path, text] of filesIn(join(into, 'src/gen'))) {
    // Our own rules say which folders are checked; no file switches them off for itself.
    writeFileSync(join(into, 'src/gen', path), text.replace('/* eslint-disable */\n', ''));
  }
}

function check() {
  buf('lint');
  buf('format', '--diff', '--exit-code');
  const scratch = mkdtempSync(join(tmpdir(), 'braid-protos-'));
  try {
    generate(scratch);
    const fresh = filesIn(join(scratch, 'src/gen'));
    const here = filesIn(join(contracts, 'src/gen'));
    const stale = [...new Set([...fresh.keys(), ...here.keys()])].filter((path) => fresh.get(path) !== here.get(path));
    if (stale.length === 0) return;
    process.stderr.write(
      `libs/contracts/src/gen is not what the protos give: ${stale.join(', ')}; run npm run protos\n`,
    );
    process.exitCode = 1;
  } finally {
    rmSync(scratch, { recursive: true });
  }
}

if (process.argv.includes('--check')) check();
else generate(contracts);
