import { describe, expect, test } from '@jest/globals';
import { type AgentStep, type Graph, type ParallelStep, type Step } from '@braid/events';
import { compilePlaybook } from './compile';

function graphOf(source: string): Graph {
  const compiled = compilePlaybook(source);
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.problems, undefined, 2));
  return compiled.graph;
}

function first<T extends Step>(source: string): T {
  return graphOf(source).steps[0] as T;
}

/** The ids of all steps, in document order, indented by the depth of their sequence. */
function idsOf(steps: readonly Step[], indent = ''): readonly string[] {
  return steps.flatMap((step) => {
    if (step.kind === 'parallel') {
      return [indent + step.id, ...step.branches.flatMap((branch) => idsOf(branch.steps, `${indent}  `))];
    }
    return step.kind === 'map' ? [indent + step.id, ...idsOf(step.steps, `${indent}  `)] : [indent + step.id];
  });
}

const agent = (fields: string, rest = '') => first<AgentStep>(`{ name: p, ${rest} steps: [{ agent: a, ${fields} }] }`);

describe('the policy of an agent step', () => {
  test('has the defaults of the system', () => {
    const { timeout, retry, heartbeatTimeout, startTimeout } = agent('');
    expect({ timeout, retry, heartbeatTimeout, startTimeout }).toEqual({
      timeout: 600_000,
      retry: {
        maximumAttempts: 3,
        initialInterval: 1_000,
        backoffCoefficient: 2,
        maximumInterval: 100_000,
        nonRetryableErrors: [],
      },
    });
  });

  test("takes what the step does not say from the playbook's defaults, field by field", () => {
    const defaults =
      'defaults: { timeout: 5m, heartbeatTimeout: 3s, startTimeout: 1h, retry: { maximumAttempts: 7, initialInterval: 2s } },';
    expect(agent('retry: { maximumAttempts: 2, nonRetryableErrors: [Bad] }, timeout: PT1M30S', defaults)).toMatchObject(
      {
        timeout: 90_000,
        heartbeatTimeout: 3_000,
        startTimeout: 3_600_000,
        retry: { maximumAttempts: 2, initialInterval: 2_000, maximumInterval: 200_000, nonRetryableErrors: ['Bad'] },
      },
    );
  });

  test.each([
    ['false', { maximumAttempts: 1 }],
    ['{ maximumAttempts: 1 }', { maximumAttempts: 1 }],
    ['{ initialInterval: 1m }', { maximumInterval: 600_000 }],
    ['{ initialInterval: 15m }', { maximumInterval: 900_000 }],
    ['{ initialInterval: 0s }', { maximumInterval: 0 }],
    ['{ maximumInterval: 5s }', { maximumInterval: 5_000 }],
  ])('retry: %s', (retry, expected) => {
    expect(agent(`retry: ${retry}`).retry).toMatchObject(expected);
  });

  test.each([
    ['300ms', 300],
    ['1.5s', 1_500],
    ['2m', 120_000],
    ['1h', 3_600_000],
    ['7d', 604_800_000],
    ['PT0.5S', 500],
    ['P1W', 604_800_000],
    ['P1DT2H3M', 93_780_000],
  ])('a timeout of %s is %d ms', (text, milliseconds) => {
    expect(agent(`timeout: ${text}`).timeout).toBe(milliseconds);
  });

  test.each(['5', '5 m', '-1s', 'P', 'PT', 'P1Y', 'P1M', '1s2', '1e3s', 'm', 'P1DT'])('%s is no duration', (text) => {
    expect(compilePlaybook(`{ name: p, steps: [{ agent: a, timeout: "${text}" }] }`).ok).toBe(false);
  });
});

describe('the id of a step', () => {
  test('is its own, or that of the branch whose only step it is, or its kind or agent with a number', () => {
    const steps = `[
      { agent: git.clone }, { agent: x.clone }, { id: own, agent: a }, { set: { a: 1 } },
      { parallel: { branches: { one: { agent: a }, two: { steps: [{ agent: a }] }, three: { steps: [{ agent: a }, { agent: a }] } } } },
      { map: { over: [1] }, agent: a }]`;
    expect(idsOf(graphOf(`{ name: p, steps: ${steps} }`).steps)).toEqual([
      ...['clone-1', 'clone-2', 'own', 'set-1', 'parallel-1', '  one', '  two', '  a-1', '  a-2', 'map-1', '  a-3'],
    ]);
  });

  test('never is one that the playbook gives elsewhere, nor hides one around it', () => {
    const steps =
      '[{ agent: a }, { id: a-1, agent: b }, { parallel: { branches: { x: { parallel: { branches: { x: { agent: c } } } } } } }]';
    expect(idsOf(graphOf(`{ name: p, steps: ${steps} }`).steps)).toEqual([
      'a-2',
      'a-1',
      'parallel-1',
      '  x',
      '    c-1',
    ]);
  });
});

