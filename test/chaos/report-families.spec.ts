import { describe, expect, it } from '@jest/globals';
import { growthOf } from './memory';
import { type Disturbed, familyLines } from './report-families';
import { Tally } from './tally';

const full = (): Disturbed => {
  const tally = new Tally();
  for (let count = 0; count < 5; count++) {
    tally.add('zombies', 'orchestrator');
    tally.add('zombies', 'agent-runner');
  }
  return {
    chaos: { kills: 20, wipes: 1, tally },
    recovery: { times: new Map([['network', [29_000, 100]]]), waiting: [], worst: () => 29_000 },
    counters: { total: () => 3 },
    isFull: true,
    played: ['kills', 'zombies', 'postgres', 'nats', 'network'],
    probes: [],
  };
};
const broken = (change: Partial<Disturbed>) =>
  familyLines({ ...full(), ...change }).flatMap(({ name, faults = [] }) => (faults.length > 0 ? [name] : []));

describe('The lines of the families', () => {
  it('say what was done and hold when it was enough', () => {
    expect(broken({})).toEqual([]);
    expect(familyLines(full()).map(({ name, figure }) => `${name}: ${figure}`)).toEqual(
      expect.arrayContaining([
        expect.stringContaining('T6 kills: 20 in all, 1 of them NATS wipes'),
        expect.stringContaining(
          '5 orchestrator, 5 agent-runner back after their lease; 3 stale commits and 3 stale reports refused',
        ),
        expect.stringContaining('T10 network: 2 times ready again, within 29.0 s'),
      ]),
    );
  });

  it.each<readonly [string, string, Partial<Disturbed>]>([
    ['too few kills', 'T6 kills', { chaos: { ...full().chaos, kills: 19 } }],
    ['no wipe', 'T9 nats', { chaos: { ...full().chaos, wipes: 0 } }],
    ['too few zombies', 'T7 zombies', { chaos: { ...full().chaos, tally: new Tally() } }],
    ['zombies that were refused nothing', 'T7 zombies', { counters: { total: () => 0 } }],
    [
      'a service that took long to be ready again',
      'T10 network',
      { recovery: { ...full().recovery, times: new Map([['network', [30_001]]]) } },
    ],
    ['a service that never was', 'T10 network', { recovery: { ...full().recovery, waiting: ['gateway-1'] } }],
    [
      'workflows that did not run through after an act',
      'T8 postgres',
      { played: ['postgres'], probes: [{ deed: 'crash', ms: 30_001 }] },
    ],
  ])('see %s', (_case, name, change) => expect(broken(change)).toEqual([name]));

  it('ask for numbers in full runs only', () => {
    expect(broken({ isFull: false, chaos: { kills: 0, wipes: 0, tally: new Tally() } })).toEqual([]);
  });
});

describe('The growth of memory', () => {
  const life = (size: (minute: number) => number) =>
    Array.from({ length: 60 }, (_, index) => ({ atMs: index * 10_000, size: size(index / 6) }));

  it('is the slope of a life, whatever some samples say', () => {
    expect(growthOf(life((minute) => 100 + 3 * minute))?.perMinute).toBeCloseTo(3);
    expect(growthOf(life((minute) => (minute === 5 ? 900 : 100)))).toMatchObject({ perMinute: 0, from: 100, to: 100 });
  });

  it('is unknown of a short life', () => expect(growthOf(life(() => 100).slice(0, 10))).toBeUndefined());
});
