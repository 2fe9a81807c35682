import { type Check } from './checks';
import { type Growth, type Memory } from './memory';

/** What a process may gain per minute, in MiB, over a life of many minutes, and still be called flat. */
const flatPerMinute = 1;
/** Shorter lives say how the memory was filled, not whether it grows. */
const tellingMinutes = 5;

/** How the memory of each process went since it was born, and whether what it holds grows without an end. */
export function memoryLines(memory: Memory, names: readonly string[]): readonly Check[] {
  const grown = names.map((name) => ({ name, rss: memory.growth(name, 'rss'), heap: memory.growth(name, 'heap') }));
  const lives = grown.flatMap(({ name, rss, heap }) =>
    rss === undefined ? [] : [`${name} ${words(rss)}${heap === undefined ? '' : `, heap ${words(heap)}`}`],
  );
  const faults = grown.flatMap(({ name, heap }) =>
    heap !== undefined && heap.minutes >= tellingMinutes && heap.perMinute > flatPerMinute
      ? [
          `the heap of ${name} grew from ${heap.from.toFixed(0)} to ${heap.to.toFixed(0)} MiB in ${heap.minutes.toFixed(1)} min`,
        ]
      : [],
  );
  return [
    { name: 'memory, MiB', figure: memory.line(names) },
    ...(lives.length === 0 ? [] : [{ name: 'memory since birth', figure: lives.join('; '), faults }]),
  ];
}

const words = ({ from, to, minutes, perMinute }: Growth): string =>
  `${from.toFixed(0)}→${to.toFixed(0)} in ${minutes.toFixed(1)} min (${perMinute >= 0 ? '+' : ''}${perMinute.toFixed(2)}/min)`;
