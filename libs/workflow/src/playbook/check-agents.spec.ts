import { expect, test } from '@jest/globals';
import { compilePlaybook } from './compile';

// Seen to fail with the judge left out, and with a warning where nothing is known of runners.
test('warns of agents that no runner serves, judges among them', () => {
  const source = `name: p
steps:
  - parallel: { branches: { x: { agent: writer }, y: { agent: writre } } }
    converge:
      strategy: judge
      agent: critic
`;
  const warningsOf = (served?: ReadonlySet<string>) => {
    const compiled = compilePlaybook(source, served === undefined ? {} : { served });
    if (!compiled.ok) throw new Error(JSON.stringify(compiled.problems));
    return compiled.warnings;
  };
  expect(warningsOf(new Set(['writer', 'reader']))).toMatchObject([
    {
      ...{
        path: 'steps[0].parallel.branches.y.agent',
        line: 3,
        severity: 'warning',
        suggestion: 'did you mean "writer"?',
      },
      message: 'no runner serves the agent "writre" now',
    },
    { path: 'steps[0].converge.agent', line: 6, message: 'no runner serves the agent "critic" now' },
  ]);
  expect(warningsOf(new Set(['writer', 'writre', 'critic']))).toEqual([]);
  expect(warningsOf()).toEqual([]);
});
