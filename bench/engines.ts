import 'reflect-metadata';
import { setTimeout as sleep } from 'node:timers/promises';
import Table from 'cli-table3';
import { braidEngine } from './engine/braid';
import { type Engine } from './engine/engine';
import { many } from './engine/load';
import { cpuSeconds, pssMib } from './engine/processes';
import { keepResults, median } from './measure';
import { runProgram } from './run-program';

/**
 * W(n) through the front door: `npm run bench [-- rounds]`. Every figure is a median over the rounds. With BRAID_BENCH_PROFILE=<folder> each
 * service leaves a profile of its processor time there.
 */
const [rounds = 3] = process.argv.slice(2).map(Number);
const narrow = 10;

type Figures = Record<string, number>;

const quantile = (values: readonly number[], of: number) =>
  values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * of))] ?? NaN;

async function busy(engine: Engine, count: number, atOnce: number): Promise<Figures> {
  const cpu = () => new Map([...engine.pids].map(([name, pid]) => [name, cpuSeconds(pid)]));
  const [before, from] = [await engine.counters(), cpu()];
  const { seconds } = await many(() => engine.complete(narrow), count, atOnce);
  // What it still does for these workflows once they have been answered.
  await sleep(1_000);
  const [after, to] = [await engine.counters(), cpu()];
  const branches = (count * narrow) / 1_000;
  const used = [...to].map(([name, spent]) => [name, (spent - (from.get(name) ?? 0)) / branches] as const);
  return {
    [`branches/s at ${atOnce}`]: (count * narrow) / seconds,
    'CPU-s per 1000 branches': used.reduce((sum, [, spent]) => sum + spent, 0),
    ...Object.fromEntries(used.map(([name, spent]) => [`CPU-s per 1000 branches, ${name}`, spent])),
    ...Object.fromEntries(
      Object.keys(after).map((name) => [`${name} per workflow`, ((after[name] ?? 0) - (before[name] ?? 0)) / count]),
    ),
  };
}

async function round(engine: Engine): Promise<Figures> {
  const single = await many(() => engine.complete(narrow), 100, 1);
  const wide = async (width: number) => (await many(() => engine.complete(width), 1, 1)).seconds;
  return {
    'p50 of one W(10), ms': median(single.each),
    'p99 of one W(10), ms': quantile(single.each, 0.99),
    ...(await busy(engine, 500, 50)),
    ...(await busy(engine, 1_000, 200)),
    'one W(1000), s': await wide(1_000),
    'one W(10000), s': await wide(10_000),
    ...Object.fromEntries([...engine.pids].map(([name, pid]) => [`MiB, ${name}`, pssMib(pid)])),
  };
}

async function main(): Promise<void> {
  const profiles = process.env['BRAID_BENCH_PROFILE'];
  const engine = await braidEngine({ env: { BRAID_SLOTS: '64' }, ...(profiles !== undefined && { profiles }) });
  const seen: Figures[] = [];
  try {
    await many(() => engine.complete(narrow), 500, 50);
    for (let count = 0; count < rounds; count++) seen.push(await round(engine));
  } finally {
    await engine.stop();
  }
  const names = Object.keys(seen[0] ?? {});
  const table = new Table({
    head: ['figure', 'median', 'least', 'most'],
    colAligns: ['left', 'right', 'right', 'right'],
    style: { head: [], border: [], compact: true },
  });
  const rows = names.map((name) => {
    const values = seen.map((figures) => figures[name] ?? NaN);
    return { figure: name, median: median(values), least: Math.min(...values), most: Math.max(...values) };
  });
  const shown = (value: number) => value.toPrecision(3);
  for (const row of rows) table.push([row.figure, shown(row.median), shown(row.least), shown(row.most)]);
  process.stdout.write(`${table.toString()}\n${JSON.stringify(engine.settings)}\n`);
  keepResults('engines', { rounds, engine: engine.name, settings: engine.settings, rows });
}

runProgram(main);
