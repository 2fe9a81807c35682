import { type Clock, systemClock } from '@braid/clock';
import { Backoff } from './backoff';
import { StoreUnavailableError } from './errors';
import { type EventStore, type PartitionAppend } from './event-store';
import { Isolation, refusePoisoned, type Poisoned } from './isolation';
import { mergeAppends, pendingCommit, weight, type CommitOutcome, type PendingCommit } from './pending-commit';

export type GroupCommitOptions = {
  /** Events of one batch; 1000 unless told. A single commit may be larger and then travels alone. */
  readonly maxEvents?: number;
  /** Characters of JSON of one batch; 8 Mi unless told. */
  readonly maxCharacters?: number;
  /** Events that may wait before `ready` holds callers back; 10 000 unless told. */
  readonly maxPending?: number;
  /** Hears of every batch that could not be appended yet; the group commit goes on trying by itself. */
  readonly onUnavailable?: (error: StoreUnavailableError) => void;
  readonly clock?: Clock;
};

/**
 * Natural group commit: what arrives while a commit is under way goes into the next one. Idle means that a commit starts at
 * once, load means large batches; there is no timer. One append is under way at any time, so a partition never has two.
 */
export class GroupCommit {
  readonly #maxEvents: number;
  readonly #maxCharacters: number;
  readonly #maxPending: number;
  readonly #onUnavailable: (error: StoreUnavailableError) => void;
  readonly #isolation: Isolation;
  readonly #clock: Clock;
  #queue: PendingCommit[] = [];
  #pending = 0;
  #running: Promise<void> | undefined;
  #waiting: (() => void)[] = [];
  #closed = false;
  #givenUp = false;

  constructor(
    private readonly store: Pick<EventStore, 'append'>,
    options: GroupCommitOptions = {},
  ) {
    this.#maxEvents = options.maxEvents ?? 1000;
    this.#maxCharacters = options.maxCharacters ?? 8 * 1024 * 1024;
    this.#maxPending = options.maxPending ?? 10_000;
    this.#onUnavailable = options.onUnavailable ?? (() => undefined);
    this.#clock = options.clock ?? systemClock;
    this.#isolation = new Isolation((batch) => this.#appendPatiently(batch));
  }

  /** Events that wait or are under way. */
  get pending(): number {
    return this.#pending;
  }

  /**
   * Adds to the next commit and answers when that is decided. Commits of one partition are written in the order of the calls.
   * @throws InvalidAppendError for what can never be stored.
   * @throws StoreUnavailableError when the group commit was closed before the outcome was known.
   */
  commit(append: PartitionAppend): Promise<CommitOutcome> {
    return new Promise((resolve, reject) => {
      if (this.#closed) {
        reject(new StoreUnavailableError('not-written', { cause: 'the group commit is closed' }));
        return;
      }
      const commit = pendingCommit(append, resolve, reject);
      this.#queue.push(commit);
      this.#pending += weight(commit);
      // Commits of the same turn of the event loop go together.
      this.#running ??= Promise.resolve().then(() => this.#run());
    });
  }

  /** Resolves when there is room; callers that keep their own pace need not ask. */
  ready(): Promise<void> {
    if (this.#pending <= this.#maxPending) {
      return Promise.resolve();
    }
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Takes nothing more and waits for what is there; after `patienceMs` it gives up what is not decided yet. */
  async close(patienceMs: number): Promise<void> {
    this.#closed = true;
    if (this.#running === undefined) {
      return;
    }
    const timer = this.#clock.after(patienceMs, () => (this.#givenUp = true));
    await this.#running;
    timer.stop();
  }

  async #run(): Promise<void> {
    while (this.#queue.length > 0) {
      const batch = this.#take();
      await this.#settle(batch);
      this.#pending -= batch.reduce((sum, commit) => sum + weight(commit), 0);
      if (this.#pending <= this.#maxPending && this.#waiting.length > 0) {
        const waiting = this.#waiting;
        this.#waiting = [];
        waiting.forEach((wake) => wake());
      }
    }
    this.#running = undefined;
  }

  /** The next batch, from the front of the queue. A partition under two epochs is not in one batch with itself. */
  #take(): PendingCommit[] {
    const epochs = new Map<number, number>();
    let events = 0;
    let characters = 0;
    let count = 0;
    for (const commit of this.#queue) {
      const { partition, epoch } = commit.append;
      events += commit.append.events.length;
      characters += commit.characters;
      if (count > 0 && (events > this.#maxEvents || characters > this.#maxCharacters)) {
        break;
      }
      if ((epochs.get(partition) ?? epoch) !== epoch) {
        break;
      }
      epochs.set(partition, epoch);
      count += 1;
    }
    if (count === this.#queue.length) {
      const batch = this.#queue;
      this.#queue = [];
      return batch;
    }
    return this.#queue.splice(0, count);
  }

  async #settle(batch: PendingCommit[]): Promise<void> {
    try {
      const poisoned = await this.#isolation.settle(batch);
      if (poisoned.size > 0) {
        this.#refuseFollowers(poisoned);
      }
    } catch (error) {
      for (const commit of batch) {
        commit.reject(error);
      }
    }
  }

  /** What waits and was decided on a copy of a workflow that has just proved wrong. */
  #refuseFollowers(poisoned: Poisoned): void {
    this.#queue = this.#queue.filter((commit) => {
      const refused = refusePoisoned(commit, poisoned);
      this.#pending -= refused ? weight(commit) : 0;
      return !refused;
    });
  }

  async #appendPatiently(commits: readonly PendingCommit[]): ReturnType<EventStore['append']> {
    const appends = mergeAppends(commits);
    const backoff = new Backoff(this.#clock);
    for (;;) {
      try {
        return await this.store.append(appends);
      } catch (error) {
        if (!(error instanceof StoreUnavailableError) || this.#givenUp) {
          throw error;
        }
        this.#onUnavailable(error);
      }
      await backoff.wait();
    }
  }
}
