import { InvalidAppendError } from './errors';
import { type PartitionAppend } from './event-store';
import { requireMoment, requireStorableId } from './storable';

/**
 * - `committed`: on disk. The commit's events have the positions `position - n + 1` to `position`.
 * - `fenced`: the partition belongs to somebody else; nothing was written.
 * - `conflict`: the writer's copy of a workflow is wrong; nothing was written. Commits of the same workflow that were
 *   waiting behind it get the same answer, since they were decided on that copy.
 */
export type CommitOutcome =
  | { readonly kind: 'committed'; readonly position: number }
  | { readonly kind: 'fenced' }
  | { readonly kind: 'conflict'; readonly message: string };

/** A commit that waits for its outcome. */
export type PendingCommit = {
  readonly append: PartitionAppend;
  /** The events' data as JSON. */
  readonly data: readonly string[];
  readonly characters: number;
  /** Present when the commit can never be stored. It still takes its place in the queue, ahead of what builds on it. */
  readonly invalid?: InvalidAppendError;
  readonly resolve: (outcome: CommitOutcome) => void;
  readonly reject: (error: unknown) => void;
};

export function pendingCommit(
  append: PartitionAppend,
  resolve: PendingCommit['resolve'],
  reject: PendingCommit['reject'],
): PendingCommit {
  try {
    const data = append.data ?? append.events.map((event) => JSON.stringify(event.data));
    requireStorable(append);
    let characters = 0;
    for (const text of data) {
      characters += text.length;
    }
    return { append, data, characters, resolve, reject };
  } catch (error) {
    return { append, data: [], characters: 0, invalid: toInvalid(error), resolve, reject };
  }
}

/** What a commit adds to the backlog: a commit without events is work too. */
export function weight(commit: PendingCommit): number {
  return commit.append.events.length || 1;
}

/** One entry per partition, with its commits' events in the order of the commits. */
export function mergeAppends(commits: readonly PendingCommit[]): PartitionAppend[] {
  type Merged = {
    partition: number;
    epoch: number;
    events: PartitionAppend['events'][number][];
    data: string[];
    workflows: PartitionAppend['workflows'][number][];
  };
  const merged = new Map<number, Merged>();
  for (const { append, data } of commits) {
    const { partition, epoch, events, workflows } = append;
    const entry = merged.get(partition);
    if (entry === undefined) {
      merged.set(partition, { partition, epoch, events: [...events], data: [...data], workflows: [...workflows] });
    } else {
      entry.events.push(...events);
      entry.data.push(...data);
      entry.workflows.push(...workflows);
    }
  }
  return [...merged.values()];
}

/** Tells every commit of an append its own position. */
export function resolveCommitted(commits: readonly PendingCommit[], heads: ReadonlyMap<number, number>): void {
  const positions = new Map(heads);
  for (const { append, resolve } of commits.toReversed()) {
    const position = positions.get(append.partition) ?? 0;
    positions.set(append.partition, position - append.events.length);
    resolve({ kind: 'committed', position });
  }
}

function requireStorable({ events, workflows }: PartitionAppend): void {
  for (const event of events) {
    requireStorableId(event.workflow);
    requireMoment(event.at);
  }
  for (const row of workflows) {
    requireStorableId(row.id);
    if (row.open) {
      requireMoment(row.dueAt);
    }
  }
}

/** Data that is nested too deeply, refers to itself or holds a bigint cannot become JSON. */
function toInvalid(error: unknown): InvalidAppendError {
  return error instanceof InvalidAppendError
    ? error
    : new InvalidAppendError(`An event cannot be written as JSON: ${String(error)}`, { cause: error });
}
