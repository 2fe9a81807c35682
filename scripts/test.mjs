/**
 * `npm test [-- jest options]`: prepares the working copy, then runs the unit, integration and end-to-end tests one
 * after the other, and, without options, a short chaos run. The exit code is 0 only if tests ran and none failed.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bootstrap, root } from './bootstrap.mjs';

const projects = [
  ['unit', 'Unit tests', '100%'],
  // They wait for servers, redeliveries and leases most of the time: so many at once, whatever the machine.
  ['int', 'Integration tests (real PostgreSQL and NATS)', '3'],
  ['e2e', 'End-to-end tests (the services as processes)', '2'],
];
const jest = join(root, 'node_modules/jest/bin/jest.js');
const seconds = (since) => `${((Date.now() - since) / 1000).toFixed(1)} s`;

/** A seed that kills, freezes and wipes most kinds of things; a busy machine gets more time than a release is given. */
const chaos = [join(root, 'scripts/chaos-run.mjs'), '--seed', '1', '--quiet', '120'];

/** Runs a program to its end; jest stops its servers itself when the terminal interrupts it. */
function run(args) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { cwd: root, stdio: 'inherit' });
    const forward = (signal) => child.kill(signal);
    process.once('SIGTERM', forward);
    child.on('error', reject);
    child.on('exit', (code, signal) => {
      process.removeListener('SIGTERM', forward);
      resolve({ code: code ?? 1, interrupted: signal !== null || code === 130 });
    });
  });
}

function runJest(project, outputFile, workers) {
  const options = [`--maxWorkers=${workers}`, '--passWithNoTests', '--json', `--outputFile=${outputFile}`];
  // `--selectProjects` takes every word that follows, so it comes last.
  return run([jest, ...process.argv.slice(2), ...options, '--selectProjects', project]);
}

/** What jest counted; a file that could not run is one failure, and so is a jest that reported nothing. */
function count(outputFile, code) {
  if (!existsSync(outputFile)) return { passed: 0, failed: 1 };
  const report = JSON.parse(readFileSync(outputFile, 'utf8'));
  const failed = report.numFailedTests + report.numRuntimeErrorTestSuites;
  return { passed: report.numPassedTests, failed: failed === 0 && code !== 0 ? 1 : failed };
}

bootstrap();
process.on('SIGINT', () => {});

const started = Date.now();
const scratch = mkdtempSync(join(tmpdir(), 'braid-test-'));
const total = { passed: 0, failed: 0 };
let interrupted = false;
try {
  for (const [project, title, workers] of projects) {
    console.log(`\n=== ${title} ===\n`);
    const outputFile = join(scratch, `${project}.json`);
    const outcome = await runJest(project, outputFile, workers);
    const { passed, failed } = count(outputFile, outcome.code);
    total.passed += passed;
    total.failed += failed;
    interrupted = outcome.interrupted;
    if (interrupted) break;
  }
  if (!interrupted && process.argv.length === 2) {
    console.log('\n=== Chaos (see test/chaos/README.md) ===\n');
    const outcome = await run(chaos);
    interrupted = outcome.interrupted;
    total[outcome.code === 0 ? 'passed' : 'failed'] += 1;
  }
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
console.log(`\nAll tests took ${seconds(started)}${interrupted ? ' and were interrupted' : ''}`);
console.log(`${total.passed} passed, ${total.failed} failed`);
process.exitCode = interrupted ? 130 : total.failed > 0 || total.passed === 0 ? 1 : 0;
