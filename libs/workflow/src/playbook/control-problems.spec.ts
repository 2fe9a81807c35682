import { expect, test } from '@jest/globals';
import { compilePlaybook } from './compile';

/** `path: message` of every problem, warnings included; empty where it compiles without any. */
function problemsOf(source: string): readonly string[] {
  const compiled = compilePlaybook(source);
  const found = compiled.ok ? compiled.warnings : compiled.problems;
  return found.map(({ path, message }) => `${path}: ${message}`);
}

const step = (fields: string) => `{ name: p, steps: [{ ${fields} }] }`;
const fork = (branches: string, rest = '') =>
  `{ name: p, steps: [{ parallel: { branches: { ${branches} } }${rest} }] }`;
const b = 'steps[0].parallel.branches';

/** What is checked, a playbook without the mistake, one with it, and every problem that it must give. */
const checks: readonly (readonly [string, string, string, readonly string[]])[] = [
  [
    'a wait has a time',
    '{ name: p, steps: [{ wait: 5m }, { wait: PT1H }, { wait: 2030-01-31T12:00:00Z }, { wait: "${{ context.t }}" }] }',
    '{ name: p, steps: [{ wait: soon }, { wait: 500d }, { wait: 5 }, { wait: 2030-02-30 }] }',
    [
      'steps[0].wait: "wait" must be a duration such as 5m, a moment such as 2030-01-31T12:00:00Z, or an expression, not the text "soon"',
      'steps[1].wait: "wait" must be at most 366d, not "500d"',
      'steps[2].wait: "wait" must be a text, not the number 5',
      'steps[3].wait: "wait" must be a duration such as 5m, a moment such as 2030-01-31T12:00:00Z, or an expression, not the text "2030-02-30"',
    ],
  ],
  [
    'a failure has a message',
    step('fail: { type: T, message: "${{ context.why }}", details: { a: 1 } }'),
    '{ name: p, steps: [{ fail: { typ: T } }, { fail: no }] }',
    [
      'steps[0].fail.message: "message" is missing',
      'steps[0].fail.typ: "typ" is not a known field',
      'steps[1].fail: "fail" must be an object, not the text "no"',
    ],
  ],
  [
    'nothing stands after a step that always fails',
    '{ name: p, steps: [{ fail: { message: x }, if: 1 < 2 }, { fail: { message: x }, onFailure: continue }, { agent: a }] }',
    '{ name: p, steps: [{ fail: { message: x } }, { agent: a }] }',
    ['steps[1]: this is never reached: the step before it always fails'],
  ],
  [
    'cases have conditions and steps',
    step('choose: [{ when: 1 < 2, steps: [{ agent: a }] }, { otherwise: [{ agent: b }] }]'),
    step(
      'choose: [{ otherwise: [{ agent: b }] }, { steps: [{ agent: a }] }, { when: 1 < 2 }, { wenn: 1 < 2, steps: [] }, 5]',
    ),
    [
      'steps[0].choose[0]: the cases after "otherwise" are never reached',
      'steps[0].choose[1]: a case has "when" and "steps", or as the last one "otherwise", but this has only steps',
      'steps[0].choose[2]: a case has "when" and "steps", or as the last one "otherwise", but this has only when',
      'steps[0].choose[3].wenn: "wenn" is not a known field',
      'steps[0].choose[3].steps: "steps" must not be empty',
      'steps[0].choose[4]: this item must be an object, not the number 5',
    ],
  ],
  [
    'steps answer a failure',
    step('agent: a, onFailure: [{ agent: b }]'),
    fork('x: { agent: a, onFailure: [] }', ', onFailure: ignore, converge: { onUnmet: [{ agnet: b }] }'),
    [
      `${b}.x.onFailure: "onFailure" must not be empty`,
      'steps[0].onFailure: "onFailure" must be fail, continue or a list of steps, not the text "ignore"',
      'steps[0].converge.onUnmet[0].agnet: "agnet" is not a known field',
    ],
  ],
  [
    'ids of a branch differ, wherever its steps stand',
    '{ name: p, steps: [{ id: x, choose: [{ when: 1 < 2, steps: [{ id: y, agent: a }] }, { otherwise: [{ id: z, agent: a }] }] }] }',
    '{ name: p, steps: [{ id: x, choose: [{ when: 1 < 2, steps: [{ id: y, agent: a }] }, { otherwise: [{ id: y, agent: a }, { id: x, agent: a }] }] }] }',
    [
      'steps[0].choose[1].otherwise[0].id: the id "y" is given to an earlier step of this branch',
      'steps[0].choose[1].otherwise[1].id: the id "x" hides a step of a sequence around this one',
    ],
  ],
  [
    'a signal has a name, and means the same everywhere',
    '{ name: p, steps: [{ signal: { name: go, timeout: 24h } }, { signal: { name: go, schema: {} } }] }',
    '{ name: p, steps: [{ signal: { name: go } }, { signal: { name: go, schema: { type: number } } }, { signal: { nam: "a b", timeout: 0s, schema: { type: x } } }] }',
    [
      'steps[1].signal.schema: the signal "go" has another schema at steps[0]',
      'steps[2].signal.nam: "nam" is not a known field',
      'steps[2].signal.nam: "name" must be a letter or _ and then letters, digits, _ or -, at most 64 in all, not the text "a b"',
      'steps[2].signal.timeout: "timeout" must be longer than zero',
      'steps[2].signal.schema.type: "type" must be object, array, string, number, integer, boolean or null, not the text "x"',
    ],
  ],
];

test.each(checks)('%s', (_, right, wrong, problems) => {
  expect(problemsOf(right)).toEqual([]);
  expect(problemsOf(wrong)).toEqual(problems);
});
