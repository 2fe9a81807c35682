import { InvalidAppendError } from './errors';
import { type PartitionAppend } from './event-store';

/** Longer ids would not fit into an index entry together with the version. */
const idPattern = /^[^\p{Cc}\p{Cs}]{1,200}$/u;

/** @throws InvalidAppendError for ids that a database could not store and give back unchanged. */
export function requireStorableId(id: string): void {
  if (!idPattern.test(id)) {
    throw new InvalidAppendError(
      `${JSON.stringify(id.slice(0, 80))} cannot be the id of a workflow: use 1 to 200 characters, none of them a control character or half of a surrogate pair`,
    );
  }
}

/** @throws InvalidAppendError for what is not a whole number of milliseconds. */
export function requireMoment(at: number | undefined): number {
  if (at === undefined || !Number.isSafeInteger(at)) {
    throw new InvalidAppendError(
      `${at} is not a moment; use whole milliseconds since 1970 (an open workflow needs dueAt)`,
    );
  }
  return at;
}

/** @throws InvalidAppendError when a partition occurs twice. */
export function requireDistinctPartitions(batch: readonly PartitionAppend[]): void {
  const seen = new Set<number>();
  for (const { partition } of batch) {
    if (seen.has(partition)) {
      throw new InvalidAppendError(
        `Partition ${partition} occurs twice in one append; merge its events into one entry`,
      );
    }
    seen.add(partition);
  }
}
