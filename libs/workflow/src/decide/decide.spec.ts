import { describe, expect, it } from '@jest/globals';
import { agent, branch, converge, graphOf, map, parallel, Scenario, set } from '@braid/testing';

const outcome = (s: Scenario) => s.workflow.ending;

describe('a sequence of steps', () => {
  it('asks for one agent after the other and ends with the last output', () => {
    const s = Scenario.start(graphOf([agent('a'), agent('b', { with: { from: '${{ steps.a.output.x }}' } })]));
    expect(s.requested).toEqual(['root']);
    s.complete('root', { x: 7 });
    expect(s.ofType('BranchRequested').map((e) => e.data.input)).toEqual([{}, { from: 7 }]);
    s.complete('root', 'done');
    expect(outcome(s)).toEqual({ is: 'completed', output: 'done' });
  });

  it('skips a step whose condition is false, and its output is null', () => {
    const s = Scenario.start(
      graphOf([agent('a', { if: 'variables.go' }), set('s', { a: '${{ steps.a.output }}', b: 1 })]),
      { variables: { go: false } },
    );
    expect(s.ofType('StepSkipped')).toHaveLength(1);
    expect(outcome(s)).toEqual({ is: 'completed', output: { a: null, b: 1 } });
    expect(s.workflow.root.context).toEqual({ a: null, b: 1 });
  });

  it('fails with the path and the expression when an expression cannot be evaluated', () => {
    const s = Scenario.start(graphOf([agent('a', { with: '${{ variables.nope.x }}' })]));
    const failure = s.workflow.ending?.is === 'failed' ? s.workflow.ending.failure : undefined;
    expect(failure).toMatchObject({ code: 'expression', branch: 'root', step: 'a', retryable: false });
    expect(failure?.message).toContain('a.with');
  });

  it('exports into its context and goes on when a step may fail', () => {
    const s = Scenario.start(
      graphOf([
        agent('a', { onFailure: 'continue' }),
        agent('b', { export: { got: '${{ output.v }}' }, with: '${{ steps.a.error.message }}' }),
      ]),
    );
    s.fail('root', { retryable: false });
    expect(s.ofType('BranchRequested')[1]?.data.input).toBe('it broke');
    s.complete('root', { v: 1 });
    expect(s.workflow.root.context).toEqual({ got: 1 });
  });
});

describe('retries', () => {
  const retry = {
    maximumAttempts: 3,
    initialInterval: 100,
    backoffCoefficient: 2,
    maximumInterval: 1000,
    nonRetryableErrors: ['Fatal'],
  };

  it('tries again when the moment has come, and gives up after the last attempt', () => {
    const s = Scenario.start(graphOf([agent('a', { retry })]));
    s.fail('root');
    expect(s.phases()).toEqual({ root: 'backoff' });
    s.tick(101);
    expect(s.requested).toEqual(['root']);
    s.fail('root');
    s.tick(201);
    s.fail('root');
    expect(outcome(s)).toMatchObject({ is: 'failed', failure: { attempt: 3, stack: 'at test', runner: 'r1' } });
    expect(s.workflow.cost.attempts).toBe(3);
  });

  it('does not try again what is named as not retryable, and honours a wish for later', () => {
    const s = Scenario.start(graphOf([agent('a', { retry })]));
    s.fail('root', { retryAfter: 5000 });
    s.tick(4999);
    expect(s.requested).toEqual([]);
    s.tick(1);
    s.fail('root', { type: 'Fatal' });
    expect(outcome(s)?.is).toBe('failed');
  });

  it('counts nothing twice: a repeated or late report changes nothing', () => {
    const s = Scenario.start(graphOf([agent('a', { retry }), agent('b')]));
    const first = s.workflow.root.attempts;
    const late = {
      branch: 'root',
      step: 'a',
      run: { attempt: first, runner: 'r9', startedAt: 0, endedAt: 1 },
      outcome: { is: 'completed' as const, output: 1 },
    };
    s.complete('root', 2);
    const before = s.events.length;
    expect(s.send({ type: 'report', report: late }).is).toBe('stale');
    expect(s.events).toHaveLength(before);
  });

  // Seen to fail when only the step is compared: the late report then ends the attempt that is open.
  it('takes no report of an attempt that is not the current one, while another try of the same step is open', () => {
    const s = Scenario.start(graphOf([agent('a', { retry })]));
    s.fail('root');
    s.tick(101);
    const run = { attempt: 1, runner: 'r9', startedAt: 0, endedAt: 1 };
    const outcome = { is: 'completed' as const, output: 'late' };
    expect(s.send({ type: 'report', report: { branch: 'root', step: 'a', run, outcome } }).is).toBe('stale');
    expect(s.requested).toEqual(['root']);
    s.complete('root', 'current');
    expect(s.workflow.ending).toEqual({ is: 'completed', output: 'current' });
  });

  it('gives up an attempt that fell silent, but never one that still waits for a runner', () => {
    const s = Scenario.start(graphOf([agent('a', { heartbeatTimeout: 1000, retry })]));
    s.tick(10_000);
    expect(s.requested).toEqual(['root']);
    s.tick(0, new Map([['root', { attempt: 1, startedAt: s.now - 5000, seenAt: s.now - 1000 }]]));
    expect(s.ofType('BranchRetryScheduled')[0]?.data.failure).toMatchObject({ code: 'heartbeat-lost', attempt: 1 });
  });
});

