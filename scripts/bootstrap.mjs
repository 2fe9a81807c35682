/**
 * Makes a fresh clone ready to run: checks Node, installs the dependencies and compiles the services, each only when
 * needed. It runs before anything is installed, so it may import nothing but Node itself.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = join(dirname(fileURLToPath(import.meta.url)), '..');
export const cliMain = join(root, 'dist/apps/cli/src/main.js');

const oldestNode = [20, 19];
const at = (path) => join(root, path);
const installStamp = at('node_modules/.braid-install');
const buildStamp = at('dist/.braid-build');

/** Says what is wrong and what to do about it, without a stack, and ends the process with exit code 1. */
function stop(message) {
  console.error(`\nBraid: ${message}\n`);
  process.exit(1);
}

function requireNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > oldestNode[0] || (major === oldestNode[0] && minor >= oldestNode[1])) return;
  stop(
    `needs Node ${oldestNode.join('.')} or newer, this is ${process.versions.node}. Install a newer Node and repeat.`,
  );
}

const read = (path) => (existsSync(path) ? readFileSync(path, 'utf8') : undefined);
const modified = (path) => (existsSync(path) ? statSync(path).mtimeMs : 0);

/** Runs a command silently; when it fails, shows everything it printed and stops. */
function quietly(headline, command, args, hint) {
  const started = Date.now();
  process.stderr.write(`${headline} …`);
  const outcome = spawnSync(command, args, { cwd: root, encoding: 'utf8', maxBuffer: 2 ** 28 });
  if (outcome.status === 0) {
    process.stderr.write(` ${((Date.now() - started) / 1000).toFixed(1)} s\n`);
    return;
  }
  process.stderr.write(` failed\n\n${outcome.stdout ?? ''}${outcome.stderr ?? ''}${outcome.error?.message ?? ''}\n`);
  if (outcome.signal === 'SIGINT') process.exit(130);
  stop(hint);
}

/** npm as the program that started us, else the one on the PATH; `[command, leading arguments]`. */
function npm() {
  const script = process.env.npm_execpath;
  if (script !== undefined && /npm-cli\.[cm]?js$/.test(script)) return [process.execPath, [script]];
  return process.platform === 'win32' ? ['cmd.exe', ['/d', '/s', '/c', 'npm']] : ['npm', []];
}

/** Installs what package-lock.json names, unless exactly that was installed already. */
function install() {
  const lock = createHash('sha256')
    .update(readFileSync(at('package-lock.json')))
    .digest('hex');
  if (read(installStamp) === lock) return;
  // npm writes this file last, so it is newer than the lock file after any complete installation.
  if (modified(at('node_modules/.package-lock.json')) < modified(at('package-lock.json'))) {
    const [command, leading] = npm();
    quietly(
      'Installing dependencies (once)',
      command,
      [...leading, 'ci', '--include=dev', '--no-audit', '--no-fund'],
      'npm could not install the dependencies. The first lines above name the reason, most often the network.',
    );
  }
  writeFileSync(installStamp, lock);
}

const isSource = (name) => !/\.(spec|int-spec|e2e-spec)\.ts$/.test(name);

/** Every file that the compiled services depend on, in a stable order. */
function sources() {
  const found = readdirSync(root)
    .filter((name) => /^(tsconfig.*|nest-cli|package-lock)\.json$/.test(name))
    .map(at);
  const visit = (folder) => {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name);
      if (entry.isDirectory() && entry.name !== 'node_modules') visit(path);
      else if (entry.isFile() && isSource(entry.name)) found.push(path);
    }
  };
  ['apps', 'libs'].map(at).forEach(visit);
  return found.sort();
}

/** One hash over the names and contents of all sources: equal hashes mean that compiling again changes nothing. */
function fingerprint() {
  const hash = createHash('sha256');
  for (const path of sources())
    hash
      .update(`${relative(root, path)}\0`)
      .update(readFileSync(path))
      .update('\0');
  return hash.digest('hex');
}

/** Compiles all services in one pass, unless `dist` was compiled from these very sources. */
function build() {
  const wanted = fingerprint();
  if (read(buildStamp) === wanted && existsSync(cliMain)) return;
  rmSync(at('dist'), { recursive: true, force: true });
  quietly(
    'Compiling',
    process.execPath,
    [at('node_modules/@nestjs/cli/bin/nest.js'), 'build'],
    'the sources do not compile.',
  );
  writeFileSync(buildStamp, wanted);
}

/** Leaves the working copy installed and compiled; returns quickly when it already is. */
export function bootstrap() {
  requireNode();
  install();
  build();
}
