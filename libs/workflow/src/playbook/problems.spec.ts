import { describe, expect, test } from '@jest/globals';
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
const top = (fields: string) => `{ name: p, steps: [{ agent: a }], ${fields} }`;
const b = 'steps[0].parallel.branches';

/** What is checked, a playbook without the mistake, one with it, and every problem that it must give. */
const checks: readonly (readonly [string, string, string, readonly string[]])[] = [
  ['a name is required', top('description: x'), '{ steps: [{ agent: a }] }', ['name: "name" is missing']],
  ['steps are required', top('description: x'), '{ name: p }', ['steps: "steps" is missing']],
  ['a list of steps is not empty', step('agent: a'), '{ name: p, steps: [] }', ['steps: "steps" must not be empty']],
  [
    'steps are a list',
    step('agent: a'),
    '{ name: p, steps: { agent: a } }',
    ['steps: "steps" must be a list, not an object'],
  ],
  ['a playbook is an object', step('agent: a'), '[1]', [': a playbook must be an object, not a list']],
  [
    'a wrong type is said once',
    step('agent: a'),
    step('agent: [a], export: 5, with: "${{ steps.x.y }}", timeout: []'),
    [
      'steps[0].agent: "agent" must be the name of an agent: letters, digits, _ and -, in parts joined by dots, at most 128 in all, not a list',
      'steps[0].export: "export" must be an object of names and values, not the number 5',
      `steps[0].with: there is no 'x' in 'steps'; known are agent-1, in the expression: steps.x.y`,
      'steps[0].timeout: "timeout" must be a duration such as 300ms, 2s, 5m, 1h, 7d or PT5M, not an empty list',
    ],
  ],
  [
    'fields are known',
    step('agent: a'),
    step('agent: a, colour: red'),
    ['steps[0].colour: "colour" is not a known field'],
  ],
  [
    'a step has a kind',
    step('set: { a: 1 }'),
    step('id: a'),
    [
      'steps[0]: a step must have exactly one of agent, parallel, map, set, choose, wait, signal, playbook or fail, but this has none',
    ],
  ],
  [
    'an unknown kind is one problem',
    step('set: { a: 1 }'),
    step('id: a, run: ls'),
    ['steps[0].run: "run" is not a known field'],
  ],
  [
    'a step has one kind',
    step('agent: a'),
    step('agent: a, set: { b: 1 }'),
    [
      'steps[0]: a step must have exactly one of agent, parallel, map, set, choose, wait, signal, playbook or fail, but this has agent and set',
    ],
  ],
  [
    'fields belong to the kind',
    step('agent: a, timeout: 1s'),
    step('set: { a: 1 }, timeout: 1s'),
    ['steps[0].timeout: "timeout" does not belong to a step with "set"'],
  ],
  [
    'only forks converge',
    fork('x: { agent: a }', ', converge: {}'),
    step('agent: a, converge: {}'),
    ['steps[0].converge: "converge" does not belong to a step with "agent"'],
  ],
  [
    'an id has its syntax',
    step('id: a_1, agent: a'),
    step('id: "a b", agent: a'),
    ['steps[0].id: "id" must be a letter or _ and then letters, digits, _ or -, at most 64 in all, not the text "a b"'],
  ],
  [
    'a dash in an id is a warning',
    step('id: a_b, agent: a'),
    step('id: a-b, agent: a'),
    [`steps[0].id: the id "a-b" has a dash, so expressions must write steps['a-b']`],
  ],
  [
    'ids of a sequence differ',
    '{ name: p, steps: [{ id: x, agent: a }, { id: y, agent: a }] }',
    '{ name: p, steps: [{ id: x, agent: a }, { id: x, agent: a }] }',
    ['steps[1].id: the id "x" is given to an earlier step of this sequence'],
  ],
  [
    'ids do not hide those around',
    fork('x: { id: i, agent: a }, y: { id: i, agent: a }'),
    '{ name: p, steps: [{ id: i, parallel: { branches: { x: { id: i, agent: a } } } }] }',
    ['steps[0].parallel.branches.x.id: the id "i" hides a step of a sequence around this one'],
  ],
  [
    'names of branches have their syntax',
    fork('x: { agent: a }'),
    fork('"x/y": { agent: a }'),
    [`${b}["x/y"]: "x/y" must be a letter or _ and then letters, digits, _ or -, at most 64 in all`],
  ],
  ['a branch is an object', fork('x: { agent: a }'), fork('x: null'), [`${b}.x: "x" must be an object, not nothing`]],
  ['a fork has branches', fork('x: { agent: a }'), fork(''), [`${b}: "branches" must not be empty`]],
  [
    'a branch is a step or steps',
    fork('x: { steps: [{ agent: a }] }'),
    fork('x: { agent: a, steps: [{ agent: a }] }'),
    [`${b}.x.steps: "steps" does not belong to a step with "agent"`],
  ],
  [
    'a branch with steps has no fields of a step',
    fork('x: { steps: [{ agent: a }] }'),
    fork('x: { steps: [{ agent: a }], retry: false }'),
    [`${b}.x.retry: "retry" does not belong to a branch with "steps"`],
  ],
  [
    'needs are siblings',
    fork('x: { agent: a }, y: { needs: x, agent: a }'),
    fork('x: { agent: a }, y: { needs: [z], agent: a }'),
    [`${b}.y.needs[0]: "z" is not a sibling of the branch "y"`],
  ],
  [
    'needs require no more than there are',
    fork('x: { agent: a }, z: { agent: a }, y: { needs: { branches: [x, z], require: 1 }, agent: a }'),
    fork('x: { agent: a }, y: { needs: { branches: [x, z], require: 3 }, agent: a }'),
    [
      `${b}.y.needs.branches[1]: "z" is not a sibling of the branch "y"`,
      `${b}.y.needs.require: "require" asks for 3 branches, and only 2 are named`,
    ],
  ],
  [
    'needs say how many there must be',
    fork('x: { agent: a }, y: { needs: { branches: [x], require: 50% }, agent: a }'),
    fork(
      'x: { agent: a }, y: { needs: { branches: [x], require: 0 }, agent: a }, z: { needs: { branches: [x] }, agent: a }',
    ),
    [
      `${b}.y.needs.require: "require" must be a number of branches from 1, or a share from 1% to 100%, not the number 0`,
      `${b}.z.needs.require: "require" is missing`,
    ],
  ],
  [
    'needs are not given twice',
    fork('x: { agent: a }, y: { needs: [x], agent: a }'),
    fork('x: { agent: a }, y: { needs: [x, x], agent: a }'),
    [`${b}.y.needs[1]: "x" is needed twice`],
  ],
  [
    'a branch does not need itself',
    fork('x: { agent: a }'),
    fork('x: { needs: [x], agent: a }'),
    [`${b}.x.needs[0]: the branch "x" needs itself`],
  ],
  [
    'needs go in no circle',
    fork('z: { needs: [x, y], agent: a }, y: { needs: [x], agent: a }, x: { agent: a }'),
    fork('x: { needs: [z], agent: a }, y: { needs: [x], agent: a }, z: { needs: [x, y], agent: a }, w: { agent: a }'),
    [`${b}.x.needs: these branches wait for each other in a circle: x → z → x`],
  ],
  [
    'two circles are two problems',
    fork('x: { agent: a }'),
    fork(
      'x: { needs: [y], agent: a }, y: { needs: [x], agent: a }, z: { needs: [w], agent: a }, w: { needs: [z], agent: a }',
    ),
    [
      `${b}.x.needs: these branches wait for each other in a circle: x → y → x`,
      `${b}.z.needs: these branches wait for each other in a circle: z → w → z`,
    ],
  ],
  [
    'needs of a step of a list are misplaced',
    fork('x: { agent: a }'),
    step('agent: a, needs: [b]'),
    ['steps[0].needs: "needs" is not a known field'],
  ],
  [
    'a duration has a unit',
    step('agent: a, timeout: PT1M'),
    step('agent: a, timeout: 60'),
    ['steps[0].timeout: "timeout" must be a duration such as 300ms, 2s, 5m, 1h, 7d or PT5M, not the number 60'],
  ],
  [
    'a duration is not zero',
    step('agent: a, timeout: 1ms'),
    step('agent: a, timeout: 0s'),
    ['steps[0].timeout: "timeout" must be longer than zero'],
  ],
  [
    'a duration has an end',
    step('agent: a, timeout: 366d'),
    step('agent: a, timeout: 367d'),
    ['steps[0].timeout: "timeout" must be at most 366d, not "367d"'],
  ],
  [
    'attempts are in range',
    step('agent: a, retry: { maximumAttempts: 1 }'),
    step('agent: a, retry: { maximumAttempts: 0 }'),
    ['steps[0].retry.maximumAttempts: "maximumAttempts" must be at least 1, not the number 0'],
  ],
  [
    'the pause does not shrink',
    step('agent: a, retry: { backoffCoefficient: 1 }'),
    step('agent: a, retry: { backoffCoefficient: 0.5 }'),
    ['steps[0].retry.backoffCoefficient: "backoffCoefficient" must be at least 1, not the number 0.5'],
  ],
  [
    'the longest pause is the longest',
    step('agent: a, retry: { initialInterval: 1s, maximumInterval: 1s }'),
    step('agent: a, retry: { initialInterval: 2s, maximumInterval: 1s }'),
    ['steps[0].retry.maximumInterval: "maximumInterval" must not be shorter than "initialInterval"'],
  ],
  [
    'retry is not true',
    step('agent: a, retry: false'),
    step('agent: a, retry: true'),
    ['steps[0].retry: "retry" must be a retry policy, or false for no retry, not true'],
  ],
  [
    'a strategy exists',
    fork('x: { agent: a }', ', converge: { strategy: first-success }'),
    fork('x: { agent: a }', ', converge: { strategy: fist-success, require: 9 }'),
    [
      'steps[0].converge.strategy: "strategy" must be all-must-complete, all-settled, first-success, quorum, majority-vote, best-of, reduce or judge, not the text "fist-success"',
    ],
  ],
  [
    'fields belong to the strategy',
    fork('x: { agent: a }', ', converge: { strategy: all-settled, require: 1 }'),
    fork('x: { agent: a }', ', converge: { require: 1 }'),
    ['steps[0].converge.require: "require" does not belong to the strategy all-must-complete'],
  ],
  [
    'a fork has what is required',
    fork('x: { agent: a }', ', converge: { strategy: all-settled, require: 1 }'),
    fork('x: { agent: a }', ', converge: { strategy: all-settled, require: 2 }'),
    ['steps[0].converge.require: "require" asks for 2 branches, but the fork has only 1'],
  ],
  [
    'a share is from 1 to 100',
    fork('x: { agent: a }', ', converge: { strategy: all-settled, require: 100% }'),
    fork('x: { agent: a }', ', converge: { strategy: all-settled, require: 101% }'),
    [
      'steps[0].converge.require: "require" must be a number of branches from 1, or a share from 1% to 100%, not the text "101%"',
    ],
  ],
  [
    'the preferred branch exists',
    fork('x: { agent: a }', ', converge: { context: { onConflict: { prefer: x } } }'),
    fork('x: { agent: a }', ', converge: { context: { onConflict: { prefer: y } } }'),
    ['steps[0].converge.context.onConflict.prefer: "y" is not a branch of this fork; they are x'],
  ],
  [
    'a map has a body',
    step('map: { over: [1] }, steps: [{ agent: a }]'),
    step('map: { over: [1] }'),
    ['steps[0]: a map has one body, an "agent", a "playbook" or "steps" beside it, but this has none'],
  ],
  [
    'a map has one body',
    step('map: { over: [1], steps: [{ agent: a }] }'),
    step('map: { over: [1] }, agent: a, steps: [{ agent: b }]'),
    ['steps[0]: a map has one body, an "agent", a "playbook" or "steps" beside it, but this has several'],
  ],
  [
    'input needs an agent',
    step('map: { over: [1] }, agent: a, with: { x: 1 }'),
    step('map: { over: [1] }, steps: [{ agent: a }], with: { x: 1 }'),
    ['steps[0].with: "with" does not belong to a map whose body is "steps"'],
  ],
  [
    'an item has a name of its own',
    step('map: { over: [1], as: x }, agent: a'),
    step('map: { over: [1], as: steps }, agent: a'),
    ['steps[0].map.as: "steps" already means something in expressions'],
  ],
  [
    'an item can be named in expressions',
    step('map: { over: [1], as: a_b }, agent: a'),
    step('map: { over: [1], as: a-b }, agent: a'),
    ['steps[0].map.as: the name "a-b" has a dash, which expressions read as a subtraction'],
  ],
  [
    'a constant condition is a warning',
    step('agent: a'),
    step('agent: a, if: false'),
    ['steps[0].if: the condition is always false: this never runs'],
  ],
  [
    'a variable is used',
    '{ name: p, variables: { v: {} }, steps: [{ agent: a, with: "${{ variables.v }}" }] }',
    top('variables: { v: {} }'),
    ['variables.v: the variable "v" is not used'],
  ],
  [
    'a default fits its schema',
    '{ name: p, variables: { v: { type: integer, default: 1 } }, output: "${{ variables }}", steps: [{ agent: a }] }',
    '{ name: p, variables: { v: { type: integer, default: x } }, output: "${{ variables }}", steps: [{ agent: a }] }',
    ['variables.v.default: "default" must be a whole number, not the text "x"'],
  ],
  [
    'a schema is a schema',
    step('agent: a, output: { type: object }'),
    step('agent: a, output: { type: objekt }'),
    [
      'steps[0].output.type: "type" must be object, array, string, number, integer, boolean or null, not the text "objekt"',
    ],
  ],
  [
    'a schema has known keywords',
    step('agent: a, output: { minLength: 1 }'),
    step('agent: a, output: { minLenght: 1 }'),
    ['steps[0].output.minLenght: "minLenght" is not a known keyword of JSON Schema'],
  ],
  [
    'keywords have their types',
    step('agent: a, output: { minLength: 1 }'),
    step('agent: a, output: { minLength: x }'),
    ['steps[0].output.minLength: "minLength" must be a whole number, not the text "x"'],
  ],
  [
    'patterns are linear',
    step('agent: a, output: { pattern: "^a+$" }'),
    step('agent: a, output: { pattern: "(a)\\\\1" }'),
    [
      'steps[0].output.pattern: the pattern is not RE2 syntax, which has no look-around and no back references: error parsing regexp: invalid escape sequence: `\\1`',
    ],
  ],
  [
    'a parallel playbook has a fork',
    `{ executionType: parallel, ${fork('x: { agent: a }').slice(1)}`,
    top('executionType: parallel'),
    ['executionType: nothing here runs in parallel: the steps of a list run one after another'],
  ],
];