describe('a fork', () => {
  it('opens all branches at once and goes on when all have completed', () => {
    const s = Scenario.start(
      graphOf([parallel('f', [branch('a'), branch('b')]), agent('last', { with: '${{ steps.f.output }}' })]),
    );
    expect(s.requested).toEqual(['f/a', 'f/b']);
    s.complete('f/b', 2);
    s.complete('f/a', 1);
    expect(s.ofType('ConvergenceReached')[0]?.data).toMatchObject({ outcome: 'met', decidedBy: 'a', counted: 'all' });
    expect(s.ofType('BranchRequested')[2]?.data.input).toEqual({ a: 1, b: 2 });
  });

  it('runs dependencies as a graph and hands over what is needed', () => {
    const s = Scenario.start(
      graphOf([
        parallel('f', [
          branch('d', [agent('d', { with: '${{ needs.b.output + needs.c.output }}' })], { needs: ['b', 'c'] }),
          branch('a'),
          branch('b', [agent('b')], { needs: ['a'] }),
          branch('c', [agent('c')], { needs: ['a'] }),
        ]),
      ]),
    );
    expect(s.requested).toEqual(['f/a']);
    s.complete('f/a');
    expect(s.requested).toEqual(['f/b', 'f/c']);
    s.complete('f/c', 2);
    s.complete('f/b', 1);
    expect(s.ofType('BranchRequested').at(-1)?.data).toMatchObject({ branch: 'f/d', input: 3 });
  });

  it('lets siblings of a failed branch complete, skips what needed it, and then fails with its cause', () => {
    const s = Scenario.start(
      graphOf([parallel('f', [branch('bad'), branch('good'), branch('after', [agent('x')], { needs: ['bad'] })])]),
    );
    s.fail('f/bad', { retryable: false });
    expect(s.phases()).toMatchObject({
      root: 'forked',
      'f/bad': 'failed',
      'f/good': 'requested',
      'f/after': 'skipped',
    });
    s.complete('f/good', 1);
    expect(s.phases()['f/good']).toBe('completed');
    expect(outcome(s)).toMatchObject({
      is: 'failed',
      failure: { code: 'convergence-unmet', cause: { message: 'it broke', stack: 'at test' } },
    });
  });

  it('never has more branches open than it may, in declared order', () => {
    const s = Scenario.start(
      graphOf([map('m', [10, 20, 30, 40], [agent('a', { with: '${{ item }}' })], { maxConcurrency: 2 })]),
    );
    expect(s.requested).toEqual(['m/0', 'm/1']);
    s.complete('m/1', 'b');
    expect(s.requested).toEqual(['m/0', 'm/2']);
    for (const i of [0, 2, 3]) s.complete(`m/${i}`, i);
    expect(outcome(s)).toEqual({ is: 'completed', output: [0, 'b', 2, 3] });
  });

  it('runs one branch at a time in sequential mode, nested forks included, with the same output', () => {
    const graph = graphOf([parallel('f', [branch('a', [parallel('g', [branch('x'), branch('y')])]), branch('b')])]);
    const sequential = Scenario.start(graph, { mode: 'sequential' });
    const seen: string[] = [];
    while (sequential.requested.length > 0) {
      expect(sequential.requested).toHaveLength(1);
      const [path] = sequential.requested;
      seen.push(path ?? '');
      sequential.complete(path ?? '', path ?? '');
    }
    expect(seen).toEqual(['f/a/g/x', 'f/a/g/y', 'f/b']);
    expect(outcome(sequential)).toEqual({ is: 'completed', output: { a: { x: 'f/a/g/x', y: 'f/a/g/y' }, b: 'f/b' } });
  });

  it('of no items converges at once', () => {
    const s = Scenario.start(graphOf([map('m', [], [agent('a')])]));
    expect(outcome(s)).toEqual({ is: 'completed', output: [] });
  });

  it('of branches that only set context needs no runner, however wide', () => {
    const items = Array.from({ length: 5000 }, (_, i) => i);
    const s = Scenario.start(
      graphOf([map('m', items, [set('s', { ['k']: '${{ item }}' })], { converge: converge({ onConflict: 'last' }) })]),
    );
    expect(s.workflow.root.context).toEqual({ k: 4999 });
  });
});

