import { schemaVersionOf, type WorkflowEventType } from '@braid/events';
import { type PartitionAppend, type WorkflowRow } from '../event-store';
import { requireDistinctPartitions, requireMoment, requireStorableId } from '../storable';
import { booleanArray, int4Array, int8Array, jsonArray, textArray } from './binary-array';

/** Where the writer believes a partition to stand: its counter of positions and its counter of commits. */
export type PartitionState = { readonly epoch: number; readonly seq: number; readonly commits: number };

/** The parts of an append that do not depend on where the partitions stand, encoded once for all tries. */
export type EncodedBatch = {
  readonly partitions: readonly number[];
  readonly epochs: readonly number[];
  readonly counts: readonly number[];
  readonly events: number;
  readonly columns: {
    readonly partition: Buffer;
    readonly epoch: Buffer;
    readonly stream: Buffer;
    readonly version: Buffer;
    readonly type: Buffer;
    readonly schema: Buffer;
    readonly at: Buffer;
    readonly data: Buffer;
  };
  readonly rows: readonly Buffer[];
};

/** @throws InvalidAppendError for what could never be stored. */
export function encodeBatch(batch: readonly PartitionAppend[]): EncodedBatch {
  requireDistinctPartitions(batch);
  const partition: number[] = [];
  const epoch: number[] = [];
  const stream: string[] = [];
  const version: number[] = [];
  const type: WorkflowEventType[] = [];
  const at: number[] = [];
  const data: string[] = [];
  for (const append of batch) {
    for (const [index, event] of append.events.entries()) {
      requireStorableId(event.workflow);
      partition.push(append.partition);
      epoch.push(append.epoch);
      stream.push(event.workflow);
      version.push(event.version);
      type.push(event.type);
      at.push(requireMoment(event.at));
      data.push(append.data?.[index] ?? JSON.stringify(event.data));
    }
  }
  return {
    partitions: batch.map((append) => append.partition),
    epochs: batch.map((append) => append.epoch),
    counts: batch.map((append) => append.events.length),
    events: stream.length,
    columns: {
      partition: int4Array(partition),
      epoch: int4Array(epoch),
      stream: textArray(stream),
      version: int4Array(version),
      type: textArray(type),
      schema: int4Array(type.map(schemaVersionOf)),
      at: int8Array(at),
      data: jsonArray(data),
    },
    rows: encodeRows(batch),
  };
}

export const appendStatement = {
  name: 'braid.append',
  text: 'select * from braid.append($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,$16,$17)',
};

/** The parameters of one try: everything counts on from the states that are given. */
export function appendValues(batch: EncodedBatch, states: readonly PartitionState[]): Buffer[] {
  const positions: number[] = [];
  const heads: number[] = [];
  for (const [index, state] of states.entries()) {
    const head = state.seq + (batch.counts[index] ?? 0);
    for (let position = state.seq + 1; position <= head; position++) {
      positions.push(position);
    }
    heads.push(head);
  }
  const { columns } = batch;
  return [
    int4Array(batch.partitions),
    int4Array(batch.epochs),
    int8Array(states.map((state) => state.commits)),
    int8Array(heads),
    columns.partition,
    int8Array(positions),
    columns.epoch,
    columns.stream,
    columns.version,
    columns.type,
    columns.schema,
    columns.at,
    columns.data,
    ...batch.rows,
  ];
}

export const appendedStatement = {
  name: 'braid.appended',
  text: 'select braid.appended($1,$2,$3,$4,$5,$6) as written',
};

export function appendedValues({ columns }: EncodedBatch): Buffer[] {
  return [columns.epoch, columns.stream, columns.version, columns.type, columns.at, columns.data];
}

function encodeRows(batch: readonly PartitionAppend[]): Buffer[] {
  // One row per workflow, the last one: a statement cannot update the same row twice.
  const rows = new Map<string, { readonly partition: number; readonly row: WorkflowRow }>();
  for (const append of batch) {
    for (const row of append.workflows) {
      rows.set(row.id, { partition: append.partition, row });
    }
  }
  const last = [...rows.values()];
  for (const { row } of last) {
    requireStorableId(row.id);
    if (row.open) {
      requireMoment(row.dueAt);
    }
  }
  return [
    textArray(last.map(({ row }) => row.id)),
    int4Array(last.map(({ partition }) => partition)),
    booleanArray(last.map(({ row }) => row.open)),
    int8Array(last.map(({ row }) => (row.open ? row.dueAt : row.endedAt))),
  ];
}
