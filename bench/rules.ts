import { type Graph, type Json, type RecordedEvent, type Strategy } from '@braid/events';
import { agent, branch, converge, graphOf, map, parallel } from '@braid/testing';
import {
  fold,
  restoreSnapshot,
  takeSnapshot,
  unborn,
  type Workflow,
  type WorkflowSnapshot,
  type WorkflowState,
} from '@braid/workflow';
import { type Command, decide } from '@braid/workflow/decide';
import { costOf, interleaved, keepResults, median } from './measure';
import { runProgram } from './run-program';

/**
 * What a branch costs the rules, in a wide fork and in many narrow ones: `npm run bench:rules`. Both sides run equally many
 * branches through the real decide and evolve, and hold all states at the end, as an orchestrator does.
 */
const wide = Number(process.env['BRAID_BENCH_WIDTH'] ?? 10_000);
const narrow = 100;
const rounds = Number(process.env['BRAID_BENCH_ROUNDS'] ?? 15);
const tolerance = 0.2;
/** Events that an orchestrator reads at once. */
const page = 1_000;

const items = (count: number) => Array.from({ length: count }, (_, index) => index);
const step = agent('work', { with: { n: '${{ item }}' } });
const mapped = (strategy: Strategy) => (width: number) =>
  graphOf([map('m', items(width), [step], { converge: converge({ strategy }) })]);

const nested = (width: number): Graph => {
  const side = Math.sqrt(width);
  return graphOf([map('outer', items(side), [map('inner', items(side), [step])], { as: 'row' })]);
};

const needing = (width: number): Graph => {
  const seen = { with: '${{ needs }}' };
  const branches = items(width).map((index) =>
    index % 2 === 0
      ? branch(`b${index}`, [agent('a')])
      : branch(`b${index}`, [agent('b', seen)], { needs: [`b${index - 1}`, `b${(index + 1) % width}`], require: 1 }),
  );
  return graphOf([parallel('f', branches)]);
};

type Case = {
  readonly name: string;
  readonly wide: (width: number) => Graph;
  /** The narrow fork that it is compared with: one of the same kind, unless told otherwise. */
  readonly narrow?: (width: number) => Graph;
};

const votes: Strategy = { name: 'majority-vote', by: 'output.vote', of: 'all', tieBreak: 'first' };
const sum: Strategy = { name: 'reduce', initial: 0, with: '${{ accumulator + output.n }}' };
const plain = mapped({ name: 'all-must-complete' });

const cases: readonly Case[] = [
  { name: 'map', wide: plain },
  { name: 'nested', wide: nested, narrow: plain },
  { name: 'reduce', wide: mapped(sum) },
  { name: 'majority-vote', wide: mapped(votes) },
  { name: 'quorum', wide: mapped({ name: 'quorum', require: { percent: 90 } }) },
  { name: 'best-of', wide: mapped({ name: 'best-of', score: 'output.n' }) },
  { name: 'judge', wide: mapped({ name: 'judge', judge: agent('judge', { with: '${{ outputs.size() }}' }) }) },
  { name: 'needs', wide: needing },
];

