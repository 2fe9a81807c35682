import 'reflect-metadata';
import { setTimeout as sleep } from 'node:timers/promises';
import { install } from './engine/installation';
import { fanOut, Load, many, nestedFanOut } from './engine/load';
import { cpuSeconds, forgetPeak, peakMib } from './engine/processes';
import { interleaved, keepResults, median } from './measure';
import { runProgram } from './run-program';

/**
 * What a branch costs the orchestrator's process in a fork of 10 000, beside a hundred workflows at once with a fork of 100 each:
 * node bench/run.mjs wide [rounds]. Everything counts that the process does: intake, rules, commits, snapshots, dispatch, feed.
 */
const wide = 10_000;
const narrow = 100;
const [rounds = 3] = process.argv.slice(2).map(Number);

const majority = { strategy: 'majority-vote', by: '${{ output.n >= 0 }}', losers: 'drain' };
const sum = { strategy: 'reduce', initial: 0, with: '${{ accumulator + output.n }}' };
const cases = [
  { name: 'map', wide: fanOut(wide), narrow: fanOut(narrow) },
  { name: 'nested', wide: nestedFanOut(Math.sqrt(wide)), narrow: fanOut(narrow) },
  { name: 'reduce', wide: fanOut(wide, sum), narrow: fanOut(narrow, sum) },
  { name: 'majority-vote', wide: fanOut(wide, majority), narrow: fanOut(narrow, majority) },
];

/** Processor time of the orchestrator per branch, the most memory that it had, and the time until all was answered. */
const figures = ['cpu, µs', 'peak, MiB', 'seconds'] as const;
type Seen = Readonly<Record<(typeof figures)[number], number>>;

async function main(): Promise<void> {
  const braid = await install();
  const load = new Load(braid.gateways[0] ?? '');
  const orchestrator = braid.pids.get('orchestrator-1') ?? 0;
  const seen = async (body: string, count: number): Promise<Seen> => {
    forgetPeak(orchestrator);
    const from = cpuSeconds(orchestrator);
    const { seconds } = await many(() => load.complete(body), count, count);
    // What it still does for these workflows once they have been answered: feed, checkpoints.
    await sleep(1_000);
    return {
      'cpu, µs': ((cpuSeconds(orchestrator) - from) * 1e6) / wide,
      'peak, MiB': peakMib(orchestrator),
      seconds,
    };
  };
  const rows = [];
  try {
    process.stdout.write('| case | figure | of the wide one | of narrow ones | ratio |\n|---|---|---:|---:|---:|\n');
    for (const one of cases) {
      const { a, b } = await interleaved(
        rounds,
        () => seen(one.wide, 1),
        () => seen(one.narrow, wide / narrow),
      );
      for (const figure of figures) {
        const [of, beside] = [a, b].map((side) => median(side.map((each) => each[figure]))) as [number, number];
        const ratio = of / beside;
        rows.push({ case: one.name, figure, wide: of, narrow: beside, ratio });
        process.stdout.write(
          `| ${one.name} | ${figure} | ${of.toPrecision(3)} | ${beside.toPrecision(3)} | ${ratio.toFixed(2)} |\n`,
        );
      }
    }
    keepResults('wide', { wide, narrow, rounds, rows });
  } finally {
    load.close();
    await braid.stop();
  }
}

runProgram(main);