describe('a condition', () => {
  test.each([
    ['"${{ 1 < 2 }}"', '1 < 2'],
    ['1 < 2', '1 < 2'],
    ['true', 'true'],
    [`"\${{ '}}' == 'x' }}"`, `'}}' == 'x'`],
  ])('%s is stored as %s', (given, stored) => {
    expect(agent(`if: ${given}`).if).toBe(stored);
  });

  test('of a branch with one step skips the branch, not its step', () => {
    const fork = first<ParallelStep>(
      '{ name: p, steps: [{ parallel: { branches: { x: { if: 1 < 2, agent: a } } } }] }',
    );
    expect(fork.branches[0]).toMatchObject({ name: 'x', if: '1 < 2' });
    expect(fork.branches[0]?.steps[0]).not.toHaveProperty('if');
  });
});

describe('a convergence', () => {
  const converge = (fields: string) =>
    first<ParallelStep>(`{ name: p, steps: [{ parallel: { branches: { x: { agent: a } } }, converge: ${fields} }] }`)
      .converge;

  test.each([
    ['{}', { strategy: { name: 'all-must-complete' }, losers: 'drain', onUnmet: 'fail', onConflict: 'error' }],
    ['{ strategy: all-settled }', { strategy: { name: 'all-settled' }, losers: 'drain' }],
    ['{ strategy: all-settled, require: 1 }', { strategy: { name: 'all-settled', require: 1 } }],
    ['{ strategy: all-settled, require: 50% }', { strategy: { name: 'all-settled', require: { percent: 50 } } }],
    ['{ strategy: first-success }', { losers: 'cancel' }],
    ['{ strategy: first-success, losers: drain }', { losers: 'drain' }],
    [
      '{ strategy: first-success, schema: { type: object } }',
      { strategy: { name: 'first-success', schema: { type: 'object' } } },
    ],
    ['{ deadline: 2m, onUnmet: continue }', { deadline: 120_000, onUnmet: 'continue' }],
    ['{ context: { onConflict: last } }', { onConflict: 'last' }],
    ['{ context: { onConflict: { prefer: x } } }', { onConflict: { prefer: 'x' } }],
  ])('%s', (fields, expected) => {
    expect(converge(fields)).toMatchObject(expected);
  });
});

describe('the short form', () => {
  const short = 'name: p, executionType: parallel, parallelStructure: { branches: [[a, b], [c]], convergeAt: d }';

  test('means the same as a fork and a step that gets its output', () => {
    const { steps } = graphOf(`{ ${short} }`);
    const long = graphOf(`{ name: p, steps: [
      { id: parallel-1, parallel: { branches: { branch-1: { steps: [{ agent: a }, { agent: b }] }, branch-2: { agent: c } } } },
      { agent: d, with: "\${{ steps['parallel-1'].output }}" }] }`).steps;
    const withoutPaths = (value: unknown) =>
      JSON.parse(JSON.stringify(value, (key, part: unknown) => (key === 'path' ? undefined : part))) as unknown;
    expect(withoutPaths(steps)).toEqual(withoutPaths(long));
  });

  test('takes named steps from the list, with everything that is said there, and runs the others before and after', () => {
    const { steps } = graphOf(
      `{ ${short}, steps: [{ agent: first }, { agent: b, timeout: 3s }, { id: d, agent: judge, with: { x: 1 } }, { agent: last }] }`,
    );
    expect(steps.map((step) => (step.kind === 'agent' ? step.agent : step.kind))).toEqual([
      'first',
      'parallel',
      'judge',
      'last',
    ]);
    expect(steps[1]).toMatchObject({
      branches: [{ steps: [{ agent: 'a' }, { agent: 'b', timeout: 3_000 }] }, { steps: [{ agent: 'c' }] }],
    });
    expect(steps[2]).toMatchObject({ id: 'd', with: { x: 1 } });
  });

  test.each([
    ['branches: [[a, 5]]', 'parallelStructure.branches[0][1]'],
    ['branches: []', 'parallelStructure.branches'],
    ['branches: [[a]], convergeAt: "a b"', 'parallelStructure.convergeAt'],
    ['branches: [[a]], convergeat: b', 'parallelStructure.convergeat'],
    ['branches: [[{ agnet: b }]]', 'parallelStructure.branches[0][0].agnet'],
    ['branches: [[{ id: x }]]', 'parallelStructure.branches[0][0]'],
  ])('of { %s } is refused at %s', (structure, path) => {
    const compiled = compilePlaybook(`{ name: p, parallelStructure: { ${structure} } }`);
    expect(compiled.ok ? [] : compiled.problems.map((problem) => problem.path)).toEqual([path]);
  });
});
