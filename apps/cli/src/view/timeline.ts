import { type EventView } from '@braid/contracts';
import { type Colours } from '../terminal';
import { span } from './time';

/** One attempt as its runner reported it; moments in milliseconds since the epoch. */
export type AttemptRun = {
  readonly branch: string;
  readonly step: string;
  readonly runner: string;
  readonly startedAt: number;
  readonly endedAt: number;
  readonly failed: boolean;
};

/** The attempts that a history tells of, in the order in which they began. */
export function attemptRuns(events: readonly EventView[]): readonly AttemptRun[] {
  return events.flatMap(({ type, data }) => runIn(type, data)).toSorted((a, b) => a.startedAt - b.startedAt);
}

const failures: ReadonlySet<string> = new Set([
  ...['BranchFailed', 'StepFailed', 'FailureCaught'],
  ...['BranchRetryScheduled', 'BranchDeferred'],
]);

function runIn(type: string, data: EventView['data']): readonly AttemptRun[] {
  if (typeof data !== 'object' || data === null || !('run' in data)) return [];
  const { branch, step, run } = data;
  if (typeof run !== 'object' || run === null || !('runner' in run)) return [];
  const { runner, startedAt, endedAt } = run;
  if (typeof branch !== 'string' || typeof runner !== 'string') return [];
  if (typeof startedAt !== 'number' || typeof endedAt !== 'number') return [];
  const failed = failures.has(type);
  const at = { branch, step: typeof step === 'string' ? step : '', runner, startedAt, endedAt };
  return [{ ...at, failed }];
}

/** How many of the attempts ran at the same moment at most, and which these were. */
export function mostAtOnce(runs: readonly AttemptRun[]): readonly AttemptRun[] {
  let most: readonly AttemptRun[] = [];
  for (const { startedAt } of runs) {
    const open = runs.filter((run) => run.startedAt <= startedAt && startedAt < run.endedAt);
    if (open.length > most.length) most = open;
  }
  return most;
}

/** One bar per attempt on a common axis of time, and in words what ran at once on which runners. */
export function timeline(
  runs: readonly AttemptRun[],
  { colours, width }: { readonly colours: Colours; readonly width: number },
): readonly string[] {
  if (runs.length === 0) return [];
  const begin = Math.min(...runs.map(({ startedAt }) => startedAt));
  const end = Math.max(...runs.map(({ endedAt }) => endedAt), begin + 1);
  const label = Math.max(...runs.map((run) => nameOf(run).length));
  const runner = Math.max(...runs.map((run) => run.runner.length));
  const room = Math.min(48, Math.max(12, width - label - runner - 16));
  const column = (at: number) => Math.floor(((at - begin) / (end - begin)) * room);
  const bars = runs.map((run) => {
    const from = Math.min(column(run.startedAt), room - 1);
    const length = Math.max(1, column(run.endedAt) - from);
    const bar = (run.failed ? colours.red : colours.cyan)('━'.repeat(length));
    const padded = `${' '.repeat(from)}${bar}${' '.repeat(Math.max(0, room - from - length))}`;
    return `${nameOf(run).padEnd(label)}  ${run.runner.padEnd(runner)}  ${padded} ${span(run.endedAt - run.startedAt)}`;
  });
  return [...bars, '', inWords(runs)];
}

function inWords(runs: readonly AttemptRun[]): string {
  const most = mostAtOnce(runs);
  const share = byRunner(runs)
    .map(([runner, own]) => `${runner} ran ${own.length}`)
    .join(', ');
  const together = byRunner(most)
    .map(([runner, own]) => `${own.map(nameOf).join(', ')} on ${runner}`)
    .join('; ');
  const busy = runs.reduce((sum, run) => sum + run.endedAt - run.startedAt, 0);
  const wall = Math.max(...runs.map(({ endedAt }) => endedAt)) - Math.min(...runs.map(({ startedAt }) => startedAt));
  const times = `${span(busy)} of work in ${span(wall)}.`;
  if (most.length < 2) return `No two attempts ran at the same time: ${share}; ${times}`;
  return `${most.length} attempts ran at the same time: ${together}.\nIn all, ${share}; ${times}`;
}

function byRunner(runs: readonly AttemptRun[]): readonly (readonly [string, readonly AttemptRun[]])[] {
  const names = [...new Set(runs.map(({ runner }) => runner))].sort();
  return names.map((name) => [name, runs.filter(({ runner }) => runner === name)]);
}

/** The branch by its path, and its step where that says more. */
function nameOf({ branch, step }: AttemptRun): string {
  if (branch === 'root') return step;
  return step === '' || step === branch.split('/').at(-1) ? branch : `${branch} ${step}`;
}
