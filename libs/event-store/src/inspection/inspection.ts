import { type StoredEvent, upcast } from '@braid/events';
import { putBack, referencesOf } from '../payloads/set-aside';
import { type Reader } from '../postgres/reader';
import { loadSummaries } from '../projections/summary-projection';
import { type SummaryRow } from '../projections/summary-fold';
import { type Snapshot } from '../event-store';
import { statements } from './statements';

/** What one moment of the database shows of a partition. */
export type PartitionCount = {
  readonly partition: number;
  /** Its counter: how many events were ever appended. */
  readonly head: number;
  readonly events: number;
  /** Events that left with workflows that ended long ago. */
  readonly removed: number;
  readonly highest: number;
};

/** What is kept of one workflow beside its events, and how long its history was at that moment. */
export type KeptRow = {
  readonly id: string;
  readonly partition: number;
  readonly open: boolean;
  readonly dueAt: number | null;
  readonly version: number | null;
  readonly snapshotVersion: number | null;
  /** Hashes of the large values that are noted as used by it. */
  readonly uses: readonly string[];
  readonly summary: SummaryRow | undefined;
};

/** An event as it is stored, and what is wrong with that. */
export type InspectedEvent = {
  readonly workflow: string;
  readonly version: number;
  readonly partition: number;
  readonly position: number;
  /** Undefined when it cannot be read. */
  readonly event: StoredEvent | undefined;
  readonly references: readonly string[];
  readonly damage: Damage | undefined;
};

/**
 * - `changed`: it is not what was appended.
 * - `payload-missing`, `payload-changed`: a large value to which it refers is not there, or is another one.
 * - `unreadable`: this release does not know its type or shape.
 */
export type Damage = {
  readonly is: 'changed' | 'payload-missing' | 'payload-changed' | 'unreadable';
  readonly detail: string;
};

export type InspectedSnapshot = Omit<Snapshot, 'workflow'> & {
  readonly references: readonly string[];
  readonly damage: Damage | undefined;
};

export type Selection = { readonly playbook?: string; readonly sample?: number };

/** Reads the store as it is, damage included, in pages; nothing is changed. */
export class Inspection {
  constructor(private readonly reader: Pick<Reader, 'query'>) {}

  async counts(): Promise<{ readonly workflows: number; readonly events: number }> {
    const [counts] = await this.reader.query<{ workflows: number; events: number }>(statements.counts);
    return counts ?? { workflows: 0, events: 0 };
  }

  async partition(partition: number): Promise<PartitionCount | undefined> {
    const [count] = await this.reader.query<PartitionCount>(statements.partition, [partition]);
    return count;
  }

  /** The first ranges of positions of a partition that have no event, those of removed workflows included. */
  gaps(partition: number, limit: number): Promise<{ readonly from: number; readonly to: number }[]> {
    return this.reader.query(statements.gaps, [partition, limit]);
  }

  /** Streams of a partition that have events and no row by which they would be found again. */
  async strays(partition: number, limit: number): Promise<string[]> {
    const rows = await this.reader.query<{ id: string }>(statements.strays, [partition, limit]);
    return rows.map(({ id }) => id);
  }

  /** Ids of workflows in their order, page by page; those of a sample come at once. */
  async *ids({ playbook, sample }: Selection, page: number): AsyncGenerator<readonly string[]> {
    if (sample !== undefined) {
      const statement = playbook === undefined ? statements.sample : statements.sampleOfPlaybook;
      const rows = await this.ofPage(statement, playbook === undefined ? [sample] : [sample, playbook]);
      for (let from = 0; from < rows.length; from += page) yield rows.slice(from, from + page);
      return;
    }
    for (let after = ''; ;) {
      const rows =
        playbook === undefined
          ? await this.ofPage(statements.all, [after, page])
          : await this.ofPage(statements.ofPlaybook, [after, page, playbook]);
      if (rows.length > 0) yield rows;
      if (rows.length < page) return;
      after = rows.at(-1) ?? '';
    }
  }

