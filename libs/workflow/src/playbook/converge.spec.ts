import { describe, expect, test } from '@jest/globals';
import { type Convergence } from '@braid/events';
import { compilePlaybook } from './compile';

const forkOf = (converge: string) => `name: p
steps:
  - id: f
    parallel: { branches: { a: { agent: x }, b: { agent: x }, c: { agent: x } } }
    converge: { ${converge} }
`;

const mapOf = (converge: string, over = '[1, 2]') => `name: p
steps:
  - { id: m, map: { over: ${over}, as: file }, agent: x, converge: { ${converge} } }
`;

function convergenceOf(source: Parameters<typeof compilePlaybook>[0]): Convergence {
  const compiled = compilePlaybook(source);
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.problems));
  const [step] = compiled.graph.steps;
  if (step?.kind !== 'parallel' && step?.kind !== 'map') throw new Error('there is no fork');
  return step.converge;
}

/** `path: message` and the suggestion of every problem. */
function problemsOf(source: string): readonly string[] {
  const compiled = compilePlaybook(source);
  const found = compiled.ok ? compiled.warnings : compiled.problems;
  return found.map(({ path, message, suggestion }) => [`${path}: ${message}`, suggestion].filter(Boolean).join(' | '));
}

const at = 'steps[0].converge';