/** Numbers from 0 to 1 that are the same in every run. */
function chance(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

const now = 1_000_000;
const limits = { maxBranches: 1_000_000, maxDepth: 1 };
const outputOf = (n: number): Json => ({
  n,
  vote: n % 3 === 0 ? 'no' : 'yes',
  text: 'some forty characters of an agent output',
});

type Running = { state: Workflow | undefined; readonly graph: Graph; readonly events: RecordedEvent[] | undefined };
type Open = { readonly of: Running; readonly branch: string };

function tell(running: Running, command: Command, open: Open[]): void {
  const decision = decide(command, running.state ?? unborn, now, limits);
  if (decision.is !== 'accepted') throw new Error(`The command was ${decision.is}`);
  running.state = decision.state;
  for (const event of decision.events) {
    if (event.type === 'BranchRequested') open.push({ of: running, branch: event.data.branch });
    running.events?.push(event);
  }
}

/**
 * Runs workflows to their ends, all at once, as one orchestrator does. Open attempts are answered in an order that is random
 * and always the same.
 */
function run(graphs: readonly Graph[], keepEvents: boolean): readonly Running[] {
  const next = chance(7);
  const open: Open[] = [];
  const all = graphs.map((graph): Running => ({ state: undefined, graph, events: keepEvents ? [] : undefined }));
  for (const [index, running] of all.entries()) {
    const { graph } = running;
    const start = { playbook: { name: 'bench' }, graph, variables: {}, context: {}, requestDigest: 'd' };
    tell(running, { type: 'start', workflow: `w${index}`, start: { ...start, executionMode: 'parallel' } }, open);
  }
  for (let n = 0; open.length > 0; n++) {
    const at = Math.floor(next() * open.length);
    const { of, branch: path } = open[at] as Open;
    open[at] = open.at(-1) as Open;
    open.pop();
    const phase = of.state?.branches.get(path)?.phase;
    if (phase?.is !== 'requested') continue;
    const { step: id, attempt } = phase.request;
    const outcome = { is: 'completed', output: outputOf(n) } as const;
    const report = { branch: path, step: id, run: { attempt, runner: 'r', startedAt: now, endedAt: now }, outcome };
    tell(of, { type: 'report', report }, open);
  }
  const failed = all.find(({ state }) => state?.status !== 'completed');
  if (failed) throw new Error(`A workflow is ${failed.state?.status ?? 'not there'}`);
  return all;
}

type Figures = {
  readonly decide: number;
  readonly heap: number;
  readonly load: number;
  readonly snapshot: number;
  readonly restore: number;
};

/** A history as the store gives it: as text, page by page. */
function pagesOf(events: readonly RecordedEvent[]): readonly string[] {
  return items(Math.ceil(events.length / page)).map((at) => JSON.stringify(events.slice(at * page, (at + 1) * page)));
}

function load(pages: readonly string[]): WorkflowState {
  return pages.reduce<WorkflowState>((state, text) => fold(JSON.parse(text) as RecordedEvent[], state), unborn);
}

/** Microseconds and bytes per branch, over `count` workflows. */
function measure(graph: Graph, count: number): Figures {
  const graphs = items(count).map(() => graph);
  const histories = run(graphs, true).map(({ events = [] }) => pagesOf(events));
  const decided = costOf(() => run(graphs, false).flatMap(({ state }) => state ?? []));
  const branches = decided.result.reduce((all, state) => all + state.branches.size - 1, 0);
  const loaded = costOf(() => histories.map(load));
  const taken = costOf(() => decided.result.map((state) => JSON.stringify(takeSnapshot(state))));
  const read = taken.result.map((text) => JSON.parse(text) as WorkflowSnapshot);
  const restored = costOf(() => read.map(restoreSnapshot));
  return {
    decide: decided.cpu / branches,
    heap: decided.heap / branches,
    load: loaded.cpu / branches,
    snapshot: taken.cpu / branches,
    restore: restored.cpu / branches,
  };
}

const figures = ['decide', 'heap', 'load', 'snapshot', 'restore'] as const;

async function compare({ name, wide: wideGraph, narrow: narrowGraph = wideGraph }: Case) {
  const [one, many] = [wideGraph(wide), narrowGraph(narrow)];
  const { a, b } = await interleaved(
    rounds,
    () => measure(one, 1),
    () => measure(many, wide / narrow),
  );
  return figures.map((figure) => {
    const pairs = a.map((each, round) => [each[figure], b[round]?.[figure] ?? NaN] as const);
    return {
      ...{ case: name, figure, unit: figure === 'heap' ? 'bytes' : 'µs' },
      wide: median(pairs.map(([value]) => value)),
      narrow: median(pairs.map(([, value]) => value)),
      ratio: median(pairs.map(([x, y]) => x / y)),
    };
  });
}

async function main(): Promise<void> {
  const wanted = process.argv.slice(2);
  const rows = [];
  for (const one of cases) if (wanted.length === 0 || wanted.includes(one.name)) rows.push(...(await compare(one)));
  const shown = (value: number, unit: string) => (unit === 'bytes' ? String(Math.round(value)) : value.toFixed(2));
  console.log(`per branch, a fork of ${wide} beside ${wide / narrow} of ${narrow}; medians of ${rounds} rounds\n`);
  console.log('| case | figure | of the wide one | of narrow ones | ratio |\n|---|---|---:|---:|---:|');
  for (const row of rows) {
    const mark = Math.abs(row.ratio - 1) > tolerance ? ' !' : '';
    const { unit } = row;
    console.log(
      `| ${row.case} | ${row.figure}, ${unit} | ${shown(row.wide, unit)} | ${shown(row.narrow, unit)} | ${row.ratio.toFixed(2)}${mark} |`,
    );
  }
  keepResults('rules', { wide, narrow, rounds, rows });
}

runProgram(main);
