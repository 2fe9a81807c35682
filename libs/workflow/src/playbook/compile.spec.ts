import { type Graph } from '@braid/events';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parse, stringify } from 'yaml';
import { compilePlaybook } from './compile';

const review = `
name: review-change
description: Three reviewers in parallel, then a summary.
variables:
  repository: { type: string }
  focus: { type: array, items: { type: string }, default: [security, speed, style] }
executionType: mixed
defaults: { timeout: 5m, retry: { maximumAttempts: 4, initialInterval: 1s, backoffCoefficient: 2 } }
steps:
  - id: checkout
    agent: git.clone
    with: { url: "\${{ variables.repository }}", focus: "\${{ variables.focus }}" }
    export: { commit: "\${{ output.sha }}" }

  - id: reviews
    parallel:
      maxConcurrency: 3
      branches:
        security: { agent: reviewer, with: { focus: security } }
        speed:
          steps:
            - { id: profile, agent: profiler }
            - { id: judge, agent: reviewer, with: { focus: speed, profile: "\${{ steps.profile.output }}" } }
        second-look: { needs: [security], if: "\${{ needs.security.output.risk > 3 }}", agent: reviewer }
    converge:
      strategy: first-success
      losers: cancel
      deadline: 2m

  - id: files
    map: { over: "\${{ steps.checkout.output.files }}", as: file, maxConcurrency: 8 }
    agent: linter
    with: { path: "\${{ file }}" }
    converge: { strategy: all-settled, require: 80% }

  - id: gate
    if: "\${{ steps.reviews.output.value == 'approve' }}"
    set: { approved: true }

  - id: summary
    agent: summarizer
output: "\${{ steps.summary.output }}"
`;

const sixMistakes = `name: six-mistakes
variables:
  repository: { type: string }
steps:
  - id: checkout
    agnet: git.clone
    with: { url: "\${{ variables.repositry }}" }
  - id: reviews
    parallel:
      maxConcurency: 3
      branches:
        security: { agent: reviewer, timeout: 5 }
        speed: { needs: [secrity], agent: reviewer }
    converge:
      strategy: all-setled
      require: 5
`;

function graphOf(source: Parameters<typeof compilePlaybook>[0]): Graph {
  const compiled = compilePlaybook(source);
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.problems, undefined, 2));
  return compiled.graph;
}

function errorsOf(compiled: ReturnType<typeof compilePlaybook>): number {
  return compiled.ok ? 0 : compiled.problems.filter(({ severity }) => severity === 'error').length;
}

