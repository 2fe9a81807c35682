import { describe, expect, it } from '@jest/globals';
import { readOptions, UsageError } from './options';
import { type Act, planOf } from './plan';

const members = { gateways: 2, orchestrators: 3, runners: 3, leaseMs: 3_000 };
const seeds = Array.from({ length: 300 }, (_, seed) => seed);
const count = (plan: readonly Act[], ...kinds: Act['is'][]) => plan.filter(({ is }) => kinds.includes(is)).length;

describe('A plan of chaos', () => {
  it('is the same for the same seed, and another for another', () => {
    const plan = (seed: number) => planOf({ ...members, seed, chaosMs: 180_000 });
    expect(plan(7)).toEqual(plan(7));
    expect(plan(7)).not.toEqual(plan(8));
  });

  it('kills at least 20 times in three minutes, wipes NATS and fills both disks', () => {
    for (const seed of seeds) {
      const plan = planOf({ ...members, seed, chaosMs: 180_000 });
      expect(count(plan, 'kill', 'crash-postgres', 'kill-nats', 'wipe-nats')).toBeGreaterThanOrEqual(20);
      expect(count(plan, 'wipe-nats')).toBeGreaterThanOrEqual(1);
      expect(count(plan, 'fill-disk')).toBeGreaterThanOrEqual(2);
    }
  });

  it('has what matters most even in half a minute', () => {
    for (const seed of seeds) {
      const plan = planOf({ ...members, seed, chaosMs: 30_000 });
      for (const kind of ['wipe-nats', 'crash-postgres', 'freeze'] as const)
        expect([seed, kind, count(plan, kind) > 0]).toEqual([seed, kind, true]);
      expect(count(plan, 'kill')).toBeGreaterThanOrEqual(2);
    }
  });

  it('freezes orchestrators for longer than their lease', () => {
    const plan = planOf({ ...members, seed: 1, chaosMs: 3_600_000 });
    const freezes = plan.flatMap((act) => (act.is === 'freeze' ? [act.ms] : []));
    expect(freezes.length).toBeGreaterThan(20);
    expect(Math.min(...freezes)).toBeGreaterThan(members.leaseMs);
  });
});

describe('The command line', () => {
  it('has defaults that grow with the run', () => {
    expect(readOptions([], 5)).toMatchObject({ seed: 5, chaosMs: 30_000, orchestrators: 2, gateways: 1 });
    expect(readOptions(['--minutes', '3', '--seed', '9'], 5)).toMatchObject({
      seed: 9,
      chaosMs: 180_000,
      orchestrators: 3,
      gateways: 2,
    });
  });

  it.each([[['--minutes', 'two']], [['--seed', '1.5']], [['--orchestrators', '0']], [['--sed', '1']]])(
    'refuses %j',
    (argv) => {
      expect(() => readOptions(argv, 0)).toThrow(UsageError);
    },
  );
});
