import { expect, test } from '@jest/globals';
import { Cancellations, cancels } from './cancellations';

test('what was cancelled is remembered for half a minute, by branch or as a whole workflow', () => {
  const cancellations = new Cancellations();
  cancellations.remember({ workflow: 'w1', branches: ['f/a'], reason: 'converged' }, 0);
  cancellations.remember({ workflow: 'w2', reason: 'workflow-cancelled' }, 10_000);
  const known = (workflow: string, branch: string, now: number) => cancellations.includes({ workflow, branch }, now);
  expect([known('w1', 'f/a', 1), known('w1', 'f/b', 1), known('w1', 'f', 1), known('w2', 'any', 1)]).toEqual([
    true,
    false,
    false,
    true,
  ]);
  expect([known('w1', 'f/a', 30_000), known('w2', 'any', 39_999), known('w2', 'any', 40_000)]).toEqual([
    false,
    true,
    false,
  ]);
});

test('a signal means the branches that it names, or all', () => {
  expect(cancels({ workflow: 'w', branches: ['a'], reason: '' }, { workflow: 'w', branch: 'a' })).toBe(true);
  expect(cancels({ workflow: 'w', branches: ['a'], reason: '' }, { workflow: 'w', branch: 'a/b/c' })).toBe(false);
  expect(cancels({ workflow: 'w', reason: '' }, { workflow: 'w', branch: 'a' })).toBe(true);
  expect(cancels({ workflow: 'v', reason: '' }, { workflow: 'w', branch: 'a' })).toBe(false);
});
