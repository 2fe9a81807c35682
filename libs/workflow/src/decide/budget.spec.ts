import { describe, expect, it } from '@jest/globals';
import { type Amounts, type JsonObject } from '@braid/events';
import { agent, branch, converge, graphOf, map, parallel, Scenario, set } from '@braid/testing';
import { remainingBudget } from '../budget';
import { restoreSnapshot, takeSnapshot, type WorkflowSnapshot } from '../snapshot';

const retry = {
  maximumAttempts: 3,
  initialInterval: 0,
  backoffCoefficient: 1,
  maximumInterval: 0,
  nonRetryableErrors: [],
};

/** The open attempt of a branch ends, having used something, which is also its output. */
function ends(s: Scenario, path: string, usage: JsonObject | undefined, how: 'completed' | 'failed' = 'completed') {
  return how === 'completed' ? s.complete(path, usage, usage) : s.fail(path, { code: 'overloaded' }, usage);
}

const failure = (s: Scenario) => (s.workflow.ending?.is === 'failed' ? s.workflow.ending.failure : undefined);
const asked = (s: Scenario) => s.ofType('BranchRequested').map(({ data }) => data.branch);
const refused = (s: Scenario) =>
  s.ofType('BranchFailed').filter(({ data }) => data.failure.code === 'budget' && data.step !== undefined);
const used = ({ workflow: { cost } }: Scenario) => Object.fromEntries(cost.usage);
const left = (s: Scenario) => remainingBudget(s.workflow);
const cost = (tokens: number) => ({ cost: { tokens } });
const race = (losers: 'cancel' | 'drain') => converge({ strategy: { name: 'first-success' }, losers });

describe('a budget', () => {
  // Seen to fail with `<` for `<=`, and with what is set aside left out of the sum.
  it('lets attempts begin as long as what they may use fits in, and refuses the one that could go over it', () => {
    const s = Scenario.start(
      graphOf(
        [
          parallel('f', [
            branch('a', [agent('x', cost(400))]),
            branch('b', [agent('y', cost(600))]),
            branch('c', [agent('z', cost(1))]),
          ]),
        ],
        {
          budget: { tokens: 1000 },
        },
      ),
    );
    expect(asked(s)).toEqual(['f/a', 'f/b']);
    expect(s.workflow.branches.get('f/c')?.phase).toMatchObject({
      is: 'failed',
      failure: {
        ...{ code: 'budget', type: 'BudgetExceededError', retryable: false, branch: 'f/c', step: 'z' },
        message:
          'The budget of 1000 tokens does not allow another attempt: 0 used, 1000 set aside for attempts that have not reported theirs, this step may use 1',
        details: { unit: 'tokens', budget: 1000, used: 0, reserved: 1000, cost: 1 },
      },
    });
  });

  it('gives back what an attempt did not use', () => {
    const s = Scenario.start(graphOf([agent('a', cost(900)), agent('b', cost(900))], { budget: { tokens: 1000 } }));
    expect(left(s)).toEqual({ tokens: 100 });
    ends(s, 'root', { tokens: 100 });
    expect([left(s), used(s)]).toEqual([{ tokens: 0 }, { tokens: 100 }]);
    ends(s, 'root', { tokens: 200 });
    expect([s.workflow.status, left(s), used(s)]).toEqual(['completed', { tokens: 700 }, { tokens: 300 }]);
  });

  it('lets a step without a declared cost begin as long as anything is left', () => {
    const s = Scenario.start(graphOf([agent('a'), agent('b'), agent('c')], { budget: { tokens: 100 } }));
    ends(s, 'root', { tokens: 99 });
    ends(s, 'root', { tokens: 5000 });
    expect(failure(s)).toMatchObject({ code: 'budget', step: 'c', details: { used: 5099 } });
  });

  it('that is used up still lets steps begin that declare to use none of it', () => {
    const s = Scenario.start(graphOf([agent('a'), agent('b', cost(0))], { budget: { tokens: 10 } }));
    ends(s, 'root', { tokens: 20 });
    ends(s, 'root', undefined);
    expect([s.workflow.status, left(s)]).toEqual(['completed', { tokens: 0 }]);
  });

  // Seen to fail with plain sums: 0.1 + 0.1 + 0.1 is more than 0.3.
  it('of 0.3 is enough for three attempts of 0.1, and not for four', () => {
    const steps = ['a', 'b', 'c', 'd'].map((id) => agent(id, { cost: { usd: 0.1 } }));
    const s = Scenario.start(graphOf(steps, { budget: { usd: 0.3 } }));
    for (let step = 0; step < 3; step++) ends(s, 'root', { usd: 0.1 });
    expect([failure(s)?.step, used(s), left(s)]).toEqual(['d', { usd: 0.3 }, { usd: 0 }]);
  });

  it('of attempts counts every attempt, whatever agents report under that name', () => {
    const s = Scenario.start(graphOf([agent('a', { retry }), agent('b')], { budget: { attempts: 2 } }));
    ends(s, 'root', { attempts: 0 }, 'failed');
    s.tick(0);
    expect(left(s)).toEqual({ attempts: 0 });
    ends(s, 'root', { attempts: 7 });
    expect(failure(s)).toMatchObject({
      ...{ code: 'budget', step: 'b' },
      message: 'The budget of 2 attempts does not allow another attempt: 2 used',
    });
    expect(used(s)).toEqual({});
  });

  it.each<[string, Amounts | undefined, Amounts | undefined, Amounts | undefined]>([
    ['neither', undefined, undefined, undefined],
    ['only the playbook', { tokens: 5 }, undefined, { tokens: 5 }],
    ['only the start', undefined, { tokens: 5 }, { tokens: 5 }],
    ['a start that widens it', { tokens: 5, usd: 1 }, { tokens: 9 }, { tokens: 5, usd: 1 }],
    ['a start that narrows it', { tokens: 5, usd: 1 }, { tokens: 2, attempts: 3 }, { tokens: 2, usd: 1, attempts: 3 }],
  ])('is the smaller one of each unit: %s', (_, ofPlaybook, ofStart, expected) => {
    const s = Scenario.start(
      graphOf([agent('a')], ofPlaybook && { budget: ofPlaybook }),
      ofStart && { budget: ofStart },
    );
    expect(left(s)).toEqual(expected && { ...expected, ...(expected['attempts'] && { attempts: 2 }) });
    expect(s.workflow.budget).toEqual(expected);
  });

  it('is named by units that objects have of themselves like by any other', () => {
    const s = Scenario.start(
      graphOf([agent('a', { cost: { toString: 3 } }), agent('b')], { budget: { toString: 3, valueOf: 1 } }),
    );
    ends(s, 'root', { valueOf: 1 });
    expect(failure(s)).toMatchObject({ step: 'b', details: { unit: 'valueOf', used: 1 } });
  });
});

