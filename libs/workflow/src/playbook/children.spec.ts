import { describe, expect, test } from '@jest/globals';
import { type Graph } from '@braid/events';
import { playbooksIn } from './check-playbooks';
import { compilePlaybook } from './compile';

type Options = Parameters<typeof compilePlaybook>[1];

function compiled(source: string, options: Options = {}) {
  const outcome = compilePlaybook(source, options);
  const found = outcome.ok ? outcome.warnings : outcome.problems;
  const problems = found.map(({ path, message, suggestion }) =>
    [`${path}: ${message}`, ...(suggestion === undefined ? [] : [suggestion])].join('; '),
  );
  return { graph: outcome.ok ? outcome.graph : undefined, problems };
}

const step = (fields: string) => `{ name: p, variables: { v: { type: string } }, steps: [{ ${fields} }] }`;
const using = 'with: { v: "${{ variables.v }}" }';

describe('a playbook step', () => {
  test('keeps its reference, its variables and its timeout, and is named after the playbook', () => {
    const { graph, problems } = compiled(step(`playbook: team.build@1.2, ${using}, timeout: 5m`));
    expect(problems).toEqual([]);
    expect(graph?.steps).toEqual([
      {
        id: 'build-1',
        path: 'steps[0]',
        onFailure: 'fail',
        kind: 'playbook',
        playbook: 'team.build@1.2',
        with: { v: '${{ variables.v }}' },
        timeout: 300_000,
      },
    ]);
  });

  test('may be the body of a map, and a branch', () => {
    const { graph, problems } = compiled(
      step(`map: { over: [1, 2] }, playbook: build, with: { v: "\${{ variables.v }}", n: "\${{ item }}" }`),
    );
    expect(problems).toEqual([]);
    expect(graph?.steps).toMatchObject([{ kind: 'map', steps: [{ kind: 'playbook', playbook: 'build' }] }]);
    const fork = compiled(step(`parallel: { branches: { a: { playbook: build, ${using} } } }`));
    expect(fork.graph?.steps).toMatchObject([{ branches: [{ steps: [{ id: 'a', kind: 'playbook' }] }] }]);
  });

  test.each([
    [
      step(`playbook: "no name", ${using}`),
      'steps[0].playbook: "playbook" must be the name of a published playbook, as name or name@version, not the text "no name"',
    ],
    [step('playbook: a, with: [1]'), 'steps[0].with: "with" of a playbook must be an object of variables, not a list'],
    [
      step('playbook: a, with: hello'),
      'steps[0].with: "with" of a playbook must be an object of variables, not the text "hello"',
    ],
    [step('playbook: a, timeout: 0s'), 'steps[0].timeout: "timeout" must be longer than zero'],
    [
      step('playbook: a, retry: { maximumAttempts: 2 }'),
      'steps[0].retry: "retry" does not belong to a step with "playbook"; retry the agent steps inside',
    ],
    [
      step('playbook: a, agent: b'),
      'steps[0]: a step must have exactly one of agent, parallel, map, set, choose, wait, signal, playbook or fail, but this has agent and playbook; make them steps of their own',
    ],
    [
      step('map: { over: [1] }, playbook: a, retry: false'),
      'steps[0].retry: "retry" does not belong to a map whose body is a "playbook"; write it at one of its steps',
    ],
    [step('playbook: a, with: { token: "${{ secrets.TOKEN }}" }'), 'steps[0].with.token: '],
    [step('playbook: a, with: { x: "${{ variables.w }}" }'), "steps[0].with.x: there is no 'w' in 'variables'"],
  ])('of %s has a problem', (source, problem) => {
    const { graph, problems } = compiled(source);
    expect(graph).toBeUndefined();
    expect(problems.find((found) => found.startsWith(problem))).toBeDefined();
  });
});

describe('what is published', () => {
  const build = compiled(
    '{ name: build, variables: { of: { type: string }, fast: { default: true } }, steps: [{ agent: a, with: { o: "${{ variables.of }}", f: "${{ variables.fast }}" } }] }',
  ).graph as Graph;
  const published = new Map([
    ['build', build],
    ['gone@3', undefined],
  ]);
  const problemsOf = (fields: string) => compiled(`{ name: p, steps: [{ ${fields} }] }`, { published }).problems;

  test('is asked for once, wherever it is used', () => {
    const { graph } = compiled(
      '{ name: p, steps: [{ playbook: a }, { choose: [{ when: 1 < 2, steps: [{ playbook: b@2 }] }] }, { map: { over: [1] }, playbook: a, onFailure: [{ playbook: c }] }] }',
    );
    expect(graph && playbooksIn(graph)).toEqual(['a', 'b@2', 'c']);
  });

  test('lets the steps that fit it pass', () => {
    expect(problemsOf('playbook: build, with: { of: x }')).toEqual([]);
    expect(problemsOf('playbook: build, with: "${{ context.all }}"')).toEqual([]);
    expect(problemsOf('playbook: unasked')).toEqual([]);
  });

  test('warns of what is missing and of variables that do not fit, and the playbook is usable all the same', () => {
    expect(problemsOf('playbook: gone@3')).toEqual([
      'steps[0].playbook: nothing is published as gone@3 yet; publish it before the step is reached',
    ]);
    expect(problemsOf('playbook: build, with: { off: x }')).toEqual([
      'steps[0].with: the variable "of" of build is missing',
      'steps[0].with.off: build has no variable "off"; did you mean "of"?',
    ]);
    expect(compilePlaybook('{ name: p, steps: [{ playbook: gone@3 }] }', { published }).ok).toBe(true);
  });
});