describe('checking a playbook', () => {
  test.each(checks)('%s', (_, right, wrong, problems) => {
    expect(problemsOf(right)).toEqual([]);
    expect(problemsOf(wrong)).toEqual(problems);
  });

  test('reads a misspelt field as what it was meant to be, and goes on below it', () => {
    expect(problemsOf('{ name: p, stpes: [{ agnet: a, timeout: 5 }], output: "${{ steps.x }}" }')).toEqual([
      'stpes: "stpes" is not a known field',
      'stpes[0].agnet: "agnet" is not a known field',
      'stpes[0].timeout: "timeout" must be a duration such as 300ms, 2s, 5m, 1h, 7d or PT5M, not the number 5',
      `output: there is no 'x' in 'steps'; known are a-1, in the expression: steps.x`,
    ]);
  });

  test('knows what fields are called elsewhere', () => {
    const compiled = compilePlaybook(step('uses: a, inputs: { x: 1 }, when: "1 < 2"'));
    expect(compiled.ok ? [] : compiled.problems.map(({ suggestion }) => suggestion)).toEqual([
      'did you mean "agent"?',
      'did you mean "with"?',
      'did you mean "if"?',
    ]);
  });

  test('does not follow up on what could not be read', () => {
    expect(problemsOf('{ name: p, variables: 5, steps: 7, output: "${{ variables.a + steps.b.output }}" }')).toEqual([
      'variables: "variables" must be an object, not the number 5',
      'steps: "steps" must be a list, not the number 7',
    ]);
  });

  test('ends when there are enough problems, and says so', () => {
    const playbook = (steps: number) => `{ name: p, steps: [${'{ agent: 5 }, '.repeat(steps)}] }`;
    const messages = (steps: number) => {
      const compiled = compilePlaybook(playbook(steps), { limits: { problems: 3 } });
      return compiled.ok ? [] : compiled.problems.map(({ message }) => message).slice(3);
    };
    expect(messages(3)).toEqual([]);
    expect(messages(4)).toEqual(['the check ended here, after 3 problems; correct them to see what else there is']);
  });

  test('lists only so many warnings, and goes on', () => {
    const steps = Array.from({ length: 20 }, (_, at) => `{ id: a-${at}, agent: a }`).join(', ');
    const compiled = compilePlaybook(`{ name: p, steps: [${steps}] }`, { limits: { problems: 3 } });
    expect(compiled.ok && compiled.warnings.map(({ message, severity }) => [message, severity]).at(-1)).toEqual([
      '17 more warnings are not shown',
      'warning',
    ]);
    expect(compiled.ok && compiled.warnings).toHaveLength(4);
  });
});
