import { describe, expect, it } from '@jest/globals';
import { type RecordedEvent } from '@braid/events';
import { agent, branch, converge, graphOf, parallel, Scenario, set } from '@braid/testing';
import { fold, HistoryError } from '@braid/workflow';
import { nextObligation } from '@braid/workflow/decide';

describe('deadlines', () => {
  const race = converge({ strategy: { name: 'first-success' }, losers: 'cancel' });

  // Seen to fail: the fork stayed among the timed ones, so its due moment lay in the past for ever.
  it('of a fork whose parent was cancelled are forgotten', () => {
    const inner = parallel('g', [branch('x')], { converge: converge({ deadline: 100 }) });
    const s = Scenario.start(
      graphOf([parallel('f', [branch('a'), branch('b', [inner])], { converge: race }), agent('next')]),
    );
    expect(nextObligation(s.workflow, new Map())).toBe(s.now + 100);
    s.complete('f/a');
    expect(nextObligation(s.workflow, new Map())).toBeUndefined();
  });

  // Seen to fail with the order of the agenda turned round: the outer fork cancelled what had settled before its deadline.
  it('that one tick finds passed are honoured in the order of their moments', () => {
    const settled = { strategy: { name: 'all-settled' } } as const;
    const inner = parallel('g', [branch('x'), branch('y')], { converge: converge({ ...settled, deadline: 10 }) });
    const s = Scenario.start(
      graphOf([parallel('f', [branch('a', [inner])], { converge: converge({ ...settled, deadline: 100 }) })]),
    );
    s.complete('f/a/g/x', 1);
    s.tick(1000);
    expect(s.workflow.ending).toEqual({ is: 'completed', output: { a: { x: 1 } } });
  });
});

describe('a decision', () => {
  // Seen to fail: the branch that was skipped for want of the failed one was on record as the one that decided.
  it('is put down to the branch that failed, not to those that needed it', () => {
    const s = Scenario.start(
      graphOf([parallel('f', [branch('a'), branch('b', [agent('x')], { needs: ['a'] }), branch('c')])]),
    );
    s.fail('f/a', { retryable: false });
    expect(s.ofType('ConvergenceReached')[0]?.data).toMatchObject({ decidedBy: 'a', tally: { failed: 1, skipped: 1 } });
  });

  it('names the first failure in declared order as its cause, whatever the order of arrivals', () => {
    const strategy = { name: 'all-settled', require: 2 } as const;
    const s = Scenario.start(
      graphOf([parallel('f', [branch('a'), branch('b'), branch('c')], { converge: converge({ strategy }) })]),
    );
    s.fail('f/c', { message: 'c broke' });
    s.fail('f/a', { message: 'a broke' });
    expect(s.ofType('ConvergenceReached')[0]?.data.failure).toMatchObject({ cause: { message: 'a broke' } });
  });
});

describe('a branch', () => {
  it('that completes without an agent has a start as well as an end', () => {
    const s = Scenario.start(graphOf([parallel('f', [branch('a', [set('s', { k: 1 })])])]));
    expect(s.workflow.branches.get('f/a')).toMatchObject({ startedAt: s.now, endedAt: s.now });
  });
});

describe('the order of starting', () => {
  // Seen to fail with newly ready branches put at the wrong place among those that wait.
  it('is the declared one, also for a branch that becomes ready while others wait for a place', () => {
    const branches = [
      branch('a'),
      branch('b', [agent('x')], { needs: ['a'] }),
      branch('c'),
      branch('d', [agent('y')], { needs: ['b'] }),
      branch('e'),
    ];
    const s = Scenario.start(graphOf([parallel('f', branches, { maxConcurrency: 1 })]));
    while (s.requested.length > 0) s.complete(s.requested[0] ?? '');
    expect(s.ofType('BranchRequested').map(({ data }) => data.branch)).toEqual(['f/a', 'f/b', 'f/c', 'f/d', 'f/e']);
  });
});

describe('falling back to sequential', () => {
  // Seen to fail with the count of attempts before the deferral carried over to the next step.
  it('is open to each step of a branch once, with all its attempts before and after', () => {
    const retry = {
      maximumAttempts: 2,
      initialInterval: 0,
      backoffCoefficient: 1,
      maximumInterval: 0,
      nonRetryableErrors: [],
    };
    const steps = [agent('one', { retry }), agent('two', { retry })];
    const s = Scenario.start(
      graphOf([parallel('f', [branch('a', steps), branch('b', steps)])], { fallbackToSequential: true }),
    );
    const fail = () => {
      s.fail('f/a', { code: 'overloaded' });
      s.tick(0);
    };
    fail();
    fail();
    expect(s.phases()['f/a']).toBe('deferred');
    s.complete('f/b');
    s.complete('f/b');
    fail();
    s.complete('f/a');
    fail();
    fail();
    expect(s.ofType('BranchDeferred').map(({ data }) => [data.step, data.attempt])).toEqual([
      ['one', 2],
      ['two', 2],
    ]);
    fail();
    fail();
    expect(s.workflow.status).toBe('failed');
    expect(s.ofType('BranchRequested').filter(({ data }) => data.step === 'two' && data.branch === 'f/a')).toHaveLength(
      4,
    );
  });
});

describe('a history', () => {
  const s = Scenario.start(graphOf([parallel('f', [branch('a'), branch('b')])]));
  s.complete('f/a', 1);
  const whole = [...s.events];
  const expectRefused = (...more: readonly object[]) => {
    const events = [...whole, ...more.map((event, i) => ({ ...event, version: whole.length + 1 + i }))];
    expect(() => fold(events as RecordedEvent[])).toThrow(HistoryError);
  };
  const last = whole.at(-1) as RecordedEvent;

  // Each was accepted before evolve checked it.
  it('is refused when a branch ends twice', () => expectRefused(last));
  it('is refused when it holds an event of another workflow', () =>
    expectRefused({ ...last, workflow: 'w2', data: { branch: 'f/b', output: 1 } }));
  it('is refused when it starts twice', () => expectRefused(whole[0] as RecordedEvent));
  it('is refused when it goes on after its end', () => {
    const end = { type: 'WorkflowCancelled', data: {}, workflow: 'w1', at: s.now };
    expectRefused(end, { ...last, data: { branch: 'f/b', output: 1 } });
  });
  it('is refused when a version is missing', () => {
    expect(() => fold([whole[0] as RecordedEvent, whole[2] as RecordedEvent])).toThrow(HistoryError);
  });
});
