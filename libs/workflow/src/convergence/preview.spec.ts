import { describe, expect, it } from '@jest/globals';
import { type Convergence, type Strategy } from '@braid/events';
import { agent, branch, converge, graphOf, map, parallel, Scenario, set } from '@braid/testing';
import { takeSnapshot } from '../snapshot';
import { previewConvergence, UnknownForkError } from './preview';

const vote: Strategy = { name: 'majority-vote', by: 'output', of: 'all', tieBreak: 'fail' };
const first = converge({ strategy: { name: 'first-success' }, losers: 'cancel' });

/** Agents `a` to `d` of a fork that waits for all; each move is a branch and its output, or null for a failure. */
function recorded(moves: readonly (readonly [string, string | null])[], more: Partial<Convergence> = {}): Scenario {
  const settled = converge({ strategy: { name: 'all-settled' }, onUnmet: 'continue', ...more });
  const branches = ['a', 'b', 'c', 'd'].map((name) => branch(name));
  const s = Scenario.start(graphOf([parallel('f', branches, { converge: settled }), agent('after')]));
  for (const [name, output] of moves) {
    s.now += 100;
    if (output === null) s.fail(`f/${name}`);
    else s.complete(`f/${name}`, output);
  }
  return s;
}

describe('what another convergence would have decided', () => {
  const s = recorded([
    ['c', 'yes'],
    ['a', 'no'],
    ['d', null],
    ['b', 'yes'],
  ]);

  it('is told in the order of the record, and changes nothing', () => {
    const before = JSON.stringify(takeSnapshot(s.workflow));
    const events = s.events.length;
    expect(previewConvergence(s.workflow, 'f', first)).toEqual({
      outcome: 'met',
      reason: 'c was the first to succeed, of 4 branches',
      counted: ['c'],
      dissented: [],
      decidedBy: 'c',
      output: 'yes',
      wouldHaveCancelled: ['a', 'b', 'd'],
    });
    expect(previewConvergence(s.workflow, 'f', converge({ strategy: { name: 'quorum', require: 2 } }))).toMatchObject({
      decidedBy: 'a',
      output: { a: 'no', c: 'yes' },
      wouldHaveCancelled: [],
    });
    expect(s.events).toHaveLength(events);
    expect(JSON.stringify(takeSnapshot(s.workflow))).toBe(before);
  });

  it.each<[string, Convergence, object]>([
    [
      'a majority that is missed',
      converge({ strategy: vote, losers: 'cancel' }),
      {
        outcome: 'unreachable',
        reason: 'no value can have more than half of 4 votes: no 1, yes 1, 1 open; d cast no vote',
      },
    ],
    [
      'a majority of the votes cast',
      converge({ strategy: { ...vote, of: 'cast' } }),
      { outcome: 'met', decidedBy: 'b', counted: ['b', 'c'], dissented: ['a', 'd'], output: { value: 'yes' } },
    ],
    [
      'the best',
      converge({ strategy: { name: 'best-of', score: 'output.size()' } }),
      { decidedBy: 'b', output: 'yes' },
    ],
    [
      'everybody',
      converge(),
      { outcome: 'unreachable', decidedBy: 'd', reason: 'every branch must complete, and d failed' },
    ],
    [
      'a deadline',
      converge({ strategy: { name: 'all-settled' }, deadline: 250 }),
      { outcome: 'met', output: { a: 'no', c: 'yes' }, wouldHaveCancelled: ['b', 'd'] },
    ],
  ])('can be %s', (_, settings, expected) => {
    expect(previewConvergence(s.workflow, 'f', settings)).toMatchObject(expected);
  });

  it('agrees with what was decided when nothing is changed', () => {
    const [decision] = s.ofType('ConvergenceReached');
    const { converge: own } = s.workflow.graph.steps[0] as { readonly converge: Convergence } & object;
    const preview = previewConvergence(s.workflow, 'f', own);
    const { outcome, reason, counted, dissented, decidedBy } = decision?.data ?? {};
    expect(preview).toMatchObject({ outcome, reason, counted, dissented, decidedBy });
  });

  it('is undecided where a branch that it waits for was cancelled or is at work', () => {
    const race = recorded([['b', 'yes']], { strategy: { name: 'first-success' }, losers: 'cancel' });
    expect(previewConvergence(race.workflow, 'f', converge({ strategy: vote }))).toEqual({
      outcome: 'undecided',
      reason: '3 of 4 branches have no result on record: a, c, d',
      counted: [],
      dissented: [],
      wouldHaveCancelled: [],
    });
    const running = recorded([['b', 'yes']]);
    expect(previewConvergence(running.workflow, 'f', converge({ deadline: 1 })).outcome).toBe('undecided');
    expect(previewConvergence(running.workflow, 'f', first).outcome).toBe('met');
  });

  it('counts a branch that was cancelled after the deadline as open at it', () => {
    const late = recorded([['b', 'yes']], { deadline: 1000 });
    late.tick(1000);
    const quick = converge({ strategy: { name: 'all-settled' }, deadline: 500 });
    expect(previewConvergence(late.workflow, 'f', quick)).toMatchObject({
      outcome: 'met',
      wouldHaveCancelled: ['a', 'c', 'd'],
    });
  });

  it('puts a decision down to the branch that failed, not to those that needed it', () => {
    const needy = Scenario.start(
      graphOf([
        parallel('f', [branch('a'), branch('b', undefined, { needs: ['a'] }), branch('c')], {
          converge: converge({ strategy: { name: 'all-settled' } }),
        }),
      ]),
    );
    needy.fail('f/a');
    needy.complete('f/c');
    const quorum = converge({ strategy: { name: 'quorum', require: 2 } });
    expect(previewConvergence(needy.workflow, 'f', quorum)).toMatchObject({ outcome: 'unreachable', decidedBy: 'a' });
  });

  it('is unreachable where exports would have been in conflict', () => {
    const writes = (name: string) => branch(name, [set(name, { key: name })]);
    const settings = converge({ onConflict: 'first' });
    const t = Scenario.start(graphOf([parallel('f', [writes('a'), writes('b')], { converge: settings })]));
    expect(previewConvergence(t.workflow, 'f', settings).outcome).toBe('met');
    expect(previewConvergence(t.workflow, 'f', converge({ onConflict: 'error' }))).toMatchObject({
      outcome: 'unreachable',
      reason: expect.stringContaining('export different values for "key"'),
    });
  });

  it('is told of nested forks by their path, of maps as lists, and not of forks that are not there', () => {
    const nested = Scenario.start(
      graphOf([parallel('f', [branch('a', [map('m', [1, 2], [agent('x')]), agent('y')])])]),
    );
    nested.complete('f/a/m/1', 'late');
    nested.complete('f/a/m/0', 'early');
    const all = converge({ strategy: { name: 'quorum', require: 2 } });
    expect(previewConvergence(nested.workflow, 'f/a/m', all).output).toEqual(['early', 'late']);
    expect(() => previewConvergence(nested.workflow, 'm', all)).toThrow(new UnknownForkError('m', ['f', 'f/a/m']));
    expect(() => previewConvergence(nested.workflow, 'f/a/y', all)).toThrow(
      /no fork "f\/a\/y"; it has opened f, f\/a\/m/,
    );
  });
});
