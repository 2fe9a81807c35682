import { describe, expect, it } from '@jest/globals';
import { type Convergence, type Json, type Strategy } from '@braid/events';
import { agent, branch, converge, graphOf, map, parallel, Scenario, set } from '@braid/testing';

const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];

/** A fork of agents `a`, `b`, … under a strategy, and a step that tells what came of it. */
function forkOf(count: number, strategy: Strategy, more: Partial<Convergence> = {}): Scenario {
  const branches = names.slice(0, count).map((name) => branch(name));
  return Scenario.start(
    graphOf([parallel('f', branches, { converge: converge({ strategy, losers: 'cancel', ...more }) })]),
  );
}

const reached = (s: Scenario) => s.ofType('ConvergenceReached')[0]?.data;
const outputOf = (s: Scenario) => (s.workflow.ending?.is === 'completed' ? s.workflow.ending.output : undefined);

describe('quorum', () => {
  it('is met by as many as it requires, and cancels the others', () => {
    const s = forkOf(4, { name: 'quorum', require: 2 });
    s.complete('f/c', 3);
    expect(reached(s)).toBeUndefined();
    s.complete('f/a', 1);
    expect(reached(s)).toMatchObject({
      outcome: 'met',
      reason: '2 of 4 completed, and 2 were required: a, c',
      counted: ['a', 'c'],
      decidedBy: 'a',
      cancelled: ['b', 'd'],
      saved: { cancelled: 2, neverStarted: 0 },
    });
    expect(outputOf(s)).toEqual({ a: 1, c: 3 });
  });

  it('of a map gives a list in the order of the items', () => {
    const quorum = converge({ strategy: { name: 'quorum', require: { percent: 60 } }, losers: 'cancel' });
    const s = Scenario.start(graphOf([map('m', [1, 2, 3], [agent('x')], { maxConcurrency: 2, converge: quorum })]));
    s.complete('m/1', 'second');
    s.complete('m/0', 'first');
    expect(outputOf(s)).toEqual(['first', 'second']);
    expect(reached(s)?.saved).toEqual({ cancelled: 1, neverStarted: 0 });
  });

  it('says how many branches were never started', () => {
    const quorum = converge({ strategy: { name: 'quorum', require: 1 }, losers: 'cancel' });
    const s = Scenario.start(
      graphOf([map('m', [1, 2, 3, 4, 5], [agent('x')], { maxConcurrency: 2, converge: quorum })]),
    );
    s.complete('m/0', 'first');
    expect(reached(s)?.saved).toEqual({ cancelled: 1, neverStarted: 3 });
  });

  it('is unreachable as soon as too few can complete', () => {
    const s = forkOf(3, { name: 'quorum', require: 2 });
    s.fail('f/a');
    expect(reached(s)).toBeUndefined();
    s.fail('f/b');
    expect(reached(s)).toMatchObject({
      outcome: 'unreachable',
      reason: 'at least 2 must complete, and at most 1 can: 0 of 3 completed',
      cancelled: ['c'],
    });
    expect(s.workflow.status).toBe('failed');
  });

  it('takes what is there at its deadline, if that is enough', () => {
    const s = forkOf(3, { name: 'quorum', require: 2 }, { deadline: 1000 });
    s.complete('f/a');
    s.tick(1000);
    expect(reached(s)).toMatchObject({
      outcome: 'unreachable',
      reason: 'at least 2 must complete, and at the deadline 1 of 3 completed',
    });
  });
});

