import { describe, expect, test } from '@jest/globals';
import { type JsonObject } from '@braid/events';
import { stringify } from 'yaml';
import { compilePlaybook } from './compile';

type Steps = readonly JsonObject[];

/** Every place that steps may stand in: the playbook that holds them there. */
const places: { readonly [place: string]: (steps: Steps) => JsonObject } = {
  'the root': (steps) => ({ name: 'p', steps }),
  'a branch': (steps) => ({ name: 'p', steps: [{ parallel: { branches: { one: { steps } } } }] }),
  'a branch of a branch': (steps) => ({
    name: 'p',
    steps: [{ parallel: { branches: { one: { parallel: { branches: { two: { steps } } } } } } }],
  }),
  'a map': (steps) => ({ name: 'p', steps: [{ map: { over: [1] }, steps }] }),
  'a map, inside': (steps) => ({ name: 'p', steps: [{ map: { over: [1], steps } }] }),
  'a case': (steps) => ({ name: 'p', steps: [{ choose: [{ when: '1 < 2', steps }] }] }),
  otherwise: (steps) => ({ name: 'p', steps: [{ choose: [{ otherwise: steps }] }] }),
  'an answer to a failure': (steps) => ({ name: 'p', steps: [{ agent: 'other', onFailure: steps }] }),
  'an answer to a fork that was not met': (steps) => ({
    name: 'p',
    steps: [{ parallel: { branches: { one: { agent: 'other' } } }, converge: { onUnmet: steps } }],
  }),
  'what undoes a step': (steps) => ({ name: 'p', steps: [{ agent: 'other', compensate: steps }] }),
  'the short form': (steps) => ({ name: 'p', parallelStructure: { branches: [['first'], steps], convergeAt: 'last' } }),
  'the short form, at its end': (steps) => ({
    name: 'p',
    parallelStructure: { branches: [['first']], convergeAt: 'last' },
    steps,
  }),
};

const fork = (branches: JsonObject, converge: JsonObject = {}): JsonObject => ({ parallel: { branches }, converge });

/** Steps with one mistake, where in them it stands, and what is said about it. */
const mistakes: readonly (readonly [what: string, steps: Steps, path: string, message: RegExp])[] = [
  ['an unknown field', [{ agent: 'a', wiht: 1 }], '[0].wiht', /not a known field/],
  ['a wrong type', [{ agent: 'a' }, { agent: 'b', timeout: 5 }], '[1].timeout', /must be a duration/],
  ['no kind', [{ id: 'x' }], '[0]', /but this has none/],
  ['two kinds', [{ agent: 'a', set: { b: 1 } }], '[0]', /but this has agent and set/],
  [
    'a circle',
    [fork({ x: { agent: 'a', needs: ['y'] }, y: { agent: 'a', needs: ['x'] } })],
    '[0].parallel.branches.x.needs',
    /in a circle: x → y → x/,
  ],
  [
    'a need of nobody',
    [fork({ x: { agent: 'a', needs: ['z'] } })],
    '[0].parallel.branches.x.needs[0]',
    /not a sibling/,
  ],
  [
    'an impossible quorum',
    [fork({ x: { agent: 'a' } }, { strategy: 'quorum', require: 2 })],
    '[0].converge.require',
    /asks for 2 branches, but the fork has only 1/,
  ],
  [
    'an impossible quorum of a map',
    [{ map: { over: [1, 2] }, agent: 'a', converge: { strategy: 'quorum', require: 3 } }],
    '[0].converge.require',
    /asks for 3 branches, but the fork has only 2/,
  ],
  [
    'a strategy that is none',
    [fork({ x: { agent: 'a' } }, { strategy: 'best' })],
    '[0].converge.strategy',
    /must be all/,
  ],
  [
    'an id twice',
    [
      { id: 'x', agent: 'a' },
      { id: 'x', agent: 'b' },
    ],
    '[1].id',
    /given to an earlier step/,
  ],
  ['a name that is not there', [{ agent: 'a', with: '${{ steps.gone.output }}' }], '[0].with', /there is no 'gone'/],
  [
    'a name before it exists',
    [
      { agent: 'a', with: '${{ steps.x.output }}' },
      { id: 'x', agent: 'b' },
    ],
    '[0].with',
    /comes later in this sequence/,
  ],
  [
    "another branch's step",
    [fork({ x: { id: 'inner', agent: 'a' }, y: { agent: 'b', with: '${{ steps.inner.output }}' } })],
    '[0].parallel.branches.y.with',
    /is in another branch/,
  ],
  ['broken syntax', [{ agent: 'a', if: '${{ 1 + }}' }], '[0].if', /Unexpected token/],
  ['a function that is none', [{ agent: 'a', if: 'siez([1]) > 0' }], '[0].if', /no function 'siez'/],
  ['a schema that is none', [{ agent: 'a', output: { type: 'objekt' } }], '[0].output.type', /"type" must be/],
  ['a secret in a condition', [{ agent: 'a', if: 'secrets.A == 1' }], '[0].if', /secrets may stand only/],
  ['a step that is never reached', [{ fail: { message: 'no' } }, { agent: 'a' }], '[1]', /never reached/],
  ['a condition that never holds', [{ agent: 'a', if: false }], '[0].if', /always false/],
  [
    'cases that are never reached',
    [{ choose: [{ otherwise: [{ agent: 'a' }] }, { when: '1 < 2', steps: [{ agent: 'b' }] }] }],
    '[0].choose[0]',
    /never reached/,
  ],
];

/** What only follows from the place, and would be said without the mistake. */
const problemsOf = (source: JsonObject | string) => {
  const compiled = compilePlaybook(source);
  return compiled.ok ? compiled.warnings : compiled.problems;
};

describe.each(Object.entries(places))('in %s', (_, place) => {
  const usual = problemsOf(place([{ agent: 'a' }])).map(({ message }) => message);

  test.each(mistakes)('%s is found, in every form of the source', (_what, steps, path, message) => {
    const playbook = place(steps);
    const forms = {
      object: playbook,
      json: JSON.stringify(playbook, undefined, 1),
      yaml: stringify(playbook),
      flow: stringify(playbook, { collectionStyle: 'flow' }),
    };
    for (const [form, source] of Object.entries(forms)) {
      const found = problemsOf(source).filter((problem) => !usual.includes(problem.message));
      expect([form, found.map((problem) => problem.path.endsWith(path) && message.test(problem.message))]).toEqual([
        form,
        [true],
      ]);
      const [problem] = found;
      const isText = typeof source === 'string';
      expect([typeof problem?.line, typeof problem?.column]).toEqual(
        isText ? ['number', 'number'] : ['undefined', 'undefined'],
      );
      // The position is where the source says it, not merely somewhere.
      const key = /(\w+)(?:\[\d+\])?$/.exec(path)?.[1] ?? '';
      const line = problem?.line ?? 0;
      const around = isText ? source.split('\n').slice(Math.max(0, line - 2), line + 1) : [key];
      expect(around.join('\n')).toContain(key);
    }
  });

  test('several are found at once', () => {
    const all = mistakes.slice(0, 5).map(([, steps]) => steps[steps.length - 1] ?? {});
    const found = problemsOf(stringify(place(all))).filter(({ message }) => !usual.includes(message));
    expect(found).toHaveLength(5);
  });
});
