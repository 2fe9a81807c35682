import { describe, expect, test } from '@jest/globals';
import { compilePlaybook } from './compile';

/** `path | message | suggestion` of every error; empty where it compiles. */
function errorsOf(source: string): readonly string[] {
  const compiled = compilePlaybook(source);
  return compiled.ok
    ? []
    : compiled.problems.map(({ path, message, suggestion = '' }) => `${path} | ${message} | ${suggestion}`);
}

const e = (expression: string) => `"\${{ ${expression} }}"`;
const two = (one: string, other: string) => `{ name: p, variables: { v: {} }, steps: [{ ${one} }, { ${other} }] }`;
const branches = (all: string, after = '') =>
  `{ name: p, steps: [{ id: pre, agent: a }, { id: f, parallel: { branches: { ${all} } } }${after}] }`;
const x = 'steps[1].parallel.branches.x';
const hidden = `is in another branch, and branches do not see each other's steps`;

describe('a name in an expression', () => {
  test.each([
    ['variables', two('agent: a', `agent: b, with: ${e('variables.v')}`)],
    ['an earlier step', two('id: i, agent: a', `agent: b, with: [${e('steps.i.output')}]`)],
    ['an earlier step around a fork', branches(`x: { agent: a, with: ${e('steps.pre.output')} }`)],
    [
      'an earlier step of the branch',
      branches(`x: { steps: [{ id: i, agent: a }, { agent: b, with: ${e('steps.i.output')} }] }`),
    ],
    [
      'a needed sibling',
      branches(`x: { needs: [y], if: needs.y.output, agent: a, with: ${e('needs.y.output')} }, y: { agent: b }`),
    ],
    ['a fork after it', branches('x: { agent: a }', `, { agent: c, with: ${e('steps.f.output.x')} }`)],
    [
      'an item, also further inside',
      `{ name: p, steps: [{ map: { over: [1], as: i }, steps: [{ parallel: { branches: { x: { agent: a, with: ${e('i.k')} } } } }] }] }`,
    ],
    ['the own output in export', two(`agent: a, export: { k: ${e('output.k')} }`, 'agent: b')],
    [
      'the context, the branch and the workflow',
      two(`agent: a, with: ${e('[context.k, branch.index, workflow.id]')}`, 'agent: b'),
    ],
    [
      'a secret in the input of an agent',
      two(`agent: a, with: { k: ${e('secrets.TOKEN')}, t: "Bearer \${{ secrets.TOKEN }}" }`, 'agent: b'),
    ],
    ['the variable of a macro', two(`agent: a, with: ${e('[1, 2].map(each, each + 1)')}`, 'agent: b')],
    ['a name with a dash in brackets', two('id: i-j, agent: a', `agent: b, with: ${e("steps['i-j'].output")}`)],
    ['every step in the output', `{ name: p, output: ${e('steps.i.output')}, steps: [{ id: i, agent: a }] }`],
  ])('may be %s', (_, source) => {
    expect(errorsOf(source)).toEqual([]);
  });

  test.each([
    [
      'no syntax',
      two(`agent: a, with: ${e('1 +')}`, 'agent: b'),
      [/^steps\[0\]\.with \| .+in the expression: 1 \+ \| $/],
    ],
    [
      'an unknown variable',
      two(`agent: a, with: ${e('variables.w')}`, 'agent: b'),
      [`steps[0].with | there is no 'w' in 'variables'; known are v, in the expression: variables.w | `],
    ],
    [
      'an unknown root',
      two(`agent: a, with: ${e('variable.v')}`, 'agent: b'),
      [`steps[0].with | there is no 'variable' here, in the expression: variable.v | did you mean "variables"?`],
    ],
    [
      'an unknown step',
      two('id: check, agent: a', `agent: b, if: steps.chekc.output`),
      [`steps[1].if | there is no 'chekc' in 'steps', in the expression: steps.chekc.output | did you mean "check"?`],
    ],
    [
      'a later step',
      two(`agent: a, with: ${e('steps.i.output')}`, 'id: i, agent: b'),
      ['steps[0].with | the step "i" comes later in this sequence | move it before this step'],
    ],
    [
      'the step itself',
      two(`id: i, agent: a, export: { k: ${e('steps.i.output')} }`, 'agent: b'),
      ['steps[0].export.k | the step "i" has no output before it has run | in "export", its output is called output'],
    ],
    [
      'the fork that is open',
      branches(`x: { agent: a, with: ${e('steps.f.output')} }`),
      [`${x}.with | the fork "f" has no output before its branches have converged | use it after the fork`],
    ],
    [
      'a step after the fork',
      branches(`x: { agent: a, with: ${e('steps.late.output')} }`, ', { id: late, agent: b }'),
      [`${x}.with | the step "late" comes after the fork that this branch belongs to | move it before the fork`],
    ],
    [
      'a step of a sibling',
      branches(`x: { agent: a, with: ${e('steps.i.output')} }, y: { steps: [{ id: i, agent: b }] }`),
      [`${x}.with | the step "i" ${hidden} | add "y" to the needs of this branch and write needs.y.output`],
    ],
    [
      'a step of a sibling in a condition',
      branches('x: { if: steps.i.output, agent: a }, y: { steps: [{ id: i, agent: b }] }'),
      [`${x}.if | the step "i" ${hidden} | add "y" to the needs of this branch and write needs.y.output`],
    ],
    [
      'a step inside a fork',
      branches('x: { steps: [{ id: i, agent: b }] }', `, { agent: c, with: ${e('steps.i.output')} }`),
      [`steps[2].with | the step "i" ${hidden} | write steps.f.output.x`],
    ],
    [
      'a step inside a later fork',
      two(`agent: a, with: ${e('steps.i.output')}`, 'id: f, parallel: { branches: { x: { id: i, agent: a } } }'),
      [`steps[0].with | the step "i" ${hidden} | it runs in the fork "f", which comes later`],
    ],
    [
      'a step inside a map',
      two('id: m, map: { over: [1] }, steps: [{ id: i, agent: a }]', `agent: a, with: ${e('steps.i.output')}`),
      [`steps[1].with | the step "i" ${hidden} | write steps.m.output`],
    ],
    [
      'a step of another case',
      two(
        `id: c, choose: [{ when: 1 < 2, steps: [{ id: i, agent: a }] }, { otherwise: [{ agent: b, with: ${e('steps.i.output')} }] }]`,
        'agent: b',
      ),
      [
        'steps[0].choose[1].otherwise[0].with | the step "i" is in another case, and only one of them runs | use it after the choice',
      ],
    ],
    [
      'the choice that is open, nor a step inside of it',
      two(
        `id: c, choose: [{ when: 1 < 2, steps: [{ id: i, agent: a, with: ${e('steps.c.output')} }] }], export: { k: ${e('steps.i.output')} }`,
        'agent: b',
      ),
      [
        'steps[0].choose[0].steps[0].with | the step "c" has no output before its steps have run | use it after the choice',
        'steps[0].export.k | the step "i" runs inside of this step | use it in a step after this one',
      ],
    ],
    [
      'a later step in a condition of a case',
      two('id: c, choose: [{ when: steps.i.output, steps: [{ agent: a }] }]', 'id: i, agent: b'),
      ['steps[0].choose[0].when | the step "i" comes later in this sequence | move it before this step'],
    ],
    [
      'a later step in an answer to a failure',
      two(`agent: a, onFailure: [{ agent: b, with: ${e('steps.i.output')} }]`, 'id: i, agent: b'),
      [
        'steps[0].onFailure[0].with | the step "i" comes after the one that this step is inside of | move it before the other',
      ],
    ],
    [
      'the item of a map in the answer to its failure',
      two(`map: { over: [1], as: thing }, agent: a, onFailure: [{ agent: b, with: ${e('thing')} }]`, 'agent: b'),
      [/^steps\[0\]\.onFailure\[0\]\.with \| there is no 'thing' here/],
    ],
    [
      'a sibling that is not needed',
      branches(`x: { agent: a, with: ${e('needs.y.output')} }, y: { agent: b }`),
      [`${x}.with | "y" is not among the needs of this branch | add "y" to its needs`],
    ],
    [
      'an unknown sibling',
      branches(`x: { agent: a, with: ${e('needs.z.output')} }, y: { agent: b }`),
      [`${x}.with | there is no 'z' in 'needs'; known are x, y, in the expression: needs.z.output | `],
    ],
    [
      'an item outside of its map',
      two('map: { over: [1], as: i }, agent: a', `agent: b, with: ${e('i')}`),
      [/^steps\[1\]\.with \| there is no 'i' here/],
    ],
    [
      'the output of an agent in its input',
      two(`agent: a, with: ${e('output.k')}`, 'agent: b'),
      [/^steps\[0\]\.with \| there is no 'output' here/],
    ],
    [
      'a secret in a condition',
      two('agent: a, if: secrets.TOKEN', 'agent: b'),
      [/^steps\[0\]\.if \| secrets may stand only in `with` of an agent step/],
    ],
    [
      'a secret in the context',
      two(`set: { k: ${e('secrets.TOKEN')} }`, 'agent: b'),
      [/^steps\[0\]\.set\.k \| secrets may stand only in `with`/],
    ],
    [
      'a secret in an export',
      two(`agent: a, export: { k: ${e('secrets.TOKEN')} }`, 'agent: b'),
      [/^steps\[0\]\.export\.k \| secrets may stand only in `with`/],
    ],
    [
      'a dash that is a subtraction',
      two('id: i-j, agent: a', `agent: b, with: ${e('steps.i-j.output')}`),
      [/^steps\[1\]\.with \| a name with a dash is read as a subtraction; .* \| write steps\['i-j'\]\.output$/],
    ],
    [
      'an unknown field of the workflow',
      two(`agent: a, with: ${e('workflow.idd')}`, 'agent: b'),
      [/did you mean "id"\?$/],
    ],
    [
      'a marker of a secret',
      two('agent: a, with: { k: { $secret: TOKEN } }', 'agent: b'),
      ['steps[0].with.k.$secret | "$secret" is reserved for references to secrets | '],
    ],
  ])('may not be %s', (_, source, expected) => {
    const errors = errorsOf(source).filter((error) => !error.includes('has a dash'));
    expect(errors).toHaveLength(expected.length);
    for (const [at, each] of expected.entries()) expect(errors[at]).toMatch(each);
  });

  test('may be that of a step inside of an earlier one, or of the step whose failure is answered', () => {
    const seen = `with: [ ${e('steps.i.output')}, ${e('steps.j.output')} ]`;
    const choice = `id: c, choose: [{ when: 1 < 2, steps: [{ id: i, agent: a }] }, { otherwise: [{ id: j, agent: a }] }]`;
    const answer = `onFailure: [{ agent: b, with: ${e('steps.c.error.message + steps.i.status')} }]`;
    expect(errorsOf(two(`${choice}, ${answer}`, `parallel: { branches: { x: { agent: b, ${seen} } } }`))).toEqual([]);
  });

  test('is looked up for every mistake in a text, not only the first', () => {
    expect(errorsOf(two(`agent: a, with: "\${{ variables.q }} and \${{ steps.zz }}"`, 'agent: b'))).toHaveLength(2);
  });
});