describe('what was used', () => {
  // Seen to fail: the usage of attempts that were tried again was not counted.
  it('by attempts that failed counts, tried again or not', () => {
    const s = Scenario.start(graphOf([agent('a', { retry, cost: { tokens: 40 } })], { budget: { tokens: 100 } }));
    ends(s, 'root', { tokens: 40 }, 'failed');
    s.tick(0);
    ends(s, 'root', { tokens: 30 }, 'failed');
    expect([used(s), left(s), s.workflow.cost.agentMs]).toEqual([{ tokens: 70 }, { tokens: 30 }, 10]);
    s.tick(0);
    expect(failure(s)).toMatchObject({ code: 'budget', step: 'a', cause: { code: 'overloaded', attempt: 2 } });
    expect(asked(s)).toHaveLength(2);
  });

  it('is nothing but numbers from zero on', () => {
    const s = Scenario.start(graphOf([agent('a'), agent('b')], { budget: { tokens: 10 } }));
    ends(s, 'root', { tokens: -500, model: 'large', usd: null, calls: 2 });
    expect(used(s)).toEqual({ calls: 2 });
  });

  it('has no more units than a workflow can carry', () => {
    const s = Scenario.start(graphOf([agent('a'), agent('b')]));
    ends(s, 'root', { tokens: 1, ...Object.fromEntries(Array.from({ length: 5000 }, (_, n) => [`u${n}`, 1])) });
    ends(s, 'root', { tokens: 1, another: 1 });
    expect([s.workflow.cost.usage.size, used(s)['tokens'], used(s)['another']]).toEqual([100, 2, undefined]);
  });
});