describe('majority-vote', () => {
  const vote = (more: Partial<Extract<Strategy, { name: 'majority-vote' }>> = {}): Strategy => ({
    ...{ name: 'majority-vote', by: 'output.verdict', of: 'all', tieBreak: 'fail' },
    ...more,
  });
  const say = (s: Scenario, votes: { readonly [name: string]: Json }) => {
    for (const [name, verdict] of Object.entries(votes)) s.complete(`f/${name}`, { verdict, from: name });
  };

  it('of five is decided by the third equal vote, and cancels the other two', () => {
    const s = forkOf(5, vote());
    say(s, { e: 'approve', b: 'reject', a: 'approve' });
    expect(reached(s)).toBeUndefined();
    say(s, { c: 'approve' });
    expect(reached(s)).toMatchObject({
      outcome: 'met',
      reason: 'approve has 3 of 5 votes: a, c, e; b dissents',
      counted: ['a', 'c', 'e'],
      dissented: ['b'],
      decidedBy: 'c',
      cancelled: ['d'],
    });
    expect(outputOf(s)).toEqual({
      value: 'approve',
      votes: [
        { value: 'approve', votes: 3, branches: ['a', 'c', 'e'] },
        { value: 'reject', votes: 1, branches: ['b'] },
      ],
      result: { verdict: 'approve', from: 'a' },
    });
  });

  it('of four is out of reach with the third different vote, and fails at that moment with the tally', () => {
    const s = forkOf(4, vote());
    say(s, { a: 'approve', b: 'reject' });
    expect(reached(s)).toBeUndefined();
    say(s, { c: 'defer' });
    expect(reached(s)).toMatchObject({
      outcome: 'unreachable',
      reason: 'no value can have more than half of 4 votes: approve 1, reject 1, defer 1, 1 open',
      dissented: ['b', 'c'],
      cancelled: ['d'],
      failure: {
        code: 'convergence-unmet',
        details: {
          tally: { completed: 3, open: 1 },
          votes: [
            { value: 'approve', votes: 1, branches: ['a'] },
            { value: 'reject', votes: 1, branches: ['b'] },
            { value: 'defer', votes: 1, branches: ['c'] },
          ],
          withoutVote: [],
        },
      },
    });
  });

  it('counts no vote of a branch that failed, said nothing or cannot be understood, and names it', () => {
    const s = forkOf(5, vote({ of: 'cast' }), { losers: 'drain' });
    s.fail('f/a');
    s.complete('f/b', { nothing: true });
    say(s, { c: null, d: 'approve' });
    expect(reached(s)).toBeUndefined();
    say(s, { e: 'approve' });
    expect(reached(s)).toMatchObject({ outcome: 'met', counted: ['d', 'e'], dissented: ['a', 'b', 'c'] });
    expect(reached(s)?.reason).toMatch(/^approve has 2 of 2 votes: d, e; a, b, c cast no vote \(.*verdict.*\)$/);
  });

  it('of all branches takes no vote for a vote against', () => {
    const s = forkOf(4, vote());
    s.fail('f/a');
    s.fail('f/b');
    expect(reached(s)).toMatchObject({
      outcome: 'unreachable',
      reason: 'no value can have more than half of 4 votes: 2 open; a, b cast no vote',
    });
  });

  it('is unreachable when nobody votes', () => {
    const s = forkOf(2, vote({ of: 'cast' }));
    s.fail('f/a');
    s.fail('f/b');
    expect(reached(s)?.reason).toBe('no branch cast a vote; a, b cast no vote');
  });

  it('weighs votes', () => {
    const s = forkOf(3, vote({ weights: { a: 3 } }));
    say(s, { b: 'no' });
    expect(reached(s)).toBeUndefined();
    say(s, { a: 'yes' });
    expect(reached(s)).toMatchObject({ outcome: 'met', reason: 'yes has 3 of 5 votes: a; b dissents' });
  });

  it.each([
    ['first', 'yes', 'yes has 2 of 4 votes: a, d, which wins the tie of yes and no; b, c dissent'],
    [{ branch: 'c' }, 'no', 'no has 2 of 4 votes: b, c, which wins the tie of yes and no; a, d dissent'],
  ] as const)('breaks a tie by %j, in declared order and not by arrival', (tieBreak, value, reason) => {
    const s = forkOf(4, vote({ tieBreak }));
    say(s, { c: 'no', b: 'no', d: 'yes', a: 'yes' });
    expect(outputOf(s)).toMatchObject({ value });
    expect(reached(s)?.reason).toBe(reason);
  });

  it('does not take the lead for a tie', () => {
    const s = forkOf(4, vote({ tieBreak: 'first' }));
    say(s, { a: 'x', b: 'x', c: 'y', d: 'z' });
    expect(reached(s)).toMatchObject({
      outcome: 'unreachable',
      reason: 'no value can have more than half of 4 votes: x 2, y 1, z 1',
    });
  });

  it('does not wait for a tie that the branch which is to break it cannot win any more', () => {
    const s = forkOf(8, vote({ tieBreak: { branch: 'a' } }));
    say(s, { a: 'z', b: 'x', c: 'x', d: 'x', e: 'y', f: 'y' });
    expect(reached(s)).toBeUndefined();
    say(s, { g: 'y' });
    expect(reached(s)).toMatchObject({ outcome: 'unreachable', decidedBy: 'g', cancelled: ['h'] });
  });

  it('takes values as equal that differ in the order of their keys only', () => {
    const s = forkOf(3, vote());
    say(s, { a: { x: 1, y: [1] }, b: { y: [1], x: 1 } });
    expect(outputOf(s)).toMatchObject({ value: { x: 1, y: [1] } });
  });

  it('merges the exports of the majority alone', () => {
    const says = (name: string, verdict: string) =>
      branch(name, [set(name, { verdict, by: name }, { export: { [name]: true } })]);
    const majority = converge({ strategy: vote(), losers: 'drain', onConflict: 'first' });
    const s = Scenario.start(
      graphOf([parallel('f', [says('a', 'no'), says('b', 'yes'), says('c', 'yes')], { converge: majority })]),
    );
    expect(s.workflow.root.context).toEqual({ verdict: 'yes', by: 'b', b: true, c: true });
  });

  it('sees the item and the output of each branch of a map', () => {
    const by = 'output > item ? "above" : "below"';
    const majority = converge({ strategy: vote({ by }), losers: 'cancel' });
    const s = Scenario.start(graphOf([map('m', [1, 2, 3], [agent('x')], { converge: majority })]));
    s.complete('m/2', 9);
    s.complete('m/0', 9);
    expect(outputOf(s)).toMatchObject({ value: 'above', result: 9 });
  });

  it('goes on counting in a state that was folded anew in the middle', () => {
    const s = forkOf(5, vote());
    say(s, { a: 'yes', b: 'no' });
    s.state = s.refolded();
    say(s, { c: 'yes', d: 'yes' });
    expect(reached(s)).toMatchObject({ counted: ['a', 'c', 'd'], dissented: ['b'] });
  });
});

