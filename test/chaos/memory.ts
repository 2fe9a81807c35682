import { type Member } from './member';
import { valueOf } from './counters';

/** MiB at a moment of a life, both counted from its birth. */
type Sample = { readonly atMs: number; readonly rss: number; readonly heap: number | undefined };

export type Growth = {
  readonly minutes: number;
  readonly from: number;
  readonly to: number;
  readonly perMinute: number;
};

/** The first minutes of a process are spent on compiling and on filling caches. */
const warmUpMs = 120_000;
/** A slope of less than this says nothing. */
const leastSpanMs = 120_000;
const MiB = 1024 * 1024;

/** Follows the memory of each process over its present life: what a restart hides is not counted as flat. */
export class Memory {
  private readonly samples = new Map<string, { life: number; readonly of: Sample[] }>();

  async sample(member: Member): Promise<void> {
    const rss = member.memory();
    const { lives: life, bornAt } = member;
    const text = await member.metrics();
    if (rss === undefined || life !== member.lives) return;
    const heap = text === undefined ? undefined : valueOf(text, 'nodejs_heap_size_used_bytes') / MiB;
    const kept = this.samples.get(member.name);
    const sample = { atMs: performance.now() - bornAt, rss, heap };
    if (kept?.life === life) kept.of.push(sample);
    else this.samples.set(member.name, { life, of: [sample] });
  }

  /** Over the present life of a process, without its beginning; undefined when that is too short. */
  growth(name: string, of: 'rss' | 'heap'): Growth | undefined {
    const samples = (this.samples.get(name)?.of ?? []).flatMap(({ atMs, ...sizes }) => {
      const size = sizes[of];
      return atMs < warmUpMs || size === undefined ? [] : [{ atMs, size }];
    });
    const floors = of === 'heap' ? floorsOf(samples) : samples;
    return growthOf(floors);
  }

  /** The memory of all at the moment, for people. */
  line(names: readonly string[]): string {
    return names
      .map((name) => {
        const last = this.samples.get(name)?.of.at(-1);
        return `${name} ${last === undefined ? '?' : `${last.rss}${last.heap === undefined ? '' : ` (heap ${Math.round(last.heap)})`}`}`;
      })
      .join(', ');
  }
}

type Size = { readonly atMs: number; readonly size: number };

/** A heap goes up and down with its collections: what is left at the least in each half minute is what is held. */
function floorsOf(samples: readonly Size[]): readonly Size[] {
  const floors = new Map<number, Size>();
  for (const sample of samples) {
    const window = Math.floor(sample.atMs / 30_000);
    const floor = floors.get(window);
    if (floor === undefined || sample.size < floor.size) floors.set(window, sample);
  }
  return [...floors.values()];
}

/** The median of the slopes between all pairs (Theil–Sen), which some outliers do not move. */
export function growthOf(samples: readonly Size[]): Growth | undefined {
  const [first] = samples;
  const last = samples.at(-1);
  if (first === undefined || last === undefined || last.atMs - first.atMs < leastSpanMs) return undefined;
  const slopes = samples.flatMap((one, index) =>
    samples.slice(index + 1).map((other) => (other.size - one.size) / ((other.atMs - one.atMs) / 60_000)),
  );
  const sorted = slopes.toSorted((one, other) => one - other);
  return {
    minutes: (last.atMs - first.atMs) / 60_000,
    from: first.size,
    to: last.size,
    perMinute: sorted[Math.floor(sorted.length / 2)] ?? 0,
  };
}
