import { isDeepStrictEqual } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type JsonObject } from '@braid/events';
import { agent, branch, converge, graphOf, parallel, Scenario } from '@braid/testing';
import { runs } from './runs';

const settled = converge({ strategy: { name: 'all-settled' } });
const seen = { with: '${{ needs }}' };
/** Needs all of these siblings, as many as `require` says, and asks twice what it sees of them. */
const needing = (needs: readonly string[], require?: number) =>
  branch('join', [agent('one', seen), agent('two', seen)], { needs, ...(require !== undefined && { require }) });

const inputsOf = (s: Scenario, path: string) =>
  s.ofType('BranchRequested').flatMap(({ data }) => (data.branch === path ? [data.input] : []));

const endOne = (s: Scenario, index: number, completes: boolean) =>
  completes ? s.complete(`f/b${index}`, index) : s.fail(`f/b${index}`, { retryable: false });

function expectPhase(s: Scenario, expected: string): void {
  const phase = s.phases()['f/join'];
  if (phase !== expected) throw new Error(`Broken: ${phase} instead of ${expected}`);
}

describe('needs with require', () => {
  it('starts with the n-th completion, and never sees what completes later', () => {
    const fork = [branch('a'), branch('b'), branch('c'), needing(['a', 'b', 'c'], 2)];
    const s = Scenario.start(graphOf([parallel('f', fork, { converge: settled })]));
    s.complete('f/c', 3);
    expect(s.phases()['f/join']).toBe('pending');
    s.complete('f/a', 1);
    s.complete('f/b', 2);
    s.complete('f/join', 'first');
    const early = { a: { output: 1 }, b: { output: null }, c: { output: 3 } };
    expect(inputsOf(s, 'f/join')).toEqual([early, early]);
  });

  it('sees what has completed by the time at which it gets a place', () => {
    const fork = [branch('a'), branch('b'), branch('c'), needing(['a', 'b', 'c'], 1)];
    const s = Scenario.start(graphOf([parallel('f', fork, { converge: settled, maxConcurrency: 1 })]));
    s.complete('f/a', 1);
    s.complete('f/b', 2);
    s.complete('f/c', 3);
    expect(inputsOf(s, 'f/join')).toEqual([{ a: { output: 1 }, b: { output: 2 }, c: { output: 3 } }]);
  });

  it('is skipped as soon as too few can complete', () => {
    const fork = [branch('a'), branch('b'), branch('c'), needing(['a', 'b', 'c'], 2)];
    const s = Scenario.start(graphOf([parallel('f', fork, { converge: settled })]));
    s.fail('f/a', { retryable: false });
    expect(s.phases()['f/join']).toBe('pending');
    s.fail('f/c', { retryable: false });
    expect(s.phases()).toMatchObject({ 'f/join': 'skipped', 'f/b': 'requested' });
  });

  it('has in its own condition what it has in its steps', () => {
    const join = { ...needing(['a', 'b'], 1), if: 'needs.b.output == null' };
    const s = Scenario.start(graphOf([parallel('f', [branch('a'), branch('b'), join], { converge: settled })]));
    s.complete('f/a', 1);
    expect(s.phases()['f/join']).toBe('requested');
  });

  // Seen to fail with the needs of a branch that has begun counted anew.
  it('goes on after a retry of the workflow with what it saw at first; what never began sees what there is', () => {
    const late = branch('late', [agent('x', seen)], { needs: ['b', 'c'], require: 2 });
    const fork = [branch('a'), branch('b'), branch('c'), needing(['a', 'b'], 1), late];
    const s = Scenario.start(graphOf([parallel('f', fork)]));
    s.complete('f/a', 1);
    s.fail('f/b', { retryable: false });
    s.fail('f/join', { retryable: false });
    s.complete('f/c', 3);
    expect(s.phases()['f/late']).toBe('skipped');
    s.send({ type: 'retry' });
    s.complete('f/b', 2);
    s.complete('f/join', 'x');
    const early = { a: { output: 1 }, b: { output: null } };
    expect(inputsOf(s, 'f/join')).toEqual([early, early, early]);
    expect(inputsOf(s, 'f/late')).toEqual([{ b: { output: 2 }, c: { output: 3 } }]);
  });

  // Seen to fail with a start one completion late, with needs that are not frozen, and with a skip one failure late.
  it('begins, is skipped and sees what it should, whoever ends how and when', () => {
    const ends = fc.shuffledSubarray([0, 1, 2, 3, 4], { minLength: 5 });
    const fates = fc.array(fc.boolean(), { minLength: 5, maxLength: 5 });
    fc.assert(
      fc.property(ends, fates, fc.nat(5), fc.integer({ min: 1, max: 5 }), (order, completes, patience, require) => {
        const names = completes.map((_, index) => `b${index}`);
        const fork = [needing(names, require), ...names.map((name) => branch(name))];
        const s = Scenario.start(graphOf([parallel('f', fork, { converge: settled })]));
        const nothing: JsonObject = Object.fromEntries(names.map((name) => [name, { output: null }]));
        let known = nothing;
        for (const [at, index] of order.entries()) {
          endOne(s, index, completes[index] ?? false);
          const done = order.slice(0, at + 1).filter((each) => completes[each]);
          const first = done.slice(0, require).map((each) => [`b${each}`, { output: each }] as const);
          known = { ...nothing, ...Object.fromEntries(first) };
          expectPhase(
            s,
            at + 1 - done.length > 5 - require ? 'skipped' : done.length < require ? 'pending' : 'requested',
          );
          if (at === patience && s.requested.includes('f/join')) s.complete('f/join', 'first');
        }
        const wrong = inputsOf(s, 'f/join').filter((input) => !isDeepStrictEqual(input, known));
        if (wrong.length > 0) throw new Error(`Broken: saw ${JSON.stringify(wrong)}, not ${JSON.stringify(known)}`);
      }),
      runs(1000),
    );
  });
});
