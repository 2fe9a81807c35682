import { expect, test } from '@jest/globals';
import { type Json } from '@braid/events';
import { type Agent } from '../agent';
import { toFailure } from '../to-failure';
import { contextOf, workOf } from '../work.fixture';
import { echo } from './echo';
import { fail } from './fail';
import { flaky } from './flaky';
import { sleep } from './sleep';

const run = (agent: Agent, input: Json, attempt = 1, idempotencyKey = 'k') =>
  agent.run(workOf({ input, attempt, idempotencyKey }), contextOf());
const failureOf = (...args: Parameters<typeof run>) =>
  run(...args).then(
    () => undefined,
    (error: unknown) => toFailure(error),
  );

test('echo gives back its input', async () => {
  await expect(run(echo, { a: [1] })).resolves.toEqual({ a: [1] });
});

test('sleep says how long it slept, and stops when it is told to', async () => {
  await expect(run(sleep, { ms: 20, tag: 'x' })).resolves.toEqual({ ms: 20, tag: 'x', sleptMs: expect.any(Number) });
  await expect(run(sleep, { seconds: 0.01 })).resolves.toMatchObject({ seconds: 0.01 });
  const ctx = contextOf({ signal: AbortSignal.timeout(10) });
  await expect(sleep.run(workOf({ input: { seconds: 100 } }), ctx)).rejects.toThrow('aborted');
});

test.each<Json>([{}, null, { ms: -1 }, { ms: '5' }, { ms: 1, seconds: 1 }, { ms: 1e12 }])(
  'sleep refuses %j',
  async (input) => {
    await expect(failureOf(sleep, input)).resolves.toMatchObject({ code: 'invalid-input', retryable: false });
  },
);

test('fail fails as it is told', async () => {
  await expect(failureOf(fail, null)).resolves.toMatchObject({
    type: 'AskedToFail',
    message: 'failed as asked',
    retryable: true,
  });
  const input = { message: 'm', type: 'T', code: 'overloaded', retryable: false, retryAfter: 3, details: { a: 1 } };
  await expect(failureOf(fail, input)).resolves.toMatchObject({ ...input, stack: expect.stringContaining('fail.ts') });
  await expect(failureOf(fail, { code: 'nonsense' })).resolves.toMatchObject({ code: 'invalid-input' });
});

test('flaky fails the first attempts and then gives back its input', async () => {
  const input = { failures: 2, x: 'y' };
  await expect(failureOf(flaky, input, 1)).resolves.toMatchObject({ type: 'Flaky', retryable: true });
  await expect(failureOf(flaky, input, 2)).resolves.toMatchObject({ type: 'Flaky' });
  await expect(run(flaky, input, 3)).resolves.toEqual(input);
});

test('chance is fixed by the idempotency key and the attempt', async () => {
  const outcomes = () =>
    Promise.all(
      Array.from(
        { length: 400 },
        async (_, n) => (await failureOf(flaky, { probability: 0.25 }, 1, `k${n}`)) !== undefined,
      ),
    );
  const first = await outcomes();
  expect(await outcomes()).toEqual(first);
  const failed = first.filter(Boolean).length;
  expect(failed).toBeGreaterThan(60);
  expect(failed).toBeLessThan(140);
});
