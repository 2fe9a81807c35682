import { type OpenEventStore, summaryFollower } from '@braid/event-store';
import { advice } from './advice';
import { checkPartition } from './check-partition';
import { type CheckName, type Fault, Tally, type VerifyReport } from './report';
import { StreamCheck, type Surroundings } from './stream-check';

/** Workflows that are looked at together, and events that are in memory at once. */
const together = 100;
const page = 500;
/** Longest that an open workflow may be due before it counts as forgotten, in milliseconds. */
const graceMs = 60_000;
/** How long after its last use a large value is certain to be removed, in milliseconds; orchestrators do so after an hour. */
const collectedAfterMs = 2 * 3_600_000;

export type Progress = { readonly of: 'partitions' | 'workflows'; readonly done: number; readonly total: number };

export type VerifyOptions = {
  /** Only this workflow. */
  readonly workflow?: string;
  /** Only workflows of this playbook, as far as the list knows them. */
  readonly playbook?: string;
  /** Only so many workflows, picked at random. */
  readonly sample?: number;
  /** Faults that are reported in full; 100 unless told. */
  readonly mostFaults?: number;
  readonly onProgress?: (progress: Progress) => void;
  readonly signal?: AbortSignal;
};

type Store = Pick<OpenEventStore, 'store' | 'inspection'>;

/** There is nothing of this id. Next move: check it. */
export class UnknownWorkflowError extends Error {
  override readonly name = 'UnknownWorkflowError';
  readonly code = 'workflow.not-found';

  constructor(readonly workflow: string) {
    super(`There is no workflow ${workflow}`);
  }
}

/**
 * Folds what is in the log and holds everything that is kept against it. Nothing is changed, and nobody is held up: it reads
 * in pages, one workflow in memory at a time, while the engine runs. What looks wrong is looked at once more before it is
 * reported. Limited to some workflows, it leaves out what can only be said of the whole.
 * @throws UnknownWorkflowError when there is no workflow of the id that was asked for.
 * @throws StoreUnavailableError; the reason of `signal` when that is aborted.
 */
export async function verify(events: Store, options: VerifyOptions = {}): Promise<VerifyReport> {
  const tally = new Tally(options.mostFaults ?? 100);
  const { workflow, playbook, sample } = options;
  const partitions = [...(await events.store.heads()).keys()].toSorted((a, b) => a - b);
  const isWhole = workflow === undefined && playbook === undefined && sample === undefined;
  if (isWhole) await checkWhole(events, partitions, tally, options);
  if (workflow === undefined) await checkOrphans(events, tally);
  await checkStreams(events, partitions.length, tally, options);
  return tally.report();
}

async function checkWhole(events: Store, partitions: readonly number[], tally: Tally, options: VerifyOptions) {
  const { inspection } = events;
  for (const [done, partition] of partitions.entries()) {
    options.signal?.throwIfAborted();
    options.onProgress?.({ of: 'partitions', done, total: partitions.length });
    await checkPartition(inspection, partition, tally);
  }
  tally.looked('leftovers', await inspection.payloadCount());
  const uncollected = await inspection.uncollected(collectedAfterMs);
  if (uncollected > 0) {
    const message = `${uncollected} large values are kept that nothing refers to`;
    tally.found([{ check: 'leftovers', message, advice: advice.uncollected }]);
  }
  for (const { what, id } of await inspection.leftovers(collectedAfterMs, together)) {
    const message = `${what} is kept of a workflow that is not there`;
    tally.found([{ check: 'leftovers', workflow: id, message, advice: advice.leftovers }]);
  }
}

async function checkOrphans({ store }: Store, tally: Tally): Promise<void> {
  const orphans = await store.overdue(graceMs);
  tally.looked('orphans', orphans);
  if (orphans === 0) return;
  const message = `${orphans} workflows were due more than a minute ago and nobody has looked at them`;
  tally.found([{ check: 'orphans', message, advice: advice.orphans }]);
}

async function checkStreams(events: Store, partitions: number, tally: Tally, options: VerifyOptions): Promise<void> {
  const { workflow, playbook, sample, signal, onProgress } = options;
  const { inspection } = events;
  const total = workflow === undefined ? Math.min(sample ?? Infinity, (await inspection.counts()).workflows) : 1;
  const selection = { ...(playbook !== undefined && { playbook }), ...(sample !== undefined && { sample }) };
  const pages = workflow === undefined ? inspection.ids(selection, together) : [[workflow]];
  let done = 0;
  for await (const ids of pages) {
    signal?.throwIfAborted();
    const checked = await checkTogether(events, ids, partitions);
    if (workflow !== undefined && checked.length === 0) throw new UnknownWorkflowError(workflow);
    for (const check of checked) {
      for (const [name, count] of Object.entries(check.looked)) tally.looked(name as CheckName, count);
      if (check.faults.length > 0) tally.found(await secondLook(events, check.id, partitions));
    }
    done += ids.length;
    onProgress?.({ of: 'workflows', done, total: Math.max(total, done) });
  }
}

/** Faults that are there still. What was being written or removed during the first look is as it should be by now. */
async function secondLook(events: Store, id: string, partitions: number): Promise<readonly Fault[]> {
  const [check] = await checkTogether(events, [id], partitions);
  if (check === undefined || check.faults.length === 0) return [];
  return (await events.inspection.rows([id])).size === 0 ? [] : check.faults;
}

/** What was found of one workflow; its state is let go. */
type Checked = Pick<StreamCheck, 'faults' | 'looked'> & { readonly id: string };

async function checkTogether(
  { store, inspection }: Store,
  ids: readonly string[],
  partitions: number,
): Promise<readonly Checked[]> {
  const listed = await store.loadCheckpoints(summaryFollower);
  const rows = await inspection.rows(ids);
  const surroundings: Surroundings = { partitions, now: Date.now(), listed };
  const checked = new Map<string, Checked>();
  const open = async (id: string): Promise<StreamCheck | undefined> => {
    const row = rows.get(id);
    if (row === undefined) return undefined;
    const snapshot = row.snapshotVersion === null ? undefined : await inspection.snapshot(id);
    return new StreamCheck({ ...row, snapshot }, surroundings);
  };
  const close = (check: StreamCheck | undefined) => {
    if (check === undefined) return;
    check.end();
    const { faults, looked, kept } = check;
    checked.set(kept.id, { id: kept.id, faults, looked });
  };
  let current: { readonly id: string; readonly check: StreamCheck | undefined } = { id: '', check: undefined };
  for (let after = { workflow: '', version: 0 }; ;) {
    const events = await inspection.events(ids, after, page);
    for (const event of events) {
      if (event.workflow !== current.id) {
        close(current.check);
        current = { id: event.workflow, check: await open(event.workflow) };
      }
      current.check?.take(event);
    }
    const last = events.at(-1);
    if (last === undefined || events.length < page) break;
    after = last;
  }
  close(current.check);
  for (const id of rows.keys()) if (!checked.has(id)) close(await open(id));
  return [...checked.values()];
}
