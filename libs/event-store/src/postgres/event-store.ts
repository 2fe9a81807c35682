import { upcast, type StoredEvent } from '@braid/events';
import { type AppendOutcome, type EventStore, type PartitionAppend, type Snapshot } from '../event-store';
import { type Payloads } from '../payloads/payloads';
import { type Appender } from './appender';
import { type Reader } from './reader';

type EventRow = {
  readonly p: number;
  readonly seq: number;
  readonly stream: string;
  readonly version: number;
  readonly type: string;
  readonly schema_version: number;
  readonly at: number;
  readonly data: unknown;
};

const columns = 'p, seq, stream, version, type, schema_version, at, data';

const statements = {
  stream: {
    name: 'braid.read-stream',
    text: `select ${columns} from braid.event
           where stream = $1 and version > $2 and version <= $3 order by version limit $4`,
  },
  partition: {
    name: 'braid.read-partition',
    text: `select ${columns} from braid.event where p = $1 and seq > $2 order by seq limit $3`,
  },
  heads: { name: 'braid.heads', text: 'select p, seq from braid.partition' },
  // One index scan per partition, each cut off at the limit, instead of one sort over everything that is due.
  due: {
    name: 'braid.due',
    text: `select w.id, w.p, w.due_at from unnest($1::integer[]) as wanted (p)
           cross join lateral (
             select id, p, due_at from braid.workflow
             where p = wanted.p and open and due_at <= $2 order by due_at limit $3
           ) w order by w.due_at limit $3`,
  },
  overdue: {
    name: 'braid.overdue',
    text: `select count(*) as overdue from braid.workflow
           where open and due_at < extract(epoch from clock_timestamp()) * 1000 - $1`,
  },
  loadSnapshot: {
    name: 'braid.load-snapshot',
    text: 'select stream, version, state_schema, state from braid.snapshot where stream = $1',
  },
  // A slow writer must not put an older snapshot over a newer one of the same shape.
  saveSnapshot: {
    name: 'braid.save-snapshot',
    text: `insert into braid.snapshot as s (stream, version, state_schema, state) values ($1, $2, $3, $4)
           on conflict (stream) do update set version = excluded.version, state_schema = excluded.state_schema,
             state = excluded.state, taken_at = excluded.taken_at
           where s.version <= excluded.version or s.state_schema < excluded.state_schema`,
  },
  loadCheckpoints: {
    name: 'braid.load-checkpoints',
    text: 'select p, position from braid.checkpoint where name = $1',
  },
  // Sorted, so that two followers of one name cannot deadlock; forwards only, so that a stale one does no harm.
  saveCheckpoints: {
    name: 'braid.save-checkpoints',
    text: `insert into braid.checkpoint as c (name, p, position)
           select $1, w.p, w.position from unnest($2::integer[], $3::bigint[]) as w (p, position) order by w.p
           on conflict (name, p) do update set position = excluded.position where c.position < excluded.position`,
  },
  forgetCheckpoints: { name: 'braid.forget-checkpoints', text: 'delete from braid.checkpoint where name = $1' },
};

/** The log on PostgreSQL. */
export class PostgresEventStore implements EventStore {
  constructor(
    private readonly appender: Appender,
    private readonly reader: Reader,
    private readonly payloads: Payloads,
  ) {}

  async append(batch: readonly PartitionAppend[]): Promise<AppendOutcome> {
    return this.appender.append(await this.payloads.setAside(batch));
  }

  async readStream(
    workflow: string,
    options: { afterVersion?: number; upToVersion?: number; limit?: number } = {},
  ): Promise<StoredEvent[]> {
    if (!isQueryable(workflow)) {
      return [];
    }
    const { afterVersion = 0, upToVersion = 2 ** 31 - 1, limit = null } = options;
    const rows = await this.reader.query<EventRow>(statements.stream, [workflow, afterVersion, upToVersion, limit]);
    return this.toEvents(rows);
  }

  async readPartition(partition: number, options: { afterPosition: number; limit: number }): Promise<StoredEvent[]> {
    const values = [partition, options.afterPosition, options.limit];
    return this.toEvents(await this.reader.query<EventRow>(statements.partition, values));
  }

  async heads(): Promise<ReadonlyMap<number, number>> {
    const rows = await this.reader.query<{ p: number; seq: number }>(statements.heads);
    return new Map(rows.map(({ p, seq }) => [p, seq]));
  }

  async due(
    partitions: readonly number[],
    before: number,
    limit: number,
  ): Promise<{ workflow: string; partition: number; dueAt: number }[]> {
    const values = [partitions, Math.floor(before), limit];
    const rows = await this.reader.query<{ id: string; p: number; due_at: number }>(statements.due, values);
    return rows.map(({ id, p, due_at }) => ({ workflow: id, partition: p, dueAt: due_at }));
  }

  async overdue(ms: number): Promise<number> {
    const rows = await this.reader.query<{ overdue: number }>(statements.overdue, [ms]);
    return rows[0]?.overdue ?? 0;
  }

  async loadSnapshot(workflow: string): Promise<Snapshot | undefined> {
    if (!isQueryable(workflow)) {
      return undefined;
    }
    type Row = { stream: string; version: number; state_schema: number; state: unknown };
    const [row] = await this.reader.query<Row>(statements.loadSnapshot, [workflow]);
    await this.payloads.putBack([row?.state]);
    return row && { workflow: row.stream, version: row.version, stateSchema: row.state_schema, state: row.state };
  }

  async saveSnapshot(snapshot: Snapshot): Promise<void> {
    const { workflow, version, stateSchema } = snapshot;
    const state = await this.payloads.setAsideOf(snapshot);
    await this.reader.query(statements.saveSnapshot, [workflow, version, stateSchema, state]);
  }

  async loadCheckpoints(name: string): Promise<ReadonlyMap<number, number>> {
    const rows = await this.reader.query<{ p: number; position: number }>(statements.loadCheckpoints, [name]);
    return new Map(rows.map(({ p, position }) => [p, position]));
  }

  async saveCheckpoints(name: string, checkpoints: ReadonlyMap<number, number>): Promise<void> {
    if (checkpoints.size > 0) {
      const values = [name, [...checkpoints.keys()], [...checkpoints.values()]];
      await this.reader.query(statements.saveCheckpoints, values);
    }
  }

  async forgetCheckpoints(name: string): Promise<void> {
    await this.reader.query(statements.forgetCheckpoints, [name]);
  }

  private async toEvents(rows: readonly EventRow[]): Promise<StoredEvent[]> {
    await this.payloads.putBack(rows.map(({ data }) => data));
    return rows.map(toEvent);
  }
}

/** A NUL cannot be sent as text; an id with one is certainly not in the log. */
function isQueryable(id: string): boolean {
  return !id.includes('\0');
}

function toEvent(row: EventRow): StoredEvent {
  return {
    ...upcast(row.type, row.schema_version, row.data),
    workflow: row.stream,
    version: row.version,
    at: row.at,
    partition: row.p,
    position: row.seq,
  };
}
