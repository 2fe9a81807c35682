import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { subjects } from '@braid/contracts';
import { eventually, openStage, type Stage } from './runner.fixture';

const main = resolve(__dirname, '../../../dist/apps/agent-runner/src/main.js');

type RunnerProcess = { readonly child: ChildProcess; readonly lines: () => string; readonly health: string };

let stage: Stage;
let home: string;
const children: ChildProcess[] = [];

beforeEach(async () => {
  stage = await openStage();
  home = await mkdtemp(join(tmpdir(), 'braid-runner-e2e-'));
  await mkdir(join(home, 'agents'));
  await mkdir(join(home, 'tmp'));
  await writeFile(
    join(home, 'agents', 'own.ts'),
    `import { defineAgent } from '@braid/sdk';
     export const scratch = defineAgent({
       name: 'own.scratch',
       run: async (input: { ms: number }, ctx) => {
         const { writeFile } = await import('node:fs/promises');
         await writeFile(ctx.scratchDir + '/kept.txt', 'x');
         await new Promise((resolve) => setTimeout(resolve, input.ms));
         return { by: 'own.scratch', deadline: ctx.deadline > Date.now() };
       },
     });
     export const stray = defineAgent({
       name: 'own.stray',
       run: () => { void Promise.reject(new Error('forgotten')); return 'fine'; },
     });`,
  );
  await writeFile(join(home, 'agents', 'broken.ts'), `import 'no-such-package';`);
});

afterEach(async () => {
  for (const child of children.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  }
  await stage.close();
  await rm(home, { recursive: true, force: true });
});

async function startProcess(name: string, settings: Record<string, string> = {}): Promise<RunnerProcess> {
  const child = spawn(process.execPath, [main], {
    cwd: home,
    env: {
      PATH: process.env['PATH'] ?? '',
      TMPDIR: join(home, 'tmp'),
      NATS_URL: stage.nats.url,
      BRAID_INSTANCE: name,
      BRAID_AGENTS_DIR: 'agents',
      BRAID_SLOTS: '4',
      BRAID_HEARTBEAT_INTERVAL: '300ms',
      ...settings,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.push(child);
  let text = '';
  child.stdout.on('data', (chunk) => (text += String(chunk)));
  child.stderr.on('data', (chunk) => (text += String(chunk)));
  const health = await eventually(() => {
    if (child.exitCode !== null) throw new Error(`the runner ended: ${text}`);
    return /"health":"([^"]+)"/.exec(text)?.[1];
  }, 30_000);
  return { child, lines: () => text, health };
}

const reportOf = (workflow: string, ms?: number) =>
  eventually(() => stage.reports.find((report) => report.workflow === workflow), ms);

test('a runner serves its own agents, says how it is, and ends in order at SIGTERM', async () => {
  const runner = await startProcess('r1');
  const work = await stage.send({ agent: 'own.scratch', input: { ms: 0 } });
  await expect(reportOf(work.workflow)).resolves.toMatchObject({
    runner: 'r1',
    output: { by: 'own.scratch', deadline: true },
  });
  expect(runner.lines()).toContain('no-such-package');
  const ready = await fetch(`${runner.health}/health/ready`);
  expect([ready.status, await ready.json()]).toEqual([200, { status: 'ok', checks: { nats: 'ok', runner: 'ok' } }]);
  const metrics = await (await fetch(`${runner.health}/metrics`)).text();
  expect(metrics).toContain('braid_runner_attempts_total{agent="own.scratch",outcome="completed"');
  const running = await stage.send({ agent: 'own.scratch', input: { ms: 700 } });
  await eventually(() =>
    stage.beats.some(({ attempts }) => attempts.some(({ workflow }) => workflow === running.workflow)),
  );
  const exited = once(runner.child, 'exit');
  runner.child.kill('SIGTERM');
  await expect(exited).resolves.toEqual([0, null]);
  await expect(reportOf(running.workflow)).resolves.toMatchObject({ type: 'BranchCompleted' });
}, 60_000);

test('a cancel signal on NATS stops the attempt in whatever runner has it', async () => {
  await startProcess('r1');
  const work = await stage.send({ agent: 'builtin.sleep', input: { seconds: 60 }, branch: 'f/a' });
  await eventually(() => stage.beats.length > 0);
  stage.bus.emit(subjects.cancel, { workflow: work.workflow, attempts: [work], reason: 'converged' });
  await eventually(async () => (await stage.queued()) === 0);
  expect(stage.reports).toEqual([]);
}, 60_000);

test('the work of a runner that was killed is done by another, which also clears away what it left', async () => {
  const doomed = await startProcess('doomed');
  const work = await stage.send({ agent: 'own.scratch', input: { ms: 3_000 } });
  await eventually(() => stage.beats.some(({ runner }) => runner === 'doomed'));
  const exited = once(doomed.child, 'exit');
  doomed.child.kill('SIGKILL');
  await exited;
  const leftover = async () =>
    (await readdir(join(home, 'tmp'), { recursive: true })).filter((path) => path.includes(`-${doomed.child.pid}-`));
  expect(await leftover()).not.toEqual([]);
  await startProcess('heir');
  await expect(reportOf(work.workflow, 30_000)).resolves.toMatchObject({ runner: 'heir', type: 'BranchCompleted' });
  expect(await leftover()).toEqual([]);
}, 90_000);

test('a promise that an agent forgot is logged and harms nobody', async () => {
  const runner = await startProcess('r1');
  const works = [await stage.send({ agent: 'own.stray' }), await stage.send({ agent: 'own.stray' })];
  for (const { workflow } of works) await expect(reportOf(workflow)).resolves.toMatchObject({ output: 'fine' });
  expect(runner.child.exitCode).toBeNull();
}, 60_000);

test('settings that cannot work end the start with what to change', async () => {
  const child = spawn(process.execPath, [main], {
    cwd: home,
    env: { BRAID_SLOTS: 'many' },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  children.push(child);
  let text = '';
  child.stderr.on('data', (chunk) => (text += String(chunk)));
  const [code] = (await once(child, 'exit')) as [number];
  expect([code, text]).toEqual([1, expect.stringContaining('BRAID_SLOTS: "many" is not a whole number')]);
}, 30_000);