describe('best-of', () => {
  const best: Strategy = { name: 'best-of', score: 'output.score' };

  it('waits for everybody and takes the highest score, of equal ones the first declared', () => {
    const s = forkOf(4, best, { losers: 'drain' });
    s.complete('f/d', { score: 7, by: 'd' });
    s.complete('f/b', { score: 7, by: 'b' });
    s.complete('f/c', { score: 'high' });
    expect(reached(s)).toBeUndefined();
    s.fail('f/a');
    expect(reached(s)).toMatchObject({
      outcome: 'met',
      reason: 'b has the highest of 2 scores, 7; c without a score (its score is no number)',
      counted: ['b'],
      dissented: ['a', 'c'],
      decidedBy: 'a',
    });
    expect(outputOf(s)).toEqual({ score: 7, by: 'b' });
  });

  it('is unreachable when nobody has a score', () => {
    const s = forkOf(2, best);
    s.complete('f/a', { other: 1 });
    s.fail('f/b');
    expect(reached(s)).toMatchObject({ outcome: 'unreachable', dissented: ['a', 'b'] });
    expect(reached(s)?.reason).toMatch(
      /^no branch has a score: 1 completed, 1 failed; a without a score \(.*score.*\)$/,
    );
  });

  it('takes the best that is there at its deadline', () => {
    const s = forkOf(3, best, { deadline: 1000, losers: 'drain' });
    s.complete('f/b', { score: -1 });
    s.tick(1000);
    expect(reached(s)).toMatchObject({
      outcome: 'met',
      reason: 'b has the only score, -1; 2 branches open at the deadline',
      cancelled: ['a', 'c'],
    });
  });
});

describe('reduce', () => {
  const sum: Strategy = {
    ...{ name: 'reduce', initial: '${{ variables.start }}' },
    with: { total: '${{ accumulator.total + output.count }}', seen: '${{ accumulator.seen + [branch.name] }}' },
  };
  const start = (strategy: Strategy, initial: Json) =>
    Scenario.start(
      graphOf([
        parallel('f', [branch('a'), branch('b', undefined, { if: 'variables.no' }), branch('c')], {
          converge: converge({ strategy }),
        }),
      ]),
      { variables: { start: initial, no: false } },
    );

  it('folds in declared order whatever the order of arrivals, and passes over who was skipped', () => {
    const s = start(sum, { total: 100, seen: [] });
    s.complete('f/c', { count: 2 });
    s.complete('f/a', { count: 1 });
    expect(outputOf(s)).toEqual({ total: 103, seen: ['a', 'c'] });
    expect(reached(s)).toMatchObject({
      counted: ['a', 'c'],
      reason: '2 branches folded in declared order: every branch completed: 2 branches, 1 skipped',
    });
  });

  it('is unreachable with the first branch that fails', () => {
    const s = start(sum, { total: 0, seen: [] });
    s.fail('f/c');
    expect(reached(s)).toMatchObject({ outcome: 'unreachable', reason: 'every branch must complete, and c failed' });
  });

  it('is unreachable as soon as the fold cannot go on', () => {
    const s = start(sum, { total: 0, seen: [] });
    s.complete('f/a', { count: 'many' });
    expect(reached(s)).toMatchObject({ outcome: 'unreachable', decidedBy: 'a' });
    expect(reached(s)?.reason).toMatch(/^with of a cannot be evaluated: /);
    const broken = start({ name: 'reduce', initial: '${{ variables.nope }}', with: 1 }, 0);
    expect(reached(broken)?.reason).toMatch(/^initial cannot be evaluated: .*nope/);
  });
});