describe('compiling a playbook', () => {
  test('gives the graph with defaults applied, durations in milliseconds and ids given', () => {
    const retry = {
      maximumAttempts: 4,
      initialInterval: 1_000,
      backoffCoefficient: 2,
      maximumInterval: 100_000,
      nonRetryableErrors: [],
    };
    const agent = { kind: 'agent', onFailure: 'fail', timeout: 300_000, retry, with: {} };
    const branches = 'steps[1].parallel.branches';
    expect(compilePlaybook(review)).toEqual({
      ok: true,
      warnings: [],
      graph: {
        format: 1,
        name: 'review-change',
        description: 'Three reviewers in parallel, then a summary.',
        executionType: 'mixed',
        fallbackToSequential: false,
        variables: {
          repository: { type: 'string' },
          focus: { type: 'array', items: { type: 'string' }, default: ['security', 'speed', 'style'] },
        },
        steps: [
          {
            ...agent,
            id: 'checkout',
            path: 'steps[0]',
            agent: 'git.clone',
            with: { url: '${{ variables.repository }}', focus: '${{ variables.focus }}' },
            export: { commit: '${{ output.sha }}' },
          },
          {
            kind: 'parallel',
            id: 'reviews',
            path: 'steps[1]',
            onFailure: 'fail',
            maxConcurrency: 3,
            branches: [
              {
                name: 'security',
                path: `${branches}.security`,
                needs: [],
                steps: [
                  {
                    ...agent,
                    id: 'security',
                    path: `${branches}.security`,
                    agent: 'reviewer',
                    with: { focus: 'security' },
                  },
                ],
              },
              {
                name: 'speed',
                path: `${branches}.speed`,
                needs: [],
                steps: [
                  { ...agent, id: 'profile', path: `${branches}.speed.steps[0]`, agent: 'profiler' },
                  {
                    ...agent,
                    id: 'judge',
                    path: `${branches}.speed.steps[1]`,
                    agent: 'reviewer',
                    with: { focus: 'speed', profile: '${{ steps.profile.output }}' },
                  },
                ],
              },
              {
                name: 'second-look',
                path: `${branches}.second-look`,
                needs: ['security'],
                if: 'needs.security.output.risk > 3',
                steps: [{ ...agent, id: 'second-look', path: `${branches}.second-look`, agent: 'reviewer' }],
              },
            ],
            converge: {
              strategy: { name: 'first-success' },
              losers: 'cancel',
              deadline: 120_000,
              onUnmet: 'fail',
              onConflict: 'error',
            },
          },
          {
            kind: 'map',
            id: 'files',
            path: 'steps[2]',
            onFailure: 'fail',
            over: '${{ steps.checkout.output.files }}',
            as: 'file',
            maxConcurrency: 8,
            steps: [{ ...agent, id: 'linter-1', path: 'steps[2]', agent: 'linter', with: { path: '${{ file }}' } }],
            converge: {
              strategy: { name: 'all-settled', require: { percent: 80 } },
              losers: 'drain',
              onUnmet: 'fail',
              onConflict: 'error',
            },
          },
          {
            kind: 'set',
            id: 'gate',
            path: 'steps[3]',
            if: "steps.reviews.output.value == 'approve'",
            onFailure: 'fail',
            values: { approved: true },
          },
          { ...agent, id: 'summary', path: 'steps[4]', agent: 'summarizer' },
        ],
        output: '${{ steps.summary.output }}',
      },
    });
  });

  test('lists six mistakes as six problems, each with its place and what to change', () => {
    const compiled = compilePlaybook(sixMistakes);
    if (compiled.ok) throw new Error('it compiled');
    expect(compiled.problems.map(({ path, line, column, suggestion }) => [path, line, column, suggestion])).toEqual([
      ['steps[0].agnet', 6, 5, 'did you mean "agent"?'],
      ['steps[0].with.url', 7, 18, 'did you mean "repository"?'],
      ['steps[1].parallel.maxConcurency', 10, 7, 'did you mean "maxConcurrency"?'],
      ['steps[1].parallel.branches.security.timeout', 12, 47, 'a duration has a unit; write "5s" or "5ms"'],
      ['steps[1].parallel.branches.speed.needs[0]', 13, 26, 'did you mean "security"?'],
      ['steps[1].converge.strategy', 15, 17, 'did you mean "all-settled"?'],
    ]);
    for (const problem of compiled.problems) expect(problem.severity).toBe('error');
  });

  test('finds the same problems in an object, which has no lines', () => {
    const text = compilePlaybook(sixMistakes);
    const object = compilePlaybook(parse(sixMistakes));
    if (text.ok || object.ok) throw new Error('it compiled');
    const places = new Map(object.problems.map((problem) => [problem.path, problem]));
    expect(places.size).toBe(6);
    for (const { line: _, column: __, ...problem } of text.problems) expect(places.get(problem.path)).toEqual(problem);
  });

  test('gives the same graph for YAML, for JSON and for the object', () => {
    const object = parse(review);
    const graph = graphOf(review);
    expect(graphOf(object)).toEqual(graph);
    expect(graphOf(JSON.stringify(object))).toEqual(graph);
    expect(graphOf(JSON.stringify(object, undefined, '\t'))).toEqual(graph);
  });

  test('gives the same graph for the YAML and the JSON of any input of an agent', () => {
    fc.assert(
      fc.property(fc.jsonValue({ stringUnit: 'grapheme' }), (value) => {
        const playbook = { name: 'any', steps: [{ agent: 'echo', with: { value } }] };
        const json = compilePlaybook(JSON.stringify(playbook));
        const yaml = compilePlaybook(stringify(playbook, { aliasDuplicateObjects: false }));
        expect(yaml.ok ? yaml.graph : 'refused').toEqual(json.ok ? json.graph : 'refused');
      }),
      { numRuns: 200 },
    );
  });

  test('does not change what it is given', () => {
    const object = parse(sixMistakes);
    compilePlaybook(object);
    expect(object).toEqual(parse(sixMistakes));
  });

  test('never throws, whatever the text', () => {
    const words = fc.constantFrom(
      ...[
        'name: x',
        'steps:',
        '  - agent: a',
        '- ',
        '  ',
        '\n',
        '{',
        '}',
        '[',
        ']',
        ':',
        '&a',
        '*a',
        '!!map',
        '<<',
        '"',
        "'",
      ],
      ...[
        'parallel:',
        'branches:',
        'needs: [a]',
        '${{',
        '}}',
        '? ',
        '| ',
        '---',
        '%',
        '\t',
        '\u0000',
        '\ud800',
        '#',
        ',',
      ],
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(words, { maxLength: 40 }).map((all) => all.join('')),
        ),
        (text) => {
          const compiled = compilePlaybook(text);
          expect(compiled.ok || errorsOf(compiled) > 0).toBe(true);
        },
      ),
      { numRuns: 1_500 },
    );
  });

  test('never throws, whatever the object', () => {
    const key = fc.constantFrom(
      ...['name', 'steps', 'agent', 'with', 'parallel', 'branches', 'map', 'over', 'as', 'converge', 'strategy', 'set'],
      ...['needs', 'if', 'export', 'retry', 'timeout', 'variables', 'output', 'schema', 'default', 'type', '$ref', 'x'],
      ...[
        'parallelStructure',
        'convergeAt',
        'defaults',
        'require',
        'context',
        'onConflict',
        'prefer',
        'choose',
        'agnet',
      ],
    );
    const text = fc.constantFrom(
      'a',
      'b',
      '5m',
      '80%',
      '${{ steps.a.output }}',
      '${{ x',
      'first-success',
      '#',
      'object',
      '',
    );
    const { value } = fc.letrec<{ value: unknown }>((tie) => ({
      value: fc.oneof(
        { depthSize: 'medium', withCrossShrink: true },
        fc.oneof(text, fc.integer(), fc.boolean(), fc.constant(null)),
        fc.array(tie('value'), { maxLength: 3 }),
        fc.dictionary(key, tie('value'), { maxKeys: 6 }),
      ),
    }));
    const playbook = fc.record(
      { name: fc.constant('x'), variables: value, steps: fc.array(value), output: value, parallelStructure: value },
      { requiredKeys: ['name'] },
    );
    fc.assert(
      fc.property(fc.oneof(playbook, value), (any) => {
        const compiled = compilePlaybook(any as Parameters<typeof compilePlaybook>[0]);
        expect(compiled.ok || errorsOf(compiled) > 0).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });

  test('compiles 2 500 steps without growing pains', () => {
    const steps = Array.from(
      { length: 2_500 },
      (_, at) => `- { id: s${at}, agent: a${at === 0 ? '' : `, if: steps.s${at - 1}.ok`} }`,
    );
    const source = `name: long\nsteps:\n${steps.join('\n')}\n`;
    const started = performance.now();
    expect(graphOf(source).steps).toHaveLength(2_500);
    // Quadratic work on this would take minutes.
    expect(performance.now() - started).toBeLessThan(15_000);
  });
});