describe('the strategy of a fork', () => {
  test.each([
    ['strategy: quorum, require: 2', { strategy: { name: 'quorum', require: 2 }, losers: 'cancel' }],
    ['losers: detach', { strategy: { name: 'all-must-complete' }, losers: 'detach' }],
    ['strategy: quorum, require: 80%', { strategy: { name: 'quorum', require: { percent: 80 } } }],
    [
      'strategy: majority-vote, by: "${{ output.verdict }}"',
      {
        strategy: { name: 'majority-vote', by: 'output.verdict', of: 'all', tieBreak: 'fail' },
        losers: 'cancel',
      },
    ],
    [
      'strategy: majority-vote, by: output, weights: { a: 2 }, of: cast, tieBreak: b, losers: drain',
      {
        strategy: { name: 'majority-vote', by: 'output', weights: { a: 2 }, of: 'cast', tieBreak: { branch: 'b' } },
        losers: 'drain',
      },
    ],
    [
      'strategy: majority-vote, by: output, tieBreak: first',
      { strategy: { name: 'majority-vote', by: 'output', of: 'all', tieBreak: 'first' } },
    ],
    [
      'strategy: best-of, score: output.score',
      { strategy: { name: 'best-of', score: 'output.score' }, losers: 'drain' },
    ],
    [
      'strategy: reduce, initial: 0, with: "${{ accumulator + output.count }}"',
      { strategy: { name: 'reduce', initial: 0, with: '${{ accumulator + output.count }}' }, losers: 'drain' },
    ],
    [
      'strategy: reduce, initial: null, with: { all: "${{ accumulator }}", last: "${{ output }}" }',
      { strategy: { name: 'reduce', initial: null } },
    ],
    [
      'strategy: judge, agent: critic',
      {
        strategy: {
          name: 'judge',
          judge: {
            ...{ kind: 'agent', id: 'judge', path: at, agent: 'critic', with: '${{ outputs }}', timeout: 600_000 },
            retry: { maximumAttempts: 3 },
          },
        },
        losers: 'drain',
      },
    ],
    [
      'strategy: judge, require: 60%, agent: a.b, with: { all: "${{ outputs }}", key: "${{ secrets.K }}" }, retry: false, timeout: 5s',
      {
        strategy: {
          name: 'judge',
          require: { percent: 60 },
          judge: {
            ...{ agent: 'a.b', timeout: 5000, with: { all: '${{ outputs }}', key: '${{ secrets.K }}' } },
            retry: { maximumAttempts: 1 },
          },
        },
      },
    ],
  ])('compiles { %s }', (converge, expected) => {
    expect(convergenceOf(forkOf(converge))).toMatchObject(expected);
    expect(problemsOf(forkOf(converge))).toEqual([]);
  });

  test('is the same in JSON as in YAML', () => {
    const branches = { a: { agent: 'x' }, b: { agent: 'x' }, c: { agent: 'x' } };
    const converge = { strategy: 'majority-vote', by: '${{ output.verdict }}', weights: { a: 3 }, tieBreak: 'c' };
    const object = { name: 'p', steps: [{ id: 'f', parallel: { branches }, converge }] };
    const yaml = forkOf('strategy: majority-vote, by: "${{ output.verdict }}", weights: { a: 3 }, tieBreak: c');
    expect(convergenceOf(JSON.stringify(object, undefined, 1))).toEqual(convergenceOf(yaml));
    expect(convergenceOf(object)).toEqual(convergenceOf(yaml));
  });

  test.each([
    [
      'strategy: quorum',
      [`${at}.require: "require" is missing: the strategy quorum needs it | for example require: 2, or require: 80%`],
    ],
    [
      'strategy: quorum, require: 4',
      [`${at}.require: "require" asks for 4 branches, but the fork has only 3 | write 3, or a share such as 80%`],
    ],
    [
      'strategy: quorum, require: 2, by: output',
      [`${at}.by: "by" does not belong to the strategy quorum | it belongs to majority-vote`],
    ],
    [
      'require: 2',
      [
        `${at}.require: "require" does not belong to the strategy all-must-complete | it belongs to all-settled, quorum or judge`,
      ],
    ],
    [
      'strategy: majority-vote',
      [`${at}.by: "by" is missing: the strategy majority-vote needs it | for example by: \${{ output.verdict }}`],
    ],
    [
      'strategy: majority-vote, by: output, weights: { aa: 1, b: 0 }',
      [
        `${at}.weights.aa: "aa" is not a branch of this fork; they are a, b, c`,
        `${at}.weights.b: "b" must be a whole number of votes from 1 to 1000000, not the number 0`,
      ],
    ],
    [
      'strategy: majority-vote, by: output, tieBreak: d',
      [`${at}.tieBreak: "d" is not a branch of this fork; they are a, b, c`],
    ],
    ['strategy: majority-vote, by: output, of: votes', [`${at}.of: "of" must be all or cast, not the text "votes"`]],
    [
      'strategy: majority-vote, by: "output.verdict +"',
      [expect.stringMatching(/^steps\[0\]\.converge\.by: .*, in the expression: output\.verdict \+/)],
    ],
    [
      'strategy: majority-vote, by: steps.f.output',
      [`${at}.by: the step "f" has no output before it has run | in "export", its output is called output`],
    ],
    [
      'strategy: best-of, score: outptu.score',
      [`${at}.score: there is no 'outptu' here, in the expression: outptu.score | did you mean "output"?`],
    ],
    ['strategy: best-of, score: accumulator', [expect.stringContaining(`${at}.score: there is no 'accumulator' here`)]],
    [
      'strategy: best-of, score: 5',
      [`${at}.score: "score" must be an expression, for example \${{ output.score }}, not the number 5`],
    ],
    [
      'strategy: reduce, initial: "${{ output }}", with: "${{ acumulator }}"',
      [
        expect.stringContaining(`${at}.initial: there is no 'output' here`),
        `${at}.with: there is no 'acumulator' here, in the expression: acumulator | did you mean "accumulator"?`,
      ],
    ],
    ['strategy: judge', [`${at}.agent: "agent" is missing: the strategy judge needs it | for example agent: reviewer`]],
    [
      'strategy: judge, agent: critic, require: 4',
      [`${at}.require: "require" asks for 4 branches, but the fork has only 3 | write 3, or a share such as 80%`],
    ],
    [
      'strategy: judge, agent: critic, with: "${{ output }}"',
      [`${at}.with: there is no 'output' here, in the expression: output | did you mean "outputs"?`],
    ],
    [
      'strategy: best-of, score: outputs.a, timeout: 5s',
      [
        expect.stringContaining(`${at}.score: there is no 'outputs' here`),
        `${at}.timeout: "timeout" does not belong to the strategy best-of | it belongs to judge`,
      ],
    ],
    ['strategy: reduce, initial: 0, with: "${{ secrets.KEY }}"', [expect.stringContaining(`${at}.with: `)]],
    [
      'strategy: reduce',
      [
        `${at}.initial: "initial" is missing: the strategy reduce needs it | for example initial: 0`,
        `${at}.with: "with" is missing: the strategy reduce needs it | for example with: \${{ accumulator + output.count }}`,
      ],
    ],
  ])('of { %s } is refused', (converge, problems) => {
    expect(problemsOf(forkOf(converge))).toEqual(problems);
  });

  test('of a judge takes the defaults of the playbook, and a name that no branch may have', () => {
    const source = (name: string) => `name: p
defaults: { timeout: 7s, startTimeout: 9s, retry: { maximumAttempts: 5 } }
steps:
  - id: f
    parallel: { branches: { ${name}: { agent: x } } }
    converge: { strategy: judge, agent: critic, retry: { initialInterval: 2s } }
`;
    expect(convergenceOf(source('a')).strategy).toMatchObject({
      judge: { timeout: 7000, startTimeout: 9000, retry: { maximumAttempts: 5, initialInterval: 2000 } },
    });
    expect(problemsOf(source('judge'))).toEqual([
      'steps[0].parallel.branches.judge: "judge" is the name of the branch in which the judge of this fork is asked | give the branch another name',
    ]);
    expect(problemsOf(mapOf('strategy: judge, agent: critic, with: "${{ file }}"'))).toEqual([
      expect.stringContaining(`${at}.with: there is no 'file' here`),
    ]);
  });

  test('of a map sees its item, and knows no branches by name', () => {
    expect(problemsOf(mapOf('strategy: majority-vote, by: "file == output ? 1 : 2"'))).toEqual([]);
    expect(problemsOf(mapOf('strategy: quorum, require: 80%'))).toEqual([]);
    expect(problemsOf(mapOf('strategy: quorum, require: 3'))).toEqual([
      `${at}.require: "require" asks for 3 branches, but the fork has only 2 | write 2, or a share such as 80%`,
    ]);
    expect(problemsOf(mapOf('strategy: quorum, require: 3', '"${{ context.files }}"'))).toEqual([]);
    const named = mapOf('strategy: majority-vote, by: output, tieBreak: someone');
    expect(problemsOf(named)).toEqual([
      `${at}.tieBreak: "someone" cannot be meant: the branches of a map have no names | make them named branches of "parallel"`,
    ]);
  });

  test('has problems with the lines that they stand in', () => {
    const source = `name: p
steps:
  - parallel:
      branches: { a: { agent: x }, b: { agent: x } }
    converge:
      strategy: majority-vote
      by: output.verdict +
      weights:
        a: 2
        c: 1
      tieBreak: d
`;
    const compiled = compilePlaybook(source);
    const found = compiled.ok ? [] : compiled.problems;
    expect(found.map(({ path, line, column }) => [path, line, column])).toEqual([
      [`${at}.by`, 7, 11],
      [`${at}.weights.c`, 10, 9],
      [`${at}.tieBreak`, 11, 17],
    ]);
  });
});
