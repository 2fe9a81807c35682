/**
 * `npm run test:mutants [-- part of a name …]`: breaks a copy of the repository in the ways of test/chaos/mutants.mjs, one
 * after the other, and reports which checks noticed. The exit code is 0 when all did.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import ts from 'typescript';
import { mutants } from '../test/chaos/mutants.mjs';
import { bootstrap, root } from './bootstrap.mjs';

const limitMs = 10 * 60_000;

/** The sources as they are now and what was compiled of them; dependencies are shared. */
function copyOf(repository) {
  const copy = mkdtempSync(join(tmpdir(), 'braid-mutants-'));
  const list = spawnSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
    cwd: repository,
    encoding: 'utf8',
  });
  if (list.status !== 0) throw new Error(`git ls-files failed: ${list.stderr}`);
  for (const path of list.stdout.split('\n').filter(Boolean)) {
    mkdirSync(dirname(join(copy, path)), { recursive: true });
    cpSync(join(repository, path), join(copy, path));
  }
  cpSync(join(repository, 'dist'), join(copy, 'dist'), { recursive: true });
  symlinkSync(join(repository, 'node_modules'), join(copy, 'node_modules'));
  return copy;
}

/** Compiles one file to where the build puts it, with imports of libraries as the build writes them. */
function compile(copy, file) {
  const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), (path) => readFileSync(path, 'utf8'));
  const compilerOptions = { ...config.compilerOptions, module: 'commonjs', moduleResolution: 'node10' };
  const { outputText } = ts.transpileModule(readFileSync(join(copy, file), 'utf8'), {
    compilerOptions,
    fileName: file,
  });
  const library = (_, name) => {
    const [lib, door = ''] = name.split('/');
    return `require(${JSON.stringify(join(copy, 'dist/libs', lib, 'src', door, 'index.js'))})`;
  };
  const text = outputText.replace(/require\("@braid\/([^"]+)"\)/g, library);
  writeFileSync(join(copy, 'dist', file.replace(/\.ts$/, '.js')), text);
}

/** Runs the check of a mutant; true when it failed, as it must. */
function isNoticed(copy, { jest, chaos }) {
  const run = (args) =>
    spawnSync(process.execPath, args, { cwd: copy, encoding: 'utf8', timeout: limitMs, maxBuffer: 2 ** 28 });
  if (chaos !== undefined) {
    const { status, stdout, stderr } = run(['scripts/chaos-run.mjs', '--seed', String(chaos), '--quiet', '40']);
    const kept = /kept in (\S+)/.exec(stdout)?.[1];
    if (kept !== undefined) rmSync(kept, { recursive: true, force: true });
    return { noticed: status === 1, why: /broken: (.*)/.exec(stdout)?.[1] ?? stderr.slice(-300) };
  }
  const [project, file, test] = jest;
  const args = ['node_modules/jest/bin/jest.js', `--selectProjects=${project}`, '--testPathPatterns', file];
  const { status, stderr } = run([
    ...args,
    ...(test === '' ? [] : ['--testNamePattern', test]),
    '--silent',
    '--forceExit',
  ]);
  const failed = [...stderr.matchAll(/● (.*)/g)].map(([, name]) => name);
  return { noticed: status === 1 && failed.length > 0, why: failed[0] ?? stderr.slice(-300) };
}

bootstrap();
const wanted = process.argv.slice(2);
const chosen = mutants.filter(({ name }) => wanted.length === 0 || wanted.some((part) => name.includes(part)));
const copy = copyOf(root);
let survivors = 0;
try {
  for (const mutant of chosen) {
    const path = join(copy, mutant.file);
    const source = readFileSync(path, 'utf8');
    if (source.split(mutant.from).length !== 2) {
      survivors += 1;
      console.log(`STALE     ${mutant.name}: ${mutant.file} does not hold its text exactly once`);
      continue;
    }
    const built = join(copy, 'dist', mutant.file.replace(/\.ts$/, '.js'));
    const compiled = readFileSync(built);
    writeFileSync(
      path,
      source.replace(mutant.from, () => mutant.to),
    );
    compile(copy, mutant.file);
    const { noticed, why } = isNoticed(copy, mutant);
    if (!noticed) survivors += 1;
    console.log(`${noticed ? 'caught  ' : 'SURVIVED'}  ${mutant.name}: ${why}`);
    writeFileSync(path, source);
    writeFileSync(built, compiled);
  }
} finally {
  rmSync(copy, { recursive: true, force: true });
}
console.log(`${chosen.length - survivors} of ${chosen.length} mutants were caught`);
process.exitCode = survivors === 0 && chosen.length > 0 ? 0 : 1;
