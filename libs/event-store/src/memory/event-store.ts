import { eventId, schemaVersionOf, upcast, type StoredEvent } from '@braid/events';
import { type AppendOutcome, type EventStore, type PartitionAppend, type Snapshot } from '../event-store';
import { requireDistinctPartitions, requireMoment, requireStorableId } from '../storable';
import { InMemoryLeases } from './leases';
import { partitionTable, type PartitionTable } from './partition-table';

/** An event as it is kept: its data as text, so that nobody can change it and reading gives a copy, as from a database. */
type Row = Omit<StoredEvent, 'type' | 'data'> & {
  readonly type: string;
  readonly schema: number;
  readonly data: string;
};

/** The reference implementation of the log, for tests and simulation: it keeps everything in memory and nothing else. */
export class InMemoryEventStore implements EventStore {
  readonly leases: InMemoryLeases;
  readonly #partitions: PartitionTable;
  readonly #logs = new Map<number, Row[]>();
  readonly #streams = new Map<string, Map<number, Row>>();
  readonly #workflows = new Map<
    string,
    { readonly partition: number; readonly open: boolean; readonly dueAt: number }
  >();
  readonly #snapshots = new Map<
    string,
    { readonly version: number; readonly stateSchema: number; readonly state: string }
  >();
  readonly #checkpoints = new Map<string, Map<number, number>>();
  readonly #now: () => number;

  constructor(options: { readonly partitions: number; readonly now?: () => number }) {
    this.#now = options.now ?? Date.now;
    this.#partitions = partitionTable(options.partitions);
    this.leases = new InMemoryLeases(this.#partitions, this.#now);
  }

  async append(batch: readonly PartitionAppend[]): Promise<AppendOutcome> {
    requireStorable(batch);
    const fenced = batch.filter(({ partition, epoch }) => this.#partitions.get(partition)?.epoch !== epoch);
    if (fenced.length > 0) {
      return { kind: 'fenced', partitions: fenced.map(({ partition }) => partition) };
    }
    const mistake = this.#mistake(batch);
    if (mistake !== undefined) {
      return { kind: 'conflict', message: mistake };
    }
    return { kind: 'committed', positions: new Map(batch.map((append) => [append.partition, this.#write(append)])) };
  }

  async readStream(
    workflow: string,
    options: { afterVersion?: number; upToVersion?: number; limit?: number } = {},
  ): Promise<StoredEvent[]> {
    const { afterVersion = 0, upToVersion = Infinity, limit = Infinity } = options;
    const rows = [...(this.#streams.get(workflow)?.values() ?? [])].sort((a, b) => a.version - b.version);
    return rows
      .filter(({ version }) => version > afterVersion && version <= upToVersion)
      .slice(0, limit)
      .map(toEvent);
  }

  async readPartition(partition: number, options: { afterPosition: number; limit: number }): Promise<StoredEvent[]> {
    // Positions are dense from 1, so a position is an index.
    const { afterPosition, limit } = options;
    return (this.#logs.get(partition) ?? []).slice(afterPosition, afterPosition + limit).map(toEvent);
  }

  async heads(): Promise<ReadonlyMap<number, number>> {
    return new Map([...this.#partitions].map(([p, { seq }]) => [p, seq]));
  }

  async due(
    partitions: readonly number[],
    before: number,
    limit: number,
  ): Promise<{ workflow: string; partition: number; dueAt: number }[]> {
    return [...this.#workflows]
      .filter(([, { partition, open, dueAt }]) => open && dueAt <= before && partitions.includes(partition))
      .map(([workflow, { partition, dueAt }]) => ({ workflow, partition, dueAt }))
      .sort((a, b) => a.dueAt - b.dueAt)
      .slice(0, limit);
  }

  async overdue(ms: number): Promise<number> {
    const limit = this.#now() - ms;
    return [...this.#workflows.values()].filter(({ open, dueAt }) => open && dueAt < limit).length;
  }

  async loadSnapshot(workflow: string): Promise<Snapshot | undefined> {
    const row = this.#snapshots.get(workflow);
    return row && { workflow, version: row.version, stateSchema: row.stateSchema, state: JSON.parse(row.state) };
  }

  async saveSnapshot({ workflow, version, stateSchema, state }: Snapshot): Promise<void> {
    const before = this.#snapshots.get(workflow);
    if (before === undefined || before.version <= version || before.stateSchema < stateSchema) {
      this.#snapshots.set(workflow, { version, stateSchema, state: JSON.stringify(state) });
    }
  }

  async loadCheckpoints(name: string): Promise<ReadonlyMap<number, number>> {
    return new Map(this.#checkpoints.get(name));
  }

  async saveCheckpoints(name: string, checkpoints: ReadonlyMap<number, number>): Promise<void> {
    const stored = this.#checkpoints.get(name) ?? new Map<number, number>();
    this.#checkpoints.set(name, stored);
    for (const [partition, position] of checkpoints) {
      stored.set(partition, Math.max(position, stored.get(partition) ?? 0));
    }
  }

  async forgetCheckpoints(name: string): Promise<void> {
    this.#checkpoints.delete(name);
  }

  #mistake(batch: readonly PartitionAppend[]): string | undefined {
    const added = batch.flatMap(({ events }) => events);
    const ids = new Set(added.map(eventId));
    const has = (workflow: string, version: number) => this.#streams.get(workflow)?.has(version) === true;
    const duplicate = added.find(({ workflow, version }) => has(workflow, version));
    if (duplicate !== undefined || ids.size < added.length) {
      return `An event exists already: ${duplicate ? eventId(duplicate) : 'it occurs twice in the append'}`;
    }
    const orphan = added.find(
      ({ workflow, version }) =>
        version > 1 && !has(workflow, version - 1) && !ids.has(eventId({ workflow, version: version - 1 })),
    );
    return orphan && `Event ${eventId(orphan)} has no predecessor`;
  }

  #write({ partition, events, data, workflows }: PartitionAppend): number {
    const log = this.#logs.get(partition) ?? [];
    this.#logs.set(partition, log);
    for (const [index, { type, workflow, version, at, ...event }] of events.entries()) {
      const text = data?.[index] ?? JSON.stringify(event.data);
      const position = log.length + 1;
      const row = { type, schema: schemaVersionOf(type), data: text, workflow, version, at, partition, position };
      log.push(row);
      const stream = this.#streams.get(workflow) ?? new Map<number, Row>();
      this.#streams.set(workflow, stream.set(version, row));
    }
    for (const { id, open, dueAt = 0 } of workflows) {
      this.#workflows.set(id, { partition, open, dueAt });
    }
    const row = this.#partitions.get(partition);
    if (row !== undefined) {
      row.seq = log.length;
    }
    return log.length;
  }
}

function requireStorable(batch: readonly PartitionAppend[]): void {
  requireDistinctPartitions(batch);
  for (const { events, workflows } of batch) {
    for (const { workflow, at } of events) {
      requireStorableId(workflow);
      requireMoment(at);
    }
    for (const { id, open, dueAt } of workflows) {
      requireStorableId(id);
      if (open) {
        requireMoment(dueAt);
      }
    }
  }
}

function toEvent(row: Row): StoredEvent {
  const { workflow, version, at, partition, position } = row;
  return { ...upcast(row.type, row.schema, JSON.parse(row.data)), workflow, version, at, partition, position };
}