describe('attempts that nobody reports', () => {
  const signs = (s: Scenario, path: string) =>
    new Map([[path, { attempt: 1, startedAt: s.now - 100_000, seenAt: s.now - 100_000 }]]);

  it('may have used all that they declare, when they are cancelled', () => {
    const branches = ['a', 'b', 'c'].map((name) => branch(name, [agent(name, cost(300))]));
    const s = Scenario.start(
      graphOf([parallel('f', branches, { converge: race('cancel') }), agent('next', cost(300))], {
        budget: { tokens: 1000 },
      }),
    );
    ends(s, 'f/b', { tokens: 50 });
    expect([left(s), s.workflow.cost.reserved.get('tokens')]).toEqual([{ tokens: 50 }, 900]);
    expect(s.requested).toEqual(['root']);
  });

  it('and when they are given up', () => {
    const s = Scenario.start(
      graphOf([agent('a', { retry, cost: { tokens: 60 }, timeout: 1000 })], { budget: { tokens: 100 } }),
    );
    s.tick(0, signs(s, 'root'));
    s.tick(0);
    expect(failure(s)).toMatchObject({ code: 'budget', details: { used: 0, reserved: 60, cost: 60 } });
  });

  it('have used nothing when they never began', () => {
    const s = Scenario.start(
      graphOf([agent('a', { retry, cost: { tokens: 60 }, startTimeout: 1000 })], { budget: { tokens: 100 } }),
    );
    s.tick(1000);
    expect(left(s)).toEqual({ tokens: 100 });
    s.tick(0);
    expect(s.requested).toEqual(['root']);
  });
});

describe('a step that the budget refuses', () => {
  it('fails like any other: onFailure catches it', () => {
    const instead = [set('cheap', { answer: '${{ steps.a.error.code }}' })];
    const s = Scenario.start(
      graphOf(
        [
          agent('a', { ...cost(2), onFailure: instead }),
          agent('b', { ...cost(2), onFailure: 'continue' }),
          set('c', { done: true }),
        ],
        {
          budget: { tokens: 1 },
        },
      ),
    );
    expect(s.workflow).toMatchObject({ status: 'completed', root: { context: { answer: 'budget', done: true } } });
    expect(s.workflow.cost.attempts).toBe(0);
  });

  it('does no harm to a race that another branch has won', () => {
    const branches = [branch('a', [agent('a', cost(5))]), branch('b', [agent('b', cost(5)), agent('b2', cost(5))])];
    const s = Scenario.start(
      graphOf([parallel('f', branches, { converge: race('drain') })], { budget: { tokens: 10 } }),
    );
    ends(s, 'f/a', { tokens: 5 });
    ends(s, 'f/b', { tokens: 5 });
    expect(s.phases()).toMatchObject({ 'f/a': 'completed', 'f/b': 'failed', root: 'completed' });
    expect(s.workflow.ending).toEqual({ is: 'completed', output: { tokens: 5 } });
  });

  it('loses a race that it alone could still have won', () => {
    const branches = [branch('a', [agent('a', cost(5))]), branch('b', [agent('b', cost(6))])];
    const s = Scenario.start(
      graphOf([parallel('f', branches, { converge: race('cancel') })], { budget: { tokens: 10 } }),
    );
    expect(s.phases()['f/b']).toBe('failed');
    ends(s, 'f/a', { tokens: 5 }, 'failed');
    expect(failure(s)).toMatchObject({ code: 'convergence-unmet' });
  });

  // Seen to fail: what was deferred was asked for without looking at the budget, and a refusal there left the fork standing.
  it('may be one that was deferred for lack of capacity', () => {
    const branches = ['a', 'b', 'c'].map((name) => branch(name, [agent(name, cost(10))]));
    const s = Scenario.start(
      graphOf([parallel('f', branches)], { fallbackToSequential: true, budget: { tokens: 31 } }),
    );
    ends(s, 'f/a', { tokens: 1 }, 'failed');
    ends(s, 'f/b', { tokens: 10 }, 'failed');
    ends(s, 'f/c', { tokens: 10 });
    expect(s.requested).toEqual(['f/a']);
    expect([used(s), s.workflow.cost.reserved.get('tokens')]).toEqual([{ tokens: 21 }, 10]);
    ends(s, 'f/a', { tokens: 9 });
    expect(refused(s).map(({ data }) => data.branch)).toEqual(['f/b']);
    expect(s.requested).toEqual([]);
    expect(s.workflow.branches.get('f/b')?.phase).toMatchObject({
      failure: { code: 'budget', cause: { code: 'overloaded' } },
    });
    expect(s.workflow.status).toBe('failed');
  });

  // Seen to fail with the next step left standing after a refused one that was deferred.
  it('lets its branch go on when that was deferred and survives it', () => {
    const branches = ['a', 'b'].map((name) =>
      branch(name, [agent(name, { ...cost(10), onFailure: 'continue' }), set('s', { [name]: true })]),
    );
    const s = Scenario.start(
      graphOf([parallel('f', branches)], { fallbackToSequential: true, budget: { tokens: 20 } }),
    );
    ends(s, 'f/a', { tokens: 10 }, 'failed');
    ends(s, 'f/b', { tokens: 10 });
    expect(s.workflow).toMatchObject({ status: 'completed', root: { context: { a: true, b: true } } });
  });
});

