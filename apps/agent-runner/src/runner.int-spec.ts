import { existsSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { type Agent } from '@braid/agents';
import { type ReportMessage, subjects } from '@braid/contracts';
import { ensureAgentConsumer } from '@braid/messaging';
import { eventually, openStage, type Stage, workMessage } from './runner.fixture';

let stage: Stage;
beforeEach(async () => {
  stage = await openStage();
});
afterEach(() => stage.close());

const reportOf = (workflow: string) => eventually(() => stage.reports.find((report) => report.workflow === workflow));
const failureOf = async (workflow: string) => {
  const report = await reportOf(workflow);
  if (report.type !== 'BranchFailed') throw new Error(`completed with ${JSON.stringify(report.output)}`);
  return report.failure;
};
const emptyQueue = () => eventually(async () => (await stage.queued()) === 0);

/** An agent that runs until it is stopped, and tells what it saw. */
function patient(name = 'test.patient') {
  const begun: string[] = [];
  const stopped: string[] = [];
  const agent: Agent = {
    name,
    run: (work, ctx) =>
      new Promise((_resolve, reject) => {
        begun.push(work.workflow);
        ctx.signal.addEventListener('abort', () => {
          stopped.push(work.workflow);
          reject(ctx.signal.reason instanceof Error ? ctx.signal.reason : new Error('aborted'));
        });
      }),
  };
  return { agent, begun, stopped };
}

test('work is run and reported with its token, and leaves the queue', async () => {
  const { runner } = await stage.runner({ name: 'r1' });
  const work = await stage.send({ input: { hello: 'wörld' } });
  await expect(reportOf(work.workflow)).resolves.toMatchObject({
    type: 'BranchCompleted',
    branch: 'root',
    step: 's1',
    attempt: 1,
    token: 'task-token',
    runner: 'r1',
    output: { hello: 'wörld' },
  });
  await emptyQueue();
  expect(runner.running).toBe(true);
});

test('a failure says where it happened and how to go on', async () => {
  await stage.runner({ name: 'r1' });
  const input = { message: 'no luck', type: 'Unlucky', code: 'rate-limited', retryAfter: 900 };
  const work = await stage.send({ agent: 'builtin.fail', branch: 'a/b', step: 's9', attempt: 3, input });
  await expect(failureOf(work.workflow)).resolves.toMatchObject({
    ...input,
    retryable: true,
    branch: 'a/b',
    step: 's9',
    attempt: 3,
    agent: 'builtin.fail',
    runner: 'r1',
    stack: expect.stringContaining('Unlucky: no luck'),
    at: expect.any(Number),
  });
});

// Seen to fail with the usage left out of reports of failed attempts.
test('what an attempt used is reported, completed or failed or out of time', async () => {
  await stage.runner();
  const usage = { tokens: 7 };
  const sent = [
    { agent: 'builtin.flaky', input: { failures: 1, usage } },
    { agent: 'builtin.flaky', input: { failures: 1, usage }, attempt: 2 },
    { agent: 'builtin.sleep', input: { seconds: 60, usage }, timeout: 120 },
    { agent: 'builtin.echo', input: {} },
  ];
  const reports = await Promise.all(sent.map(async (given) => reportOf((await stage.send(given)).workflow)));
  expect(reports.map((report) => [report.type, report.usage])).toEqual([
    ['BranchFailed', usage],
    ['BranchCompleted', usage],
    ['BranchFailed', usage],
    ['BranchCompleted', undefined],
  ]);
});

test('an attempt that runs out of time is stopped and failed with the figure', async () => {
  await stage.runner();
  const work = await stage.send({ agent: 'builtin.sleep', input: { seconds: 60 }, timeout: 120 });
  await expect(failureOf(work.workflow)).resolves.toMatchObject({
    type: 'TimeoutError',
    code: 'timeout',
    retryable: true,
    message: expect.stringContaining('120 ms'),
  });
});

test('a cancelled attempt is stopped at once, leaves the queue and is not reported', async () => {
  const { agent, begun, stopped } = patient();
  const { runner } = await stage.runner({ agents: [agent] });
  const work = await stage.send({ agent: agent.name, branch: 'f/a' });
  const sibling = await stage.send({ agent: agent.name, branch: 'f/b', workflow: work.workflow });
  await eventually(() => begun.length === 2);
  runner.cancel({ workflow: work.workflow, attempts: [{ ...work, branch: 'f/a' }], reason: 'converged' });
  await eventually(async () => (await stage.queued()) === 1);
  expect(stopped).toEqual([work.workflow]);
  expect(stage.reports).toEqual([]);
  runner.cancel({ workflow: sibling.workflow, reason: 'workflow-cancelled' });
  await emptyQueue();
});

test('work that arrives after its cancel signal is not begun', async () => {
  const { agent, begun } = patient();
  const { runner } = await stage.runner({ agents: [agent] });
  const work = workMessage({ agent: agent.name });
  runner.cancel({ workflow: work.workflow, attempts: [work], reason: 'converged' });
  await stage.send(work);
  await emptyQueue();
  expect([begun, stage.reports]).toEqual([[], []]);
});

test('work that is too late to start fails for lack of a slot', async () => {
  await stage.runner();
  const work = await stage.send({ startBefore: Date.now() - 1 });
  await expect(failureOf(work.workflow)).resolves.toMatchObject({ code: 'no-slot', retryable: true });
});

test('what is no work becomes a dead letter and harms nothing else', async () => {
  await stage.runner();
  const bodies = [
    '',
    'nonsense',
    '{}',
    '[1',
    JSON.stringify(workMessage({ agent: 'other' })),
    '\u0000',
    '{"type":'.repeat(400),
  ];
  for (const body of bodies) await stage.bus.publisher.publish(subjects.work('builtin.echo'), body);
  await eventually(async () => (await stage.deadLetters()) === bodies.length);
  const work = await stage.send({});
  await expect(reportOf(work.workflow)).resolves.toMatchObject({ type: 'BranchCompleted' });
  await emptyQueue();
});

test('work that killed its runners again and again is given up', async () => {
  const { agent, begun } = patient();
  const work = await stage.send({ agent: agent.name });
  let deliveries = 0;
  const doomed = stage.bus.openIntake({
    consumer: await ensureAgentConsumer(stage.bus, agent.name),
    slots: 1,
    handler: (delivery) => {
      deliveries = delivery.deliveryCount;
      delivery.nak(deliveries < 5 ? 1 : 200);
      doomed.release();
    },
  });
  await eventually(() => deliveries === 5);
  await doomed.stop();
  await stage.runner({ agents: [agent] });
  await expect(failureOf(work.workflow)).resolves.toMatchObject({ code: 'runner-lost', retryable: false });
  expect(begun).toEqual([]);
});

test('an agent that must not be run twice is not run again after its runner was lost', async () => {
  const { agent, begun } = patient();
  const careful: Agent = { ...agent, idempotent: false };
  const first = await stage.runner({ agents: [careful], drainTimeoutMs: 50 });
  const work = await stage.send({ agent: agent.name });
  await eventually(() => begun.length === 1);
  await first.stop();
  await stage.runner({ agents: [careful] });
  await expect(failureOf(work.workflow)).resolves.toMatchObject({
    code: 'runner-lost',
    message: expect.stringContaining('idempotent'),
  });
  expect(begun).toHaveLength(1);
});

test('a runner says which attempts live, within 50 ms and then at the interval', async () => {
  await stage.runner({ name: 'r1' });
  const work = await stage.send({ agent: 'builtin.sleep', input: { ms: 1_000 } });
  const quick = await stage.send({ agent: 'builtin.echo' });
  await reportOf(work.workflow);
  const attempts = stage.beats.flatMap((beat) => beat.attempts);
  expect(attempts.filter(({ workflow }) => workflow === work.workflow).length).toBeGreaterThanOrEqual(3);
  expect(attempts.filter(({ workflow }) => workflow === quick.workflow)).toEqual([]);
  expect(stage.beats[0]).toMatchObject({ runner: 'r1', attempts: [{ branch: 'root', step: 's1', attempt: 1 }] });
});

test('no more work is taken than there are slots', async () => {
  const { agent, begun } = patient();
  const { runner } = await stage.runner({ agents: [agent], slots: 2 });
  const other = patient();
  await stage.runner({ agents: [other.agent], slots: 1 });
  for (let n = 0; n < 6; n++) await stage.send({ agent: agent.name });
  await eventually(() => begun.length === 2 && other.begun.length === 1);
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect([begun.length, other.begun.length]).toEqual([2, 1]);
  for (const workflow of [...begun]) runner.cancel({ workflow, reason: 'test' });
  await eventually(() => begun.length === 4);
});

test('each attempt has an empty scratch folder of its own, which is gone afterwards', async () => {
  const seen: { path: string; mode: number; content: string[] }[] = [];
  const agent: Agent = {
    name: 'test.scratch',
    async run(_work, ctx) {
      const path = ctx.scratchDir;
      seen.push({ path, mode: statSync(path).mode & 0o777, content: readdirSync(path) });
      writeFileSync(join(path, 'secret.txt'), 'x');
      return null;
    },
  };
  await stage.runner({ agents: [agent] });
  const works = [await stage.send({ agent: agent.name }), await stage.send({ agent: agent.name })];
  for (const { workflow } of works) await reportOf(workflow);
  expect(new Set(seen.map(({ path }) => path)).size).toBe(2);
  expect(seen.map(({ mode, content }) => ({ mode, content }))).toEqual(Array(2).fill({ mode: 0o700, content: [] }));
  expect(seen.filter(({ path }) => existsSync(path))).toEqual([]);
});

test('an output over the limit is a failure that names the setting', async () => {
  await stage.runner();
  const work = await stage.send({ input: 'x'.repeat(100_001) });
  await expect(failureOf(work.workflow)).resolves.toMatchObject({
    code: 'limit',
    retryable: false,
    message: expect.stringContaining('BRAID_MAX_OUTPUT_BYTES'),
  });
});

test('an output of several megabytes arrives whole', async () => {
  const agent: Agent = { name: 'test.large', run: async () => 'y'.repeat(6_000_000) };
  await stage.runner({ agents: [agent], maxOutputBytes: 8_000_000 });
  const work = await stage.send({ agent: agent.name, input: 'x'.repeat(2_000_000) });
  const report = await reportOf(work.workflow);
  expect(report.type === 'BranchCompleted' && (report.output as string).length).toBe(6_000_000);
});

test('a report that the server does not take becomes a failure instead of a loop', async () => {
  const agent: Agent = { name: 'test.big', run: async () => 'x'.repeat(34_000_000) };
  await stage.runner({ agents: [agent], maxOutputBytes: 100_000_000 });
  const work = await stage.send({ agent: agent.name });
  await expect(failureOf(work.workflow)).resolves.toMatchObject({ code: 'limit' });
});

test('secrets are resolved in the runner and are in nothing that leaves it', async () => {
  const agent: Agent = {
    name: 'test.leaky',
    async run(work, ctx) {
      ctx.log(`got ${JSON.stringify(work.input)}`);
      if (work.attempt === 2)
        throw new TypeError(`refused ${JSON.stringify(work.input)}`, { cause: new Error('canary-3f9a') });
      return { said: work.input, base64: Buffer.from('canary-3f9a').toString('base64') };
    },
  };
  const { lines } = await stage.runner({ agents: [agent] });
  const input = { header: { $text: ['Bearer ', { $secret: 'TOKEN' }] }, key: { $secret: 'TOKEN' } };
  const works = [
    await stage.send({ agent: agent.name, input }),
    await stage.send({ agent: agent.name, input, attempt: 2 }),
    await stage.send({ agent: agent.name, input: { $secret: 'UNKNOWN' } }),
  ];
  const reports: ReportMessage[] = [];
  for (const { workflow } of works) reports.push(await reportOf(workflow));
  expect(reports[0]).toMatchObject({ output: { said: { header: 'Bearer ***', key: '***' }, base64: '***' } });
  expect(reports[1]).toMatchObject({ failure: { type: 'TypeError', cause: { message: '***' } } });
  expect(reports[2]).toMatchObject({
    failure: { code: 'invalid-input', message: expect.stringContaining('BRAID_SECRET_UNKNOWN') },
  });
  expect(lines()).toContain('Bearer ***');
  expect(JSON.stringify(reports) + lines()).not.toMatch(/canary|Y2FuYXJ5/);
});

test('a draining runner finishes what it has begun and takes nothing new', async () => {
  const draining = await stage.runner({ drainTimeoutMs: 5_000 });
  const work = await stage.send({ agent: 'builtin.sleep', input: { ms: 500 } });
  await eventually(() => stage.beats.length > 0);
  const stopping = draining.stop();
  await eventually(() => stage.presence.some(({ draining }) => draining));
  const late = await stage.send({});
  await stopping;
  await expect(reportOf(work.workflow)).resolves.toMatchObject({ type: 'BranchCompleted' });
  expect(stage.reports.filter(({ workflow }) => workflow === late.workflow)).toEqual([]);
  expect(await stage.queued()).toBe(1);
});

test('what does not finish within the drain timeout goes to another runner', async () => {
  const { agent, begun, stopped } = patient();
  const first = await stage.runner({ agents: [agent], drainTimeoutMs: 100 });
  const work = await stage.send({ agent: agent.name });
  await eventually(() => begun.length === 1);
  await first.stop();
  expect(stopped).toEqual([work.workflow]);
  const able: Agent = { name: agent.name, run: async () => 'done elsewhere' };
  await stage.runner({ agents: [able] });
  await expect(reportOf(work.workflow)).resolves.toMatchObject({ output: 'done elsewhere' });
});

test('a report waits for NATS to come back', async () => {
  let finish: (() => void) | undefined;
  const agent: Agent = { name: 'test.waits', run: () => new Promise((resolve) => (finish = () => resolve('kept'))) };
  await stage.runner({ agents: [agent] });
  const work = await stage.send({ agent: agent.name });
  await eventually(() => finish);
  await stage.nats.killNow();
  finish?.();
  await new Promise((resolve) => setTimeout(resolve, 300));
  await stage.nats.restart();
  const report = await eventually(() => stage.reports.find(({ workflow }) => workflow === work.workflow), 30_000);
  expect(report).toMatchObject({ output: 'kept' });
}, 60_000);