describe('contexts', () => {
  const writes = (name: string, value: number) => branch(name, [set('s', { shared: value, [name]: value })]);

  it('are isolated until convergence and merged in declared order', () => {
    const s = Scenario.start(
      graphOf([
        set('before', { base: 1 }),
        parallel('f', [writes('a', 1), branch('b', [agent('b', { with: '${{ context }}' })])], {}),
      ]),
    );
    expect(s.ofType('BranchRequested')[0]?.data.input).toEqual({ base: 1 });
    s.complete('f/b', 0);
    expect(s.workflow.root.context).toEqual({ base: 1, shared: 1, a: 1 });
  });

  it('conflict when two branches export different values, by name', () => {
    const s = Scenario.start(graphOf([parallel('f', [writes('a', 1), writes('b', 2)])]));
    expect(outcome(s)).toMatchObject({
      is: 'failed',
      failure: { code: 'context-conflict', details: { key: 'shared', branches: ['a', 'b'] } },
    });
  });

  it.each([
    ['first', 1],
    ['last', 2],
    [{ prefer: 'b' }, 2],
    [{ prefer: 'a' }, 1],
  ] as const)('settle a conflict by %j', (onConflict, expected) => {
    const s = Scenario.start(
      graphOf([parallel('f', [writes('a', 1), writes('b', 2)], { converge: converge({ onConflict }) })]),
    );
    expect(s.workflow.root.context).toMatchObject({ shared: expected });
  });
});

