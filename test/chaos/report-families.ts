import { type Chaos } from './chaos';
import { type Check } from './checks';
import { type Counters } from './counters';
import { families, type Family } from './families';
import { type App } from './member';
import { recoveredWithinMs, type Recovery } from './recovery';

/** How many came back as zombies in a run that must show them. */
const leastZombies = 5;
/** What a run of three minutes and more must have done. */
const leastKills = 20;

export type Disturbed = {
  readonly chaos: Pick<Chaos, 'kills' | 'wipes' | 'tally'>;
  readonly recovery: Pick<Recovery, 'times' | 'waiting' | 'worst'>;
  readonly counters: Pick<Counters, 'total'>;
  /** Whether the run is long enough for all of it. */
  readonly isFull: boolean;
  /** The families that were played. */
  readonly played: readonly Family[];
  /** Seconds after an act until new workflows ran through, of a run that plays one family in turn. */
  readonly probes: readonly { readonly deed: string; readonly ms: number }[];
};

/** One line per family: what was done, what it met, and how soon all was ready again. */
export function familyLines(disturbed: Disturbed): readonly Check[] {
  return Object.entries(families)
    .filter(([, family]) => disturbed.played.includes(family))
    .map(([number, family]) => ({
      name: `${number} ${family}`,
      figure: [...wordsOf(family, disturbed), ready(family, disturbed)].filter((text) => text !== '').join('; '),
      faults: [...slow(family, disturbed), ...missing(family, disturbed)],
    }));
}

function wordsOf(family: Family, { chaos, counters }: Disturbed): readonly string[] {
  const text = chaos.tally.text(family);
  switch (family) {
    case 'kills':
      return [`${chaos.kills} in all, ${chaos.wipes} of them NATS wipes`, text];
    case 'zombies':
      return [
        `${text || 'none'} back after their lease`,
        `${counters.total('appends')} stale commits and ${counters.total('reports')} stale reports refused`,
      ];
    default:
      return [text];
  }
}

const seconds = (ms: number): string => `${(ms / 1_000).toFixed(1)} s`;

function ready(family: Family, { recovery, probes }: Disturbed): string {
  const times = recovery.times.get(family) ?? [];
  const worst = recovery.worst(family);
  const slowest =
    probes.length === 0 ? '' : `, new workflows ran through within ${seconds(Math.max(...probes.map(({ ms }) => ms)))}`;
  return worst === undefined ? '' : `${times.length} times ready again, within ${seconds(worst)}${slowest}`;
}

function slow(family: Family, { recovery, probes, played }: Disturbed): readonly string[] {
  const late = (recovery.times.get(family) ?? []).filter((ms) => ms > recoveredWithinMs);
  return [
    ...late.map((ms) => `ready again only after ${seconds(ms)}`),
    ...probes.flatMap(({ deed, ms }) => (ms > recoveredWithinMs ? [`${deed}: new workflows took ${seconds(ms)}`] : [])),
    ...(family === 'network' || played.length === 1
      ? recovery.waiting.map((name) => `${name} never was ready again`)
      : []),
  ];
}

function missing(family: Family, { chaos, isFull, played, counters }: Disturbed): readonly string[] {
  if (!isFull) return [];
  const fewZombies = (app: App) => {
    const count = chaos.tally.get('zombies', app);
    return count < leastZombies ? [`only ${count} zombies were an ${app}`] : [];
  };
  switch (family) {
    case 'kills':
      return played.length === 1 || chaos.kills >= leastKills ? [] : [`only ${chaos.kills} kills`];
    case 'zombies':
      return [
        ...fewZombies('orchestrator'),
        ...fewZombies('agent-runner'),
        ...(counters.total('appends') + counters.total('reports') === 0 ? ['no zombie was refused anything'] : []),
      ];
    case 'nats':
      return chaos.wipes > 0 ? [] : ['NATS was not wiped'];
    case 'postgres':
    case 'network':
      return [];
  }
}
