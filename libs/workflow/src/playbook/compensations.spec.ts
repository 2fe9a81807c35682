import { describe, expect, it } from '@jest/globals';
import { compilePlaybook } from './compile';

/** `path: message` of every problem, warnings included; empty where it compiles without any. */
function problemsOf(source: string): readonly string[] {
  const compiled = compilePlaybook(source);
  const found = compiled.ok ? compiled.warnings : compiled.problems;
  return found.map(({ path, message }) => `${path}: ${message}`);
}

describe('"compensate"', () => {
  it('is kept at the step, also at the only step of a branch and at a map, whose body does not get it', () => {
    const compiled = compilePlaybook(`
name: p
steps:
  - { id: one, agent: a, compensate: [{ agent: b }] }
  - parallel: { branches: { x: { agent: a, compensate: [{ agent: b }] } } }
  - { map: { over: [1] }, agent: a, compensate: [{ agent: b }] }
`);
    if (!compiled.ok) throw new Error(JSON.stringify(compiled.problems));
    const [one, fork, map] = compiled.graph.steps;
    expect(one?.compensate).toMatchObject([{ kind: 'agent', agent: 'b', path: 'steps[0].compensate[0]' }]);
    expect(fork?.kind === 'parallel' && fork.branches[0]?.steps[0]?.compensate).toHaveLength(1);
    expect(map?.compensate).toHaveLength(1);
    expect(map?.kind === 'map' && map.steps[0]).not.toHaveProperty('compensate');
  });

  it('may use whatever its step and the branch of its step could use, and the output of the step', () => {
    const source = `
name: p
variables: { v: { type: string } }
steps:
  - { id: before, agent: a, with: '\${{ variables.v }}' }
  - id: fork
    parallel:
      branches:
        first: { agent: a }
        second:
          needs: [first]
          steps:
            - id: book
              agent: a
              compensate:
                - { id: ask, agent: b, with: '\${{ needs.first.output }} \${{ steps.before.output }}' }
                - { agent: b, with: '\${{ steps.book.output.id }} \${{ steps.ask.output }} \${{ branch.name }} \${{ secrets.KEY }}' }
  - id: rooms
    map: { over: [1, 2], as: room, steps: [{ agent: a, compensate: [{ agent: b, with: '\${{ room }}' }] }] }
    compensate: [{ agent: b, with: '\${{ steps.rooms.output }}' }]
`;
    expect(problemsOf(source)).toEqual([]);
  });

  // Each was seen to be accepted with its check taken out.
  it.each<[string, string, readonly string[]]>([
    [
      'nothing that comes after its step',
      `[{ id: x, agent: a, compensate: [{ agent: b, with: '\${{ steps.later.output }}' }] }, { id: later, agent: a }]`,
      [
        'steps[0].compensate[0].with: the step "later" comes after the one that is undone here, which sees only what was before it',
      ],
    ],
    [
      'no item of the map that is its step',
      `[{ map: { over: [1], as: room, steps: [{ agent: a }] }, compensate: [{ agent: b, with: '\${{ room }}' }] }]`,
      [expect.stringContaining('steps[0].compensate[0].with: ') as unknown as string],
    ],
    [
      'no bare output, which is that of an export',
      `[{ agent: a, compensate: [{ agent: b, with: '\${{ output }}' }] }]`,
      [expect.stringContaining('steps[0].compensate[0].with: ') as unknown as string],
    ],
  ])('may use %s', (_, steps, expected) => {
    expect(problemsOf(`{ name: p, steps: ${steps} }`)).toEqual(expected);
  });

  it('has steps that nobody else sees', () => {
    const source = `{ name: p, steps: [{ agent: a, compensate: [{ id: u, agent: b }] }, { agent: a, with: '\${{ steps.u.output }}' }] }`;
    expect(problemsOf(source)).toEqual([
      'steps[1].with: the step "u" is part of a "compensate", and only its own steps see it',
    ]);
  });

  it('is a list of steps, whose ids hide none that they see', () => {
    expect(problemsOf('{ name: p, steps: [{ agent: a, compensate: undo }] }')).toEqual([
      'steps[0].compensate: "compensate" must be a list, not the text "undo"',
    ]);
    expect(problemsOf('{ name: p, steps: [{ agent: a, compensate: [] }] }')).toEqual([
      'steps[0].compensate: "compensate" must not be empty',
    ]);
    expect(problemsOf('{ name: p, steps: [{ id: x, agent: a, compensate: [{ id: x, agent: b }] }] }')).toEqual([
      'steps[0].compensate[0].id: the id "x" hides a step of a sequence around this one',
    ]);
    expect(problemsOf('{ name: p, steps: [{ agent: a, compensat: [{ agent: b }] }] }')).toEqual([
      'steps[0].compensat: "compensat" is not a known field',
    ]);
  });

  it('is not undone itself, and stands at a step that can complete', () => {
    const nested = `{ name: p, steps: [{ agent: a, compensate: [{ parallel: { branches: { x: { agent: b, compensate: [{ agent: c }] } } } }] }] }`;
    expect(problemsOf(nested)).toEqual([
      'steps[0].compensate[0].parallel.branches.x.compensate: the steps of a "compensate" are not undone themselves',
    ]);
    expect(problemsOf('{ name: p, steps: [{ fail: { message: x }, compensate: [{ agent: b }] }] }')).toEqual([
      'steps[0].compensate: this never runs: the step always fails, and only what has completed is undone',
    ]);
    const sequence = `{ name: p, steps: [{ parallel: { branches: { x: { steps: [{ agent: a }], compensate: [{ agent: b }] } } } }] }`;
    expect(problemsOf(sequence)).toEqual([
      'steps[0].parallel.branches.x.compensate: "compensate" does not belong to a branch with "steps"',
    ]);
  });

  it('counts as no fork, and its signals as signals of the playbook', () => {
    const source = '{ name: p, executionType: parallel, steps: [{ agent: a, compensate: [{ agent: b }] }] }';
    expect(problemsOf(source)).toEqual([
      'executionType: nothing here runs in parallel: the steps of a list run one after another',
    ]);
    const differ =
      '{ name: p, steps: [{ signal: { name: s }, compensate: [{ signal: { name: s, schema: { type: string } } }] }] }';
    expect(problemsOf(differ)).toEqual([
      'steps[0].compensate[0].signal.schema: the signal "s" has another schema at steps[0]',
    ]);
  });
});