describe('strategies', () => {
  it('first-success goes on with the first and cancels the others, with what was below them', () => {
    const s = Scenario.start(
      graphOf([
        parallel('race', [branch('a'), branch('b', [parallel('g', [branch('x')])]), branch('c')], {
          maxConcurrency: 2,
          converge: converge({ strategy: { name: 'first-success' }, losers: 'cancel' }),
        }),
        agent('next', { with: '${{ steps.race.output }}' }),
      ]),
    );
    s.complete('race/a', 'won');
    expect(s.phases()).toMatchObject({
      'race/b': 'cancelled',
      'race/b/g/x': 'cancelled',
      'race/c': 'cancelled',
      root: 'requested',
    });
    expect(s.ofType('ConvergenceReached')[0]?.data).toMatchObject({
      decidedBy: 'a',
      cancelled: ['b', 'c'],
      counted: ['a'],
    });
    expect(s.ofType('BranchRequested').at(-1)?.data.input).toBe('won');
  });

  it('first-success fails when none succeeded', () => {
    const s = Scenario.start(
      graphOf([
        parallel('race', [branch('a'), branch('b')], {
          converge: converge({ strategy: { name: 'first-success' }, losers: 'cancel' }),
        }),
      ]),
    );
    s.fail('race/a');
    expect(s.workflow.status).toBe('running');
    s.fail('race/b');
    expect(outcome(s)).toMatchObject({ is: 'failed', failure: { code: 'convergence-unmet' } });
  });

  it('all-settled gives what completed, and is unreachable as soon as too few can', () => {
    const settled = (require?: number | { percent: number }) =>
      graphOf([
        parallel('f', [branch('a'), branch('b'), branch('c')], {
          converge: converge({ strategy: { name: 'all-settled', ...(require !== undefined && { require }) } }),
        }),
      ]);
    const s = Scenario.start(settled());
    s.fail('f/a');
    s.complete('f/b', 1);
    s.complete('f/c', 2);
    expect(outcome(s)).toEqual({ is: 'completed', output: { b: 1, c: 2 } });
    const strict = Scenario.start(settled({ percent: 100 }));
    strict.fail('f/a');
    expect(strict.ofType('ConvergenceReached')[0]?.data).toMatchObject({ outcome: 'unreachable', decidedBy: 'a' });
  });

  it('settles at the deadline with what is there', () => {
    const s = Scenario.start(
      graphOf([
        parallel('f', [branch('a'), branch('b')], {
          converge: converge({ strategy: { name: 'all-settled' }, deadline: 1000 }),
        }),
      ]),
    );
    s.complete('f/a', 1);
    s.tick(1000);
    expect(outcome(s)).toEqual({ is: 'completed', output: { a: 1 } });
    expect(s.phases()['f/b']).toBe('cancelled');
  });

  it('goes on with null when it may be unmet', () => {
    const s = Scenario.start(
      graphOf([
        parallel('f', [branch('a')], { converge: converge({ onUnmet: 'continue' }) }),
        set('s', { e: '${{ steps.f.error.code }}' }),
      ]),
    );
    s.fail('f/a');
    expect(outcome(s)).toEqual({ is: 'completed', output: { e: 'convergence-unmet' } });
  });
});

describe('fallback to sequential', () => {
  it('tries branches that failed for lack of capacity again, alone, when the others have ended', () => {
    const s = Scenario.start(
      graphOf([parallel('f', [branch('a'), branch('b'), branch('c')])], { fallbackToSequential: true }),
    );
    s.fail('f/a', { code: 'rate-limited' });
    s.fail('f/b', { code: 'overloaded' });
    expect(s.requested).toEqual(['f/c']);
    s.complete('f/c', 3);
    expect(s.requested).toEqual(['f/a']);
    s.complete('f/a', 1);
    expect(s.requested).toEqual(['f/b']);
    s.fail('f/b', { code: 'overloaded' });
    expect(outcome(s)?.is).toBe('failed');
    expect(s.ofType('BranchDeferred')).toHaveLength(2);
  });
});

describe('cancelling', () => {
  it('ends every open branch, innermost first, and names the attempts that run', () => {
    const s = Scenario.start(graphOf([parallel('f', [branch('a'), branch('b')], { maxConcurrency: 1 })]));
    s.send({ type: 'cancel', reason: 'enough' });
    expect(s.ofType('BranchCancelled').map((e) => [e.data.branch, e.data.attempt])).toEqual([
      ['f/a', 1],
      ['f/b', undefined],
      ['root', undefined],
    ]);
    expect(s.workflow.status).toBe('cancelled');
    expect(s.send({ type: 'cancel' })).toMatchObject({ is: 'accepted', events: [] });
  });

  it('is refused when the workflow has ended otherwise', () => {
    const s = Scenario.start(graphOf([agent('a')]));
    s.complete('root');
    expect(s.send({ type: 'cancel' })).toMatchObject({ is: 'rejected', rejection: { code: 'workflow.closed' } });
  });
});

describe('starting', () => {
  it('again with the same request changes nothing, with a different one is refused', () => {
    const s = Scenario.start(graphOf([agent('a')]));
    const [first] = s.ofType('WorkflowStarted');
    if (!first) throw new Error('no start');
    expect(s.send({ type: 'start', workflow: 'w1', start: first.data })).toMatchObject({ is: 'accepted', events: [] });
    expect(s.send({ type: 'start', workflow: 'w1', start: { ...first.data, requestDigest: 'other' } })).toMatchObject({
      is: 'rejected',
      rejection: { code: 'workflow.different-start' },
    });
  });
});
