import 'reflect-metadata';
import { setTimeout as sleep } from 'node:timers/promises';
import { install } from './engine/installation';
import { fanOut, Load, many, nestedFanOut } from './engine/load';
import { cpuSeconds, forgetPeak, peakMib } from './engine/processes';
import { interleaved, median } from './measure';
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

type Seen = { readonly cpu: number; readonly seconds: number; readonly peak: number };

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
    return { cpu: ((cpuSeconds(orchestrator) - from) * 1e6) / wide, seconds, peak: peakMib(orchestrator) };
  };
  try {
    for (const one of cases) {
      const found = await interleaved(
        rounds,
        () => seen(one.wide, 1),
        () => seen(one.narrow, wide / narrow),
      );
      const of = (key: keyof Seen) => {
        const [a, b] = [found.a, found.b].map((side) => median(side.map((each) => each[key])));
        return { wide: a?.toFixed(2), narrow: b?.toFixed(2), ratio: ((a ?? NaN) / (b ?? NaN)).toFixed(2) };
      };
      process.stdout.write(
        `${one.name}: ${JSON.stringify({ cpu: of('cpu'), peak: of('peak'), seconds: of('seconds') })}\n`,
      );
    }
  } finally {
    load.close();
    await braid.stop();
  }
}

runProgram(main);
