import { type Json } from '@braid/events';
import { type Ledger } from './ledger';
import { type History } from './expectation';
import { expectations } from './expectations';
import { type Command, type Start } from './load';
import { differences, type Reading } from './history';
import { type WorkflowSummary } from '@braid/event-store';

/** One line of the report. With `faults` it is a promise, which holds when there are none. */
export type Check = {
  readonly name: string;
  readonly figure: number | string;
  readonly faults?: readonly string[];
};

/** Everything that is left of a run, read from outside when it is over. */
export type Evidence = {
  readonly starts: readonly Start[];
  readonly readings: readonly Reading[];
  readonly histories: ReadonlyMap<string, History>;
  readonly listed: ReadonlyMap<string, WorkflowSummary>;
  readonly ledger: Pick<Ledger, 'entries' | 'requests'>;
  /** Streams whose versions, partitions whose positions are not 1, 2, 3 … */
  readonly gaps: { readonly versions: readonly string[]; readonly positions: readonly string[] };
  readonly badSnapshots: readonly string[];
  readonly snapshots: number;
  readonly orphans: Json;
  readonly deadLetters: readonly string[];
  readonly strange: ReadonlyMap<string, number>;
  /** Lines of the logs that tell of a bug. */
  readonly alarms: readonly string[];
};

/** Holds the evidence against the promises. */
export function check(evidence: Evidence): readonly Check[] {
  const { starts, readings, ledger, gaps, listed } = evidence;
  const byId = new Map(readings.map((reading) => [reading.id, reading]));
  const accepted = starts.filter(({ id }) => id !== undefined);
  const open = readings.filter(({ status }) => status === 'running' || status === 'paused');
  const statuses = [...count(readings.map(({ status }) => status))].map(([status, n]) => `${n} ${status}`).join(', ');
  const completed = readings.flatMap((reading) => [...reading.completed]);
  const wrongLines = readings.flatMap(({ id, state }) =>
    state === undefined ? [] : differences(state, listed.get(id)).map((one) => `${id}: ${one}`),
  );
  const promise = (name: string, faults: readonly string[]): Check => ({ name, figure: faults.length, faults });
  return [
    { name: 'accepted starts', figure: `${accepted.length} of ${starts.length}` },
    { name: 'workflows', figure: `${readings.length} (${statuses})` },
    promise(
      'accepted and lost',
      accepted.flatMap(({ id, number }) => (byId.has(id ?? '') ? [] : [`start ${number}: ${id} has no history`])),
    ),
    promise(
      'not finished (stuck)',
      open.map(({ id, status, state }) => `${id} is ${status}: ${standing(state)}`),
    ),
    promise('starts that ran twice', twice(readings)),
    promise('commands answered and lost', lostCommands(accepted, byId)),
    { name: 'attempts', figure: readings.reduce((sum, { attempts }) => sum + attempts, 0) },
    promise(
      'outcomes recorded twice, or not',
      readings.flatMap(({ id, faults }) => faults.map((fault) => `${id}: ${fault}`)),
    ),
    { name: 'effects in the ledger', figure: `${ledger.requests} requests of ${ledger.entries.size} keys` },
    promise(
      'completed steps without effect',
      completed.filter((place) => (ledger.entries.get(place)?.done ?? 0) === 0),
    ),
    promise('idempotency keys that differ', wrongKeys(ledger)),
    promise('effects that nobody asked for', unasked(readings, ledger)),
    ...expected(evidence),
    promise('streams with gaps', gaps.versions),
    promise('partitions with gaps', gaps.positions),
    promise('list differs from history', wrongLines),
    { name: 'snapshots', figure: evidence.snapshots },
    promise('snapshots that differ', evidence.badSnapshots),
    promise('orphans', isNoOrphan(evidence.orphans) ? [] : [JSON.stringify(evidence.orphans)]),
    promise('dead letters', evidence.deadLetters),
    promise(
      'strange answers',
      [...evidence.strange].map(([answer, times]) => `${times} times ${answer}`),
    ),
    promise('alarms in the logs', evidence.alarms),
  ];
}

const isNoOrphan = (answer: Json): boolean =>
  typeof answer === 'object' && answer !== null && 'orphans' in answer && answer['orphans'] === 0;

/** One line per expectation, with how many workflows had to do with it. */
function expected({ histories, starts, ledger: { entries } }: Evidence): readonly Check[] {
  const callers = new Map(starts.flatMap((start) => (start.id === undefined ? [] : [[start.id, start] as const])));
  const world = { histories, entries, startOf: (id: string) => callers.get(id) };
  return Object.entries(expectations).map(([name, expectation]) => {
    const found = [...histories].flatMap(([id, history]) => {
      const faults = expectation(id, history, world);
      return faults === undefined ? [] : [faults.map((fault) => `${id}: ${fault}`)];
    });
    const faults = found.flat();
    return { name, figure: `${faults.length}, in ${found.length} workflows`, faults };
  });
}

function twice(readings: readonly Reading[]): string[] {
  const streams = new Map<unknown, string[]>();
  const roots = readings.filter(({ isChild }) => !isChild);
  for (const { id, number } of roots) streams.set(number, [...(streams.get(number) ?? []), id]);
  return [...streams].flatMap(([number, ids]) =>
    ids.length > 1 ? [`start ${String(number)}: ${ids.join(', ')}`] : [],
  );
}

const proof: Readonly<Record<Command, string>> = {
  signal: 'SignalReceived',
  cancel: 'WorkflowCancelled',
  pause: 'WorkflowPaused',
  resume: 'WorkflowResumed',
  retry: 'WorkflowRetried',
};

function lostCommands(accepted: readonly Start[], byId: ReadonlyMap<string, Reading>): string[] {
  return accepted.flatMap(({ id = '', told }) => {
    const types = byId.get(id)?.types;
    const isLost = (command: Command) => types?.has(proof[command]) === false;
    return told.filter(isLost).map((command) => `${id}: ${command}`);
  });
}

function wrongKeys({ entries }: Evidence['ledger']): string[] {
  return [...entries].flatMap(([key, { places }]) =>
    places.size === 1 && places.has(key) ? [] : [`${key} came for ${[...places].join(' and ')}`],
  );
}

/** Nothing may be done before it is on record that it shall be done. */
function unasked(readings: readonly Reading[], { entries }: Evidence['ledger']): string[] {
  const asked = new Set(readings.flatMap((reading) => [...reading.asked]));
  return [...entries.keys()].filter((key) => !asked.has(key));
}

function standing(state: Reading['state']): string {
  if (state === undefined) return 'its history cannot be folded';
  const waiting = [...state.waiting].map(({ path, phase }) => `${path} ${phase.is}`);
  return `version ${state.version}, ${waiting.join(', ') || 'waits for nothing'}`;
}

function count(values: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return counts;
}
