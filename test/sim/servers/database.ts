import { eventId, type StoredEvent } from '@braid/events';
import { type AppendOutcome, InMemoryEventStore, type PartitionAppend, type Snapshot } from '@braid/event-store';
import { beginning, type World } from '../world/world';
import { SummaryTable } from './summary-table';

/** Hears of everything that becomes true in the database. */
export type DatabaseWatcher = {
  committed(event: StoredEvent): void;
  snapshot(snapshot: Snapshot): void;
  contradicted(message: string): void;
};

type Written = { readonly partition: number; readonly position: number; readonly epoch: number };

/** Carried out, or built on a number of commits that is not that of the partition any more. */
export type CopyOutcome = AppendOutcome | { readonly kind: 'outdated' };

/**
 * The database: the log in memory, with what makes it a server. It may be down, its clock is its own, and of several copies
 * of one append that are on their way to it at most one is committed.
 */
export class SimDatabase {
  up = true;
  /** Milliseconds by which its clock is ahead. */
  skew = 0;
  readonly store: InMemoryEventStore;
  readonly summaries = new SummaryTable();
  readonly #commits = new Map<number, number>();
  readonly #written = new Map<string, Written>();

  constructor(
    world: World,
    readonly partitions: number,
    private readonly watcher: DatabaseWatcher,
  ) {
    this.store = new InMemoryEventStore({ partitions, now: () => beginning + world.now + this.skew });
  }

  commitsOf(partitions: readonly number[]): ReadonlyMap<number, number> {
    return new Map(partitions.map((partition) => [partition, this.#commits.get(partition) ?? 0]));
  }

  async appendCopy(batch: readonly PartitionAppend[], builtOn: ReadonlyMap<number, number>): Promise<CopyOutcome> {
    const outdated = batch.some(({ partition }) => (this.#commits.get(partition) ?? 0) !== builtOn.get(partition));
    if (outdated) return { kind: 'outdated' };
    const outcome = await this.store.append(batch);
    if (outcome.kind === 'conflict') this.watcher.contradicted(outcome.message);
    if (outcome.kind === 'committed') for (const append of batch) this.#note(append, outcome.positions);
    return outcome;
  }

  /** The positions of a batch that is in the log under its epochs; undefined when it is not. */
  async written(batch: readonly PartitionAppend[]): Promise<ReadonlyMap<number, number> | undefined> {
    const positions = new Map<number, number>();
    const heads = await this.store.heads();
    for (const { partition, epoch, events } of batch) {
      const rows = events.map((event) => this.#written.get(eventId(event)));
      if (rows.some((row) => row?.epoch !== epoch)) return undefined;
      positions.set(partition, rows.at(-1)?.position ?? heads.get(partition) ?? 0);
    }
    return positions;
  }

  async saveSnapshot(snapshot: Snapshot): Promise<void> {
    this.watcher.snapshot(snapshot);
    await this.store.saveSnapshot(snapshot);
  }

  #note({ partition, epoch, events, data }: PartitionAppend, positions: ReadonlyMap<number, number>): void {
    this.#commits.set(partition, (this.#commits.get(partition) ?? 0) + 1);
    const before = (positions.get(partition) ?? 0) - events.length;
    for (const [index, event] of events.entries()) {
      const position = before + index + 1;
      this.#written.set(eventId(event), { partition, position, epoch });
      const stored: unknown = JSON.parse(data?.[index] ?? JSON.stringify(event.data));
      this.watcher.committed({ ...event, data: stored, partition, position } as StoredEvent);
    }
  }
}