describe('in sequential mode', () => {
  it('as many branches begin as the budget allows for one after the other', () => {
    const steps = [agent('a', { ...cost(100), onFailure: 'continue' })];
    const s = Scenario.start(graphOf([map('m', [1, 2, 3, 4, 5], steps)], { budget: { tokens: 250 } }), {
      mode: 'sequential',
    });
    while (s.requested.length > 0) ends(s, s.requested[0] ?? '', { tokens: 60 });
    expect([asked(s), used(s)]).toEqual([['m/0', 'm/1', 'm/2'], { tokens: 180 }]);
    expect(s.workflow.status).toBe('completed');
  });
});

describe('a map of 1 000 with a budget for 100', () => {
  const items = Array.from({ length: 1000 }, (_, index) => index);
  const settled = converge({ strategy: { name: 'all-settled' } });

  it('begins 100 at once, refuses 900, and settles with what there is', () => {
    const s = Scenario.start(
      graphOf([map('m', items, [agent('a', cost(10))], { converge: settled })], { budget: { tokens: 1000 } }),
    );
    expect([asked(s).length, refused(s).length]).toEqual([100, 900]);
    for (const path of s.requested) ends(s, path, { tokens: 10 });
    expect(s.workflow.ending).toMatchObject({ is: 'completed', output: { length: 100 } });
    expect(used(s)).toEqual({ tokens: 1000 });
  });

  it('gets more done ten at a time, when attempts use less than they declare', () => {
    const s = Scenario.start(
      graphOf([map('m', items, [agent('a', cost(10))], { converge: settled, maxConcurrency: 10 })], {
        budget: { tokens: 1000 },
      }),
    );
    while (s.requested.length > 0) ends(s, s.requested[0] ?? '', { tokens: 2 });
    const { tokens = 0 } = used(s);
    expect([asked(s).length, tokens]).toEqual([460, 920]);
  });
});

describe('a workflow that failed for its budget', () => {
  const started = () => {
    const s = Scenario.start(
      graphOf([parallel('f', [branch('a', [agent('a', cost(60))]), branch('b', [agent('b', cost(60))])])], {
        budget: { tokens: 100, usd: 1 },
      }),
    );
    ends(s, 'f/a', { tokens: 60 });
    expect(failure(s)).toMatchObject({ code: 'convergence-unmet', cause: { code: 'budget' } });
    return s;
  };

  it('fails again when it is tried again with the same', () => {
    const s = started();
    s.send({ type: 'retry' });
    expect(failure(s)).toMatchObject({ cause: { code: 'budget' } });
  });

  it('goes on with a larger one, and with what was used before', () => {
    const s = started();
    s.send({ type: 'retry', budget: { tokens: 150 } });
    expect(s.requested).toEqual(['f/b']);
    expect([s.workflow.budget, left(s)]).toEqual([
      { tokens: 150, usd: 1 },
      { tokens: 30, usd: 1 },
    ]);
    ends(s, 'f/b', { tokens: 60 });
    expect([s.workflow.status, used(s)]).toEqual(['completed', { tokens: 120 }]);
  });
});

it('a snapshot holds the budget, what was used and what is set aside', () => {
  const s = Scenario.start(graphOf([agent('a', cost(3)), agent('b', cost(4))], { budget: { tokens: 10 } }), {
    budget: { tokens: 9 },
  });
  ends(s, 'root', { tokens: 1 });
  const snapshot = JSON.parse(JSON.stringify(takeSnapshot(s.workflow))) as WorkflowSnapshot;
  const restored = restoreSnapshot(snapshot);
  expect([restored.budget, remainingBudget(restored)]).toEqual([{ tokens: 9 }, { tokens: 4 }]);
});
