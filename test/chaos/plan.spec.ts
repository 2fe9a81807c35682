import { describe, expect, it } from '@jest/globals';
import { links } from './decks';
import { durationOf } from './deeds';
import { families, familyOf } from './families';
import { readOptions, UsageError } from './options';
import { type Act, planOf, planOfFamily } from './plan';

const members = { gateways: 2, orchestrators: 3, runners: 3, leaseMs: 3_000 };
const seeds = Array.from({ length: 1_000 }, (_, seed) => seed * 7_919);
const count = (plan: readonly Act[], ...kinds: Act['is'][]) => plan.filter(({ is }) => kinds.includes(is)).length;
const whom = (act: Act): string => ('member' in act ? act.member.replace(/-\d+$/, '') : '');

/** What a plan of so many rounds should have and has not. */
function lacks(plan: readonly Act[], rounds: number): readonly string[] {
  const frozen = (kind: string) => plan.filter((act) => act.is === 'freeze' && whom(act) === kind).length;
  const told = new Set(
    plan.map((act) =>
      `${act.is} ${whom(act)} ${'server' in act ? act.server : ''} ${act.is === 'cut' ? act.ms : ''}`.trim(),
    ),
  );
  const needed: readonly (readonly [string, boolean])[] = [
    ['20 kills', count(plan, 'kill', 'crash-postgres', 'kill-nats', 'wipe-nats') >= 20 * rounds],
    ['a wipe', count(plan, 'wipe-nats') >= rounds],
    ...(['end-backends', 'end-commits', 'hold-transaction', 'purge-stream', 'slow-consumer', 'kill-nats'] as const).map(
      (is) => [is, count(plan, is) >= rounds] as const,
    ),
    ...(['orchestrator', 'runner'] as const).map((kind) => [`zombies: ${kind}`, frozen(kind) > 5 * rounds] as const),
    ...['fill-disk  postgres', 'fill-disk  nats'].map((name) => [name, told.has(name)] as const),
    ...links.flatMap(([kind, server]) =>
      ['cut # 5000', 'cut # 30000', 'half-open #', 'slow #'].map((name) => {
        const full = name.replace('#', `${kind} ${server}`);
        return [full, told.has(full)] as const;
      }),
    ),
  ];
  return needed.flatMap(([what, holds]) => (holds ? [] : [what]));
}

describe('A plan of chaos', () => {
  it('is the same for the same seed, and another for another', () => {
    const plan = (seed: number) => planOf({ ...members, seed, chaosMs: 180_000 });
    expect(plan(7)).toEqual(plan(7));
    expect(plan(7)).not.toEqual(plan(8));
  });

  it.each([150_000, 180_000, 600_000])('has everything in each three minutes with any seed (%i ms)', (chaosMs) => {
    const lacking = seeds.flatMap((seed) => {
      const plan = planOf({ ...members, seed, chaosMs });
      return lacks(plan, Math.round(chaosMs / 180_000)).map((what) => `seed ${seed}: ${what}`);
    });
    expect(lacking).toEqual([]);
  });

  it('is over when its time is, but for what comes at the very end', () => {
    for (const seed of seeds.slice(0, 200)) {
      const plan = planOf({ ...members, seed, chaosMs: 180_000 });
      expect(plan.every((act) => act.at >= 0 && act.at + durationOf(act) <= 180_000)).toBe(true);
      expect(plan.slice(-3).map((act) => [act.at, 'member' in act && act.member])).toEqual(
        [1, 2, 3].map((number) => [180_000, `orchestrator-${number}`]),
      );
    }
  });

  it('has what matters most even in half a minute', () => {
    const lacking = seeds.filter((seed) => {
      const plan = planOf({ ...members, seed, chaosMs: 30_000 });
      const all = (['wipe-nats', 'crash-postgres', 'freeze'] as const).every((kind) => count(plan, kind) > 0);
      return !all || count(plan, 'kill') < 4;
    });
    expect(lacking).toEqual([]);
  });

  it('takes PostgreSQL away for a minute in long runs, and leaves one process of each kind alone in their second half', () => {
    for (const seed of seeds.slice(0, 100)) {
      const plan = planOf({ ...members, seed, chaosMs: 900_000 });
      expect(plan.filter((act) => act.is === 'crash-postgres' && act.downMs === 60_000)).toHaveLength(1);
      const killed = plan.flatMap((act) => (act.is === 'kill' && act.at >= 450_000 ? [act.member] : []));
      expect(killed.length).toBeGreaterThan(30);
      expect(killed.filter((member) => member.endsWith('-1'))).toEqual([]);
    }
  });

  it('freezes orchestrators for longer than their lease', () => {
    const plan = planOf({ ...members, seed: 1, chaosMs: 3_600_000 });
    const freezes = plan.flatMap((act) => (act.is === 'freeze' ? [act.ms] : []));
    expect(freezes.length).toBeGreaterThan(20);
    expect(Math.min(...freezes)).toBeGreaterThan(members.leaseMs);
  });

  it.each(Object.values(families))('of one family alone holds nothing else: %s', (family) => {
    const plan = planOfFamily(family, { ...members, seed: 3, chaosMs: 30_000 });
    expect(plan.length).toBeGreaterThanOrEqual(6);
    expect(new Set(plan.map(familyOf))).toEqual(new Set([family]));
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

  it('knows the families by number and by name', () => {
    expect(readOptions(['--only', 'T8'], 5)).toMatchObject({ only: 'postgres', orchestrators: 3 });
    expect(readOptions(['--only', 'network'], 5).only).toBe('network');
  });

  it.each([
    [['--minutes', 'two']],
    [['--seed', '1.5']],
    [['--orchestrators', '0']],
    [['--sed', '1']],
    [['--only', 'T1']],
  ])('refuses %j', (argv) => {
    expect(() => readOptions(argv, 0)).toThrow(UsageError);
  });
});
