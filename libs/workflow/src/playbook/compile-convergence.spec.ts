import { describe, expect, test } from '@jest/globals';
import { type ForkStep, type JsonObject } from '@braid/events';
import { compileConvergence } from './compile-convergence';
import { compilePlaybook } from './compile';

const compiled = compilePlaybook(`name: p
variables: { wanted: { type: string, default: yes } }
steps:
  - { id: before, agent: x, with: "\${{ variables.wanted }}" }
  - id: f
    parallel:
      branches:
        a: { agent: x }
        b:
          steps:
            - { id: m, map: { over: [1, 2], as: file }, agent: x }
`);
if (!compiled.ok) throw new Error(JSON.stringify(compiled.problems));
const { graph } = compiled;
const f = graph.steps[1] as Extract<ForkStep, { kind: 'parallel' }>;
const m = f.branches[1]?.steps[0] as ForkStep;

const problemsOf = (fork: ForkStep, source: JsonObject) => {
  const result = compileConvergence(graph, fork, source);
  return result.ok ? [] : result.problems.map(({ path, message }) => `${path}: ${message}`);
};

describe('other settings for a fork', () => {
  test('compile as they would in its playbook', () => {
    const by = '${{ output == variables.wanted ? "yes" : steps.before.output }}';
    expect(compileConvergence(graph, f, { strategy: 'majority-vote', by, tieBreak: 'a', onUnmet: 'continue' })).toEqual(
      {
        ok: true,
        converge: {
          strategy: {
            ...{ name: 'majority-vote', of: 'all', tieBreak: { branch: 'a' } },
            by: 'output == variables.wanted ? "yes" : steps.before.output',
          },
          losers: 'cancel',
          onUnmet: 'fail',
          onConflict: 'error',
        },
      },
    );
    expect(problemsOf(m, { strategy: 'best-of', score: 'file' })).toEqual([]);
  });

  test('tell their problems by the names of their own fields', () => {
    expect(problemsOf(f, { strategy: 'quorum', require: 3 })).toEqual([
      'require: "require" asks for 3 branches, but the fork has only 2',
    ]);
    expect(problemsOf(f, { strategy: 'majority-vote', by: 'file', weights: { z: 1 }, tieBreak: 7 })).toEqual([
      expect.stringMatching(/^tieBreak: "tieBreak" must be /),
      'weights.z: "z" is not a branch of this fork; they are a, b',
      expect.stringMatching(/^by: there is no 'file' here/),
    ]);
    expect(problemsOf(m, { strategy: 'best-of', score: 'variables.other' })).toEqual([
      expect.stringMatching(/^score: there is no 'other' in 'variables'/),
    ]);
    expect(problemsOf(f, { strategie: 'quorum', require: 1 })).toEqual(['strategie: "strategie" is not a known field']);
    expect(problemsOf(f, { strategy: 'quorum', require: 1, ['constructor']: 1 })).toEqual([
      'constructor: "constructor" is not allowed as a name',
    ]);
  });
});
