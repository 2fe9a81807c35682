import { randomUUID } from 'node:crypto';
import { type RecordedEvent } from '@braid/events';
import { type EventStore, type PartitionAppend, type PartitionLeases } from '../event-store';

export type ContractSubject = { readonly store: EventStore; readonly leases: PartitionLeases };

/** The number of partitions that every subject of the contract has. */
export const contractPartitions = 8;

export const anHour = 3_600_000;

/** Events `from` to `from + count - 1` of a workflow; of a type whose data may be anything. */
export function events(workflow: string, from: number, count: number, output: unknown = null): RecordedEvent[] {
  return Array.from({ length: count }, (_, index) => ({
    type: 'WorkflowCompleted',
    data: { output: output as null },
    workflow,
    version: from + index,
    at: 1_700_000_000_000 + from + index,
  }));
}

export function append(
  partition: number,
  epoch: number,
  added: readonly RecordedEvent[],
  workflows: PartitionAppend['workflows'] = [],
): PartitionAppend {
  return { partition, epoch, events: added, workflows };
}

/** Leases every partition, so that each has epoch 1. */
export async function ownAll({ leases }: ContractSubject): Promise<void> {
  await leases.acquire('owner', contractPartitions, anHour);
}

export const id = (): string => randomUUID();
