import { plain } from '../terminal.fixture';
import { problemLines } from './problems';

it('writes a problem as compilers do: place, path, message and suggestion', () => {
  const problems = [
    { path: 'steps[0].agnt', line: 3, column: 5, message: 'is unknown', suggestion: 'write agent', severity: 'error' },
    { path: '', message: 'the playbook is empty', severity: 'error' },
    { path: 'variables.a', line: 2, column: 1, message: 'is not used', severity: 'warning' },
  ] as const;

  expect(problemLines(problems, { colours: plain, file: 'p.yaml' })).toEqual([
    'p.yaml:3:5 steps[0].agnt is unknown — write agent',
    'p.yaml the playbook is empty',
    'p.yaml:2:1 warning variables.a is not used',
  ]);
  expect(problemLines(problems, { colours: plain })[0]).toMatch(/^3:5 steps/);
});
