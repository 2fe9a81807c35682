import { type ConvergencePointView } from '@braid/contracts';
import { plain } from '../terminal.fixture';
import { convergenceLines, previewLines } from './convergence';

const tally = { total: 4, completed: 2, failed: 1, skipped: 0, cancelled: 1, open: 0 };
const point: ConvergencePointView = {
  branch: 'reviews/speed',
  step: 'votes',
  strategy: 'majority-vote',
  outcome: 'met',
  reason: '"yes" has 2 of 4 votes',
  tally,
  counted: ['a', 'c'],
  dissented: ['d'],
  decidedBy: 'c',
  cancelled: ['b'],
  saved: { cancelled: 0, neverStarted: 1 },
};

describe('a convergence in words', () => {
  it('tells the rule, who counted and dissented, which arrival decided, and what was saved', () => {
    expect(convergenceLines(point, plain)).toEqual([
      'reviews/speed/votes: majority-vote met, "yes" has 2 of 4 votes',
      '  counted: a, c',
      '  dissented: d',
      '  decided by the arrival of c',
      '  cancelled: b (saved: 1 never started)',
    ]);
  });

  it('is one line while it waits', () => {
    const { decidedBy: _, saved: __, ...rest } = point;
    expect(convergenceLines({ ...rest, outcome: 'waiting', reason: '1 of 4 branches are open' }, plain)).toHaveLength(
      1,
    );
  });

  it('names the deadline when nobody’s arrival decided, and a few of many branches', () => {
    const { decidedBy: _, ...rest } = point;
    const counted = Array.from({ length: 20 }, (__, index) => `b${index}`);
    const lines = convergenceLines({ ...rest, counted }, plain);
    expect(lines).toContain('  decided without an arrival: by the deadline');
    expect(lines[1]).toMatch(/b11 and 8 more$/);
  });
});

it('a preview stands beside what was decided', () => {
  const preview = {
    version: 9,
    branch: 'root',
    step: 'votes',
    strategy: 'quorum',
    outcome: 'undecided',
    reason: '1 of 4 branches have no result on record: b',
    counted: [],
    dissented: [],
    wouldHaveCancelled: [],
    actual: point,
  } as const;
  expect(previewLines(preview, plain)).toEqual([
    'what if  votes: quorum undecided, 1 of 4 branches have no result on record: b',
    '',
    expect.stringContaining('as it is reviews/speed/votes: majority-vote met'),
  ]);
  const decided = { ...preview, outcome: 'met', counted: 'all', decidedBy: 'a', output: { a: 1 } } as const;
  expect(previewLines(decided, plain).slice(1, 4)).toEqual([
    '  counted: every branch',
    '  decided by the arrival of a',
    '  output: {"a":1}',
  ]);
});
