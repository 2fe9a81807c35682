import { isDeepStrictEqual } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { agent, branch, converge, graphOf, map, parallel, Scenario, set } from '@braid/testing';
import { restoreSnapshot, takeSnapshot } from './snapshot';

const throughJson = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;

describe('a snapshot', () => {
  it('restores the state that it was taken of, at every moment of a workflow', () => {
    const graph = graphOf(
      [
        set('before', { base: 1 }),
        parallel(
          'f',
          [
            branch('a'),
            branch('b', [map('m', [1, 2, 3], [agent('x', { export: { ['k']: 1 } })], { maxConcurrency: 2 })]),
            branch('c', [agent('c')], { needs: ['a'] }),
          ],
          { converge: converge({ strategy: { name: 'all-settled' }, deadline: 60_000 }) },
        ),
        agent('last', {
          retry: {
            maximumAttempts: 2,
            initialInterval: 10,
            backoffCoefficient: 1,
            maximumInterval: 10,
            nonRetryableErrors: [],
          },
        }),
      ],
      { fallbackToSequential: true },
    );
    const s = Scenario.start(graph);
    const check = () => {
      const restored = restoreSnapshot(throughJson(takeSnapshot(s.workflow)));
      expect(isDeepStrictEqual(restored, s.workflow)).toBe(true);
      expect(isDeepStrictEqual(restored, s.refolded())).toBe(true);
    };
    check();
    const moves = [
      () => s.complete('f/a', { ok: true }),
      () => s.fail('f/b/m/0', { code: 'rate-limited' }),
      () => s.complete('f/b/m/1'),
      () => s.complete('f/b/m/2'),
      () => s.complete('f/b/m/0', 5),
      () => s.fail('f/c'),
      () => s.fail('root'),
      () => s.tick(11),
      () => s.complete('root', 'end'),
    ];
    for (const move of moves) {
      expect(move().is).toBe('accepted');
      check();
    }
    expect(s.workflow.status).toBe('completed');
  });
});