  async rows(ids: readonly string[]): Promise<ReadonlyMap<string, KeptRow>> {
    // The list follows the log: read in this order, a line is never ahead of the history that is read later.
    const summaries = await loadSummaries(this.reader, ids);
    const rows = await this.reader.query<Omit<KeptRow, 'summary'>>(statements.rows, [ids]);
    return new Map(rows.map((row) => [row.id, { ...row, summary: summaries.get(row.id) }]));
  }

  /** Events of these streams after a place among them, by stream and version. */
  async events(
    ids: readonly string[],
    after: { readonly workflow: string; readonly version: number },
    limit: number,
  ): Promise<readonly InspectedEvent[]> {
    const rows = await this.reader.query<EventRow>(statements.events, [ids, after.workflow, after.version, limit]);
    const bodies = await this.payloads(rows.flatMap(({ data }) => referencesOf(data).map(([, hash]) => hash)));
    return rows.map((row) => inspected(row, bodies));
  }

  async snapshot(workflow: string): Promise<InspectedSnapshot | undefined> {
    type Row = Omit<Snapshot, 'workflow'>;
    const [row] = await this.reader.query<Row>(statements.snapshot, [workflow]);
    if (row === undefined) return undefined;
    const references = referencesOf(row.state).map(([, hash]) => hash);
    return { ...row, references, damage: restore(row.state, await this.payloads(references)) };
  }

  async payloadCount(): Promise<number> {
    const [row] = await this.reader.query<{ count: number }>(statements.payloadCount);
    return row?.count ?? 0;
  }

  /** How many large values nothing refers to, and nobody has used for so many milliseconds. */
  async uncollected(unusedMs: number): Promise<number> {
    const [row] = await this.reader.query<{ count: number }>(statements.uncollected, [unusedMs]);
    return row?.count ?? 0;
  }

  /** What is kept of workflows that are not there, in words; at most `limit` of each kind. */
  leftovers(unusedMs: number, limit: number): Promise<{ readonly what: string; readonly id: string }[]> {
    return this.reader.query(statements.leftovers, [unusedMs, limit]);
  }

  private async ofPage(statement: (typeof statements)['all'], values: readonly unknown[]): Promise<readonly string[]> {
    const rows = await this.reader.query<{ id: string }>(statement, values);
    return rows.map(({ id }) => id);
  }

  private async payloads(hashes: readonly string[]): Promise<Bodies> {
    if (hashes.length === 0) return new Map();
    type Row = { hash: string; body: unknown; intact: boolean };
    const rows = await this.reader.query<Row>(statements.payloads, [[...new Set(hashes)]]);
    return new Map(rows.map((row) => [row.hash, row]));
  }
}

type Bodies = ReadonlyMap<string, { readonly body: unknown; readonly intact: boolean }>;

type EventRow = {
  readonly p: number;
  readonly seq: number;
  readonly stream: string;
  readonly version: number;
  readonly type: string;
  readonly schema_version: number;
  readonly at: number;
  readonly data: unknown;
  readonly intact: boolean;
};

function inspected(row: EventRow, bodies: Bodies): InspectedEvent {
  const place = { workflow: row.stream, version: row.version, partition: row.p, position: row.seq };
  const references = referencesOf(row.data).map(([, hash]) => hash);
  const lost = restore(row.data, bodies);
  if (lost?.is === 'payload-missing') return { ...place, references, event: undefined, damage: lost };
  const damage: Damage | undefined = row.intact ? lost : { is: 'changed', detail: row.type };
  try {
    const event: StoredEvent = { ...upcast(row.type, row.schema_version, row.data), ...place, at: row.at };
    return { ...place, references, event, damage };
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    return { ...place, references, event: undefined, damage: damage ?? { is: 'unreadable', detail } };
  }
}

/** Puts large values back in place; answers what is wrong with them. */
function restore(document: unknown, bodies: Bodies): Damage | undefined {
  const references = referencesOf(document);
  const missing = references.find(([, hash]) => !bodies.has(hash));
  if (missing) return { is: 'payload-missing', detail: missing[1] };
  const changed = references.find(([, hash]) => bodies.get(hash)?.intact === false);
  if (references.length > 0) {
    putBack(document as object, new Map([...bodies].map(([hash, { body }]) => [hash, body])));
  }
  return changed && { is: 'payload-changed', detail: changed[1] };
}
