import { type StoredEvent, type RecordedEvent } from '@braid/events';

/** What one partition adds to the log in one commit. */
export type PartitionAppend = {
  readonly partition: number;
  /** The epoch under which the writer leased the partition. A commit under an older epoch is refused. */
  readonly epoch: number;
  /** Events of any number of workflows of this partition, each workflow's in version order. May be empty. */
  readonly events: readonly RecordedEvent[];
  /** The `data` of the events as JSON text, in the same order, when the caller has it already. */
  readonly data?: readonly string[];
  /** Rows of the workflows whose status or due moment changed. */
  readonly workflows: readonly WorkflowRow[];
};

/** The one row per workflow by which everything that waits is found again. */
export type WorkflowRow = {
  readonly id: string;
  readonly open: boolean;
  /** Milliseconds since the epoch at which the workflow must be looked at; absent when it is closed. */
  readonly dueAt?: number;
  /** Milliseconds since the epoch at which a closed workflow ended: retention goes by it. */
  readonly endedAt?: number;
};

/**
 * - `committed`: everything is on disk; `positions` has the partition's counter after the commit.
 * - `fenced`: the named partitions belong to somebody else by now; nothing was written.
 * - `conflict`: a version exists already, or the one before it does not. The writer's copy of the workflow is wrong: a bug; nothing was written.
 */
export type AppendOutcome =
  | { readonly kind: 'committed'; readonly positions: ReadonlyMap<number, number> }
  | { readonly kind: 'fenced'; readonly partitions: readonly number[] }
  | { readonly kind: 'conflict'; readonly message: string };

export type Snapshot = {
  readonly workflow: string;
  readonly version: number;
  /** The shape of `state`; a snapshot of another shape is ignored. */
  readonly stateSchema: number;
  readonly state: unknown;
};

/**
 * The log. One partition has one writer at a time, fenced by its epoch; positions within a partition are dense and in
 * commit order, so one number is a complete checkpoint.
 */
export interface EventStore {
  /**
   * Appends to several partitions in one transaction with one fsync. Everything or nothing is written. A connection that
   * breaks while committing leaves the outcome unknown; the store finds it out by reading before it answers.
   * A partition may occur once in a batch, and may have one append under way.
   * @throws StoreUnavailableError when the store cannot be reached for longer than its patience. With `outcome: 'unknown'`
   * the batch may have been written: append the very same batch again, or read again before anything else.
   * @throws InvalidAppendError for what can never be stored as it is; nothing was written.
   */
  append(batch: readonly PartitionAppend[]): Promise<AppendOutcome>;
  /** The events of one workflow after `afterVersion` (0 for all), in version order, upcast to the current shapes. */
  readStream(
    workflow: string,
    options?: { afterVersion?: number; upToVersion?: number; limit?: number },
  ): Promise<StoredEvent[]>;
  /** The events of one partition after `afterPosition`, in position order. */
  readPartition(partition: number, options: { afterPosition: number; limit: number }): Promise<StoredEvent[]>;
  /** The counters of the partitions: the last position of each. */
  heads(): Promise<ReadonlyMap<number, number>>;
  /** Open workflows of the partitions with `dueAt` at or before `before`, earliest first. */
  due(
    partitions: readonly number[],
    before: number,
    limit: number,
  ): Promise<{ readonly workflow: string; readonly partition: number; readonly dueAt: number }[]>;
  /** How many open workflows were due more than `ms` ago by the database's clock: the no-orphan report. */
  overdue(ms: number): Promise<number>;
  loadSnapshot(workflow: string): Promise<Snapshot | undefined>;
  saveSnapshot(snapshot: Snapshot): Promise<void>;
  /** Checkpoints of a named follower, by partition; absent partitions are at 0. */
  loadCheckpoints(name: string): Promise<ReadonlyMap<number, number>>;
  /** Checkpoints only move forwards: one that is behind the stored one changes nothing. */
  saveCheckpoints(name: string, checkpoints: ReadonlyMap<number, number>): Promise<void>;
  /** Sends a follower of this name back to the start of the log. */
  forgetCheckpoints(name: string): Promise<void>;
}

/** The lease of one partition. `epoch` rises with each change of hands. */
export type Lease = { readonly partition: number; readonly epoch: number };

/** Who may write to which partition; only the database's clock counts. */
export interface PartitionLeases {
  /** Announces that this owner is alive and answers how many owners are, itself included. */
  announce(owner: string, ttlMs: number): Promise<number>;
  /** Takes up to `limit` partitions that nobody holds, or whose lease has ended; each gets a new epoch. */
  acquire(owner: string, limit: number, ttlMs: number): Promise<Lease[]>;
  /** Extends the leases that this owner still holds under these epochs, and answers those. */
  renew(owner: string, leases: readonly Lease[], ttlMs: number): Promise<Lease[]>;
  /** Gives leases back, so that others can take them at once. */
  release(owner: string, leases: readonly Lease[]): Promise<void>;
  /** Takes the owner off the list of the living. */
  leave(owner: string): Promise<void>;
  /** Every partition, for operators. */
  list(): Promise<
    { readonly partition: number; readonly owner?: string; readonly epoch: number; readonly live: boolean }[]
  >;
}
