import { expect, test } from '@jest/globals';
import { Cancellations, cancels } from './cancellations';

const work = (workflow: string, branch: string, attempt = 1, step = 's') => ({ workflow, branch, step, attempt });
const signal = { workflow: 'w1', attempts: [{ branch: 'f/a', step: 's', attempt: 2 }], reason: 'converged' };

test('what was cancelled is remembered for half a minute, by attempt or as a whole workflow', () => {
  const cancellations = new Cancellations();
  cancellations.remember(signal, 0);
  cancellations.remember({ workflow: 'w2', reason: 'workflow-cancelled' }, 10_000);
  const known = (of: ReturnType<typeof work>, now: number) => cancellations.includes(of, now);
  expect([known(work('w1', 'f/a'), 1), known(work('w1', 'f/b'), 1), known(work('w1', 'f'), 1)]).toEqual([
    true,
    false,
    false,
  ]);
  expect([known(work('w1', 'f/a', 2), 1), known(work('w1', 'f/a', 3), 1), known(work('w1', 'f/a', 1, 't'), 1)]).toEqual(
    [true, false, false],
  );
  const whole = work('w2', 'any', 9);
  expect([known(work('w1', 'f/a'), 30_000), known(whole, 39_999), known(whole, 40_000)]).toEqual([false, true, false]);
});

test('a signal means the attempts that it names and those before them, or all', () => {
  expect(cancels(signal, work('w1', 'f/a'))).toBe(true);
  expect(cancels(signal, work('w1', 'f/a', 3))).toBe(false);
  expect(cancels(signal, work('w1', 'f/a', 1, 'other'))).toBe(false);
  expect(cancels(signal, work('w1', 'f/a/b/c'))).toBe(false);
  expect(cancels({ workflow: 'w', reason: '' }, work('w', 'a'))).toBe(true);
  expect(cancels({ workflow: 'v', reason: '' }, work('w', 'a'))).toBe(false);
});
