import { type EventView } from '@braid/contracts';
import { type Json } from '@braid/events';
import { plain } from '../terminal.fixture';
import { attemptRuns, mostAtOnce, timeline } from './timeline';

let version = 0;
const event = (type: string, data: Json): EventView => {
  version += 1;
  return { id: `w:${version}`, workflow: 'w', version, type, at: '2026-01-01T00:00:00.000Z', data };
};
const run = (runner: string, startedAt: number, endedAt: number) => ({ attempt: 1, runner, startedAt, endedAt });

const events = [
  event('WorkflowStarted', { playbook: { name: 'p' } }),
  event('BranchCompleted', { branch: 'f/b', step: 'b', output: 1, run: run('runner-2', 1_000, 3_000) }),
  event('BranchFailed', { branch: 'f/c', step: 'look', failure: {}, run: run('runner-1', 1_500, 2_000) }),
  event('BranchAdvanced', { branch: 'root', step: 'a', output: 1, run: run('runner-1', 0, 1_000) }),
  event('BranchCompleted', { branch: 'f', output: {} }),
];

it('finds the attempts that runners reported, in the order in which they began', () => {
  expect(attemptRuns(events).map(({ branch, runner, failed }) => [branch, runner, failed])).toEqual([
    ['root', 'runner-1', false],
    ['f/b', 'runner-2', false],
    ['f/c', 'runner-1', true],
  ]);
});

it('counts as simultaneous only what overlaps, not what follows at once', () => {
  expect(mostAtOnce(attemptRuns(events)).map(({ branch }) => branch)).toEqual(['f/b', 'f/c']);
  expect(mostAtOnce(attemptRuns(events.slice(0, 1)))).toEqual([]);
});

it('draws a bar per attempt on one axis and says what ran at once on which runners', () => {
  const lines = timeline(attemptRuns(events), { colours: plain, width: 60 });

  expect(lines).toEqual([
    expect.stringMatching(/^a +runner-1 {2}━+ +1\.0 s$/),
    expect.stringMatching(/^f\/b +runner-2 +━+ 2\.0 s$/),
    expect.stringMatching(/^f\/c look +runner-1 +━+ +500 ms$/),
    '',
    [
      '2 attempts ran at the same time: f/c look on runner-1; f/b on runner-2.',
      'In all, runner-1 ran 2, runner-2 ran 1; 3.5 s of work in 3.0 s.',
    ].join('\n'),
  ]);
});

it('says so when nothing ran at the same time', () => {
  const one = attemptRuns([event('BranchCompleted', { branch: 'root', step: 'a', run: run('runner-1', 0, 10) })]);

  expect(timeline(one, { colours: plain, width: 80 }).join('\n')).toContain('No two attempts ran at the same time');
});
