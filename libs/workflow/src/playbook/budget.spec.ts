import { describe, expect, test } from '@jest/globals';
import { type AgentStep } from '@braid/events';
import { compilePlaybook } from './compile';

const compiled = (source: string) => {
  const result = compilePlaybook(source);
  if (!result.ok) throw new Error(JSON.stringify(result.problems));
  return result;
};

const problemsOf = (source: string) => {
  const result = compilePlaybook(source);
  return result.ok ? result.warnings : result.problems;
};

describe('a budget and the cost of steps', () => {
  test('are amounts by unit; what a step says stands over the defaults, unit by unit', () => {
    const { graph } = compiled(`
name: p
budget: { tokens: 100000, usd: 2.5, attempts: 50 }
defaults: { cost: { tokens: 100, usd: 0.1 } }
steps:
  - { id: a, agent: x, cost: { tokens: 7, calls: 1 } }
  - { id: b, agent: x }
  - { id: c, map: { over: [1] }, agent: x, cost: { usd: 0 } }
`);
    expect(graph.budget).toEqual({ tokens: 100_000, usd: 2.5, attempts: 50 });
    const [a, b, c] = graph.steps;
    expect([a, b]).toMatchObject([{ cost: { tokens: 7, usd: 0.1, calls: 1 } }, { cost: { tokens: 100, usd: 0.1 } }]);
    expect(c?.kind === 'map' && (c.steps[0] as AgentStep).cost).toEqual({ tokens: 100, usd: 0 });
  });

  test('are nothing in a playbook that says nothing of them', () => {
    const { graph } = compiled('{ name: p, steps: [{ agent: x }] }');
    expect([graph, graph.steps[0]]).toEqual([
      expect.not.objectContaining({ budget: expect.anything() }),
      expect.not.objectContaining({ cost: expect.anything() }),
    ]);
  });

  test.each([
    ['budget: 5', 'budget', '"budget" must be amounts by unit, for example { tokens: 1000 }, not the number 5'],
    ['budget: {}', 'budget', '"budget" must not be empty'],
    ['budget: { tokens: -1 }', 'budget.tokens', '"tokens" must be at least 0, not the number -1'],
    ['budget: { tokens: many }', 'budget.tokens', '"tokens" must be a number, not the text "many"'],
    [
      'budget: { "a b": 1 }',
      'budget["a b"]',
      '"a b" must be a unit: a letter and then letters, digits, _, - or ., at most 64 in all',
    ],
    [
      'defaults: { cost: { attempts: 1 } }',
      'defaults.cost.attempts',
      '"attempts" are counted by Braid: every attempt is one',
    ],
  ])('%s is a problem', (field, path, message) => {
    expect(problemsOf(`{ name: p, ${field}, steps: [{ agent: x }] }`)).toMatchObject([{ path, message }]);
  });

  test('a cost belongs to steps with an agent', () => {
    expect(problemsOf('{ name: p, steps: [{ wait: 5s, cost: { tokens: 1 } }] }')).toMatchObject([
      { path: 'steps[0].cost', message: '"cost" does not belong to a step with "wait"' },
    ]);
  });
});

describe('a budget that the steps may go over', () => {
  // Seen to fail with the factor of the branches left out, and with the sum of all cases of a choose.
  test('is a problem with its place, the step that costs most, and what to write instead', () => {
    const source = `name: race
budget:
  usd: 5
  tokens: 5000
defaults: { retry: false, cost: { tokens: 500 } }
steps:
  - id: ask
    parallel:
      branches:
        small: { agent: x }
        large: { agent: x, cost: { tokens: 2000 }, retry: { maximumAttempts: 2 } }
  - id: sum
    agent: x
`;
    expect(compilePlaybook(source)).toEqual({ ok: true, graph: expect.anything(), warnings: [] });
    expect(problemsOf(source.replace('tokens: 5000', 'tokens: 4999'))).toEqual([
      {
        path: 'budget.tokens',
        ...{ line: 4, column: 11 },
        message:
          'the steps may use 5000 tokens, but the budget allows 4999; most of it the step "large" (steps[0].parallel.branches.large): 2 attempts × 2000 tokens = 4000',
        suggestion: 'raise it to 5000, or lower the retries, the branches or the cost of "large"',
        severity: 'error',
      },
    ]);
  });

  const worst = (steps: string, more = '') => {
    const [problem] = problemsOf(
      `{ name: p, budget: { t: 0 }, defaults: { retry: false, cost: { t: 1 } }, ${more} steps: [${steps}] }`,
    );
    return [
      Number(/may use (\d+)/.exec(problem?.message ?? '')?.[1] ?? 0),
      /step "([\w-]+)"/.exec(problem?.message ?? '')?.[1],
    ];
  };

  test.each([
    [
      'three attempts unless the playbook says otherwise',
      '{ id: a, agent: x, retry: { initialInterval: 1s } }',
      1,
      'a',
    ],
    ['all attempts', '{ id: a, agent: x, retry: { maximumAttempts: 4 } }', 4, 'a'],
    ['every item of a list that is there', '{ id: m, map: { over: [1, 2, 3] }, agent: x }', 3, 'x-1'],
    ['no item of a list that is not there yet', '{ id: m, map: { over: "${{ [1, 2] }}" }, agent: x }', 0, undefined],
    [
      'maps in maps',
      '{ id: m, map: { over: [1, 2], as: a, steps: [{ id: n, map: { over: [1, 2, 3] }, agent: x }] } }',
      6,
      'x-1',
    ],
    [
      'the dearest case alone',
      '{ id: c, choose: [{ when: "1 < 2", steps: [{ id: one, agent: x }] }, { otherwise: [{ id: two, agent: x, cost: { t: 5 } }] }] }',
      5,
      'two',
    ],
    [
      'the judge of a fork',
      '{ id: f, parallel: { branches: { a: { agent: x } } }, converge: { strategy: judge, agent: j, cost: { t: 3 } } }',
      4,
      'judge',
    ],
    ['the answers to failures', '{ id: a, agent: x, onFailure: [{ id: b, agent: x, cost: { t: 3 } }] }', 4, 'b'],
    [
      'the answer to a fork that is not met',
      '{ id: f, parallel: { branches: { a: { agent: x } } }, converge: { onUnmet: [{ id: b, agent: x, cost: { t: 3 } }] } }',
      4,
      'b',
    ],
    [
      'what costs something, and nothing else',
      '{ id: a, agent: x, cost: { t: 0 } }, { id: w, wait: 5s }',
      0,
      undefined,
    ],
  ])('counts %s', (_, steps, amount, step) => {
    expect(worst(steps)).toEqual([amount, step]);
  });

  test('counts attempts after a fallback to sequential once more, in forks', () => {
    const steps = '{ id: f, parallel: { branches: { a: { agent: x, cost: { t: 2 } } } } }, { id: b, agent: x }';
    expect(worst(steps, 'parallelFallbackToSequential: true,')).toEqual([5, 'a']);
  });

  test('a cap on attempts that may be reached is only worth a warning', () => {
    const source = '{ name: p, budget: { attempts: 4 }, steps: [{ id: a, agent: x }, { id: b, agent: x }] }';
    const message =
      'the steps may use 6 attempts, but the budget allows 4; most of it the step "a" (steps[0]): 3 attempts = 3';
    expect(compiled(source).warnings).toMatchObject([{ path: 'budget.attempts', message, severity: 'warning' }]);
  });
});
