import { type Clock, systemClock, type Timer } from '@braid/clock';
import { type StoredEvent } from '@braid/events';
import { Backoff } from './backoff';
import { type EventStore } from './event-store';

export type FollowerOptions = {
  readonly store: Pick<EventStore, 'readPartition' | 'heads' | 'loadCheckpoints' | 'saveCheckpoints'>;
  /** Under this name the checkpoints are kept. */
  readonly name: string;
  /** Gets every event of the followed partitions at least once, each partition's in order; a failed batch comes again. */
  readonly handle: (events: readonly StoredEvent[]) => Promise<void>;
  /** Events of one batch; 500 unless told. */
  readonly batchSize?: number;
  /** Offered events that may wait in memory; 50 000 unless told. What is over is read from the log later. */
  readonly maxBuffered?: number;
  /** Checkpoints are saved at most this often, in milliseconds; 250 unless told. */
  readonly checkpointEveryMs?: number;
  /** How often the log is asked for what nobody offered, in milliseconds; 1000 unless told. */
  readonly pollEveryMs?: number;
  /** Hears of failures of the handler and of the store; the follower goes on trying by itself. */
  readonly onError?: (error: unknown) => void;
  readonly clock?: Clock;
};

/** How far the follower is with one partition: handled ≤ taken, and what is buffered continues at `taken + 1`. */
type Cursor = {
  handled: number;
  saved: number;
  /** The last position that is in the buffer or was in a batch. */
  taken: number;
  /** The highest position that is known to exist. */
  head: number;
  /** The head when the log was last asked; what is in the log since then and was not offered is missing. */
  polled: number;
  /** Events from the log come first: the start, or a gap. */
  behind: boolean;
  buffer: StoredEvent[];
};

/**
 * Follows the log from its checkpoints. Just-committed events can be handed over from memory; whatever does not continue
 * the position at which the follower stands is read from the log instead, so nothing is ever skipped.
 */
export class LogFollower {
  readonly #options: Required<Omit<FollowerOptions, 'onError'>> & Pick<FollowerOptions, 'onError'>;
  readonly #cursors = new Map<number, Cursor>();
  #wanted: ReadonlySet<number> = new Set();
  #buffered = 0;
  #turn = 0;
  #stopped = false;
  #running: Promise<void> | undefined;
  #wake: () => void = () => undefined;
  #reassigned: (() => void)[] = [];
  #savedAt = -Infinity;
  #polledAt = -Infinity;

  constructor(options: FollowerOptions) {
    this.#options = {
      batchSize: 500,
      maxBuffered: 50_000,
      checkpointEveryMs: 250,
      pollEveryMs: 1000,
      clock: systemClock,
      ...options,
    };
  }

  /**
   * Follows these partitions and no others from now on. Resolves when the ones that were dropped are out of the handler and
   * their checkpoints are saved, and the new ones have their checkpoints.
   */
  assign(partitions: Iterable<number>): Promise<void> {
    this.#wanted = new Set(partitions);
    return new Promise((resolve) => {
      if (this.#stopped) {
        resolve();
        return;
      }
      this.#reassigned.push(resolve);
      this.#running ??= this.#run();
      this.#wake();
    });
  }

  /** Hands over events that were just committed, in order per partition. Events of partitions not followed are ignored. */
  offer(events: readonly StoredEvent[]): void {
    for (const event of events) {
      const cursor = this.#cursors.get(event.partition);
      if (cursor !== undefined) {
        this.#take(cursor, event);
      }
    }
    this.#wake();
  }

  /** Positions that were handled, by partition. */
  positions(): ReadonlyMap<number, number> {
    return new Map([...this.#cursors].map(([partition, { handled }]) => [partition, handled]));
  }

  /** Finishes the batch under way, saves the checkpoints, and ends. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#wake();
    await this.#running;
  }

  #take(cursor: Cursor, event: StoredEvent): void {
    cursor.head = Math.max(cursor.head, event.position);
    if (event.position <= cursor.taken) {
      return;
    }
    if (cursor.behind || event.position !== cursor.taken + 1 || this.#buffered >= this.#options.maxBuffered) {
      cursor.behind = true;
      return;
    }
    cursor.buffer.push(event);
    cursor.taken = event.position;
    this.#buffered += 1;
  }

  async #run(): Promise<void> {
    const backoff = new Backoff(this.#options.clock);
    while (!this.#stopped) {
      // Made before looking for work, so that what arrives while looking is not slept through.
      const woken = new Promise<void>((resolve) => (this.#wake = resolve));
      try {
        const worked = await this.#step();
        backoff.reset();
        if (!worked) {
          await this.#rest(woken);
        }
      } catch (error) {
        this.#options.onError?.(error);
        await backoff.wait();
      }
    }
    await this.#saveCheckpoints().catch((error: unknown) => this.#options.onError?.(error));
    this.#finishAssignment();
  }

  /** Answers whether there was something to do. */
  async #step(): Promise<boolean> {
    await this.#reassign();
    await this.#poll();
    const batch = await this.#nextBatch();
    if (batch.length > 0) {
      await this.#handle(batch);
    }
    if (this.#options.clock.monotonic() - this.#savedAt >= this.#options.checkpointEveryMs) {
      await this.#saveCheckpoints();
    }
    return batch.length > 0;
  }

  async #reassign(): Promise<void> {
    const wanted = this.#wanted;
    const resolved = this.#reassigned.length;
    const dropped = [...this.#cursors.keys()].filter((partition) => !wanted.has(partition));
    const added = [...wanted].filter((partition) => !this.#cursors.has(partition));
    if (dropped.length > 0) {
      await this.#saveCheckpoints();
      dropped.forEach((partition) => this.#drop(partition));
    }
    if (added.length > 0) {
      const checkpoints = await this.#options.store.loadCheckpoints(this.#options.name);
      for (const partition of added) {
        const at = checkpoints.get(partition) ?? 0;
        this.#cursors.set(partition, {
          handled: at,
          saved: at,
          taken: at,
          head: at,
          polled: at,
          behind: true,
          buffer: [],
        });
      }
    }
    this.#finishAssignment(resolved);
  }

  #finishAssignment(count = this.#reassigned.length): void {
    for (const resolve of this.#reassigned.splice(0, count)) {
      resolve();
    }
  }

  #drop(partition: number): void {
    this.#buffered -= this.#cursors.get(partition)?.buffer.length ?? 0;
    this.#cursors.delete(partition);
  }

  /**
   * Finds events that nobody offered: those of other writers, and those whose writer died before offering them. An event of this
   * writer may be in the log a moment before it is offered, so it counts as missing when the log is asked the next time.
   */
  async #poll(): Promise<void> {
    if (this.#cursors.size === 0 || this.#options.clock.monotonic() - this.#polledAt < this.#options.pollEveryMs) {
      return;
    }
    this.#polledAt = this.#options.clock.monotonic();
    for (const [partition, head] of await this.#options.store.heads()) {
      const cursor = this.#cursors.get(partition);
      if (cursor !== undefined) {
        cursor.head = Math.max(cursor.head, head);
        cursor.behind ||= cursor.polled > cursor.taken;
        cursor.polled = head;
      }
    }
  }

  /** Events of any number of partitions, up to the size of a batch; each time another partition comes first. */
  async #nextBatch(): Promise<StoredEvent[]> {
    const batch: StoredEvent[] = [];
    const cursors = [...this.#cursors];
    const first = this.#turn++ % Math.max(cursors.length, 1);
    for (const [partition, cursor] of [...cursors.slice(first), ...cursors.slice(0, first)]) {
      const room = this.#options.batchSize - batch.length;
      if (room === 0) {
        break;
      }
      try {
        batch.push(...(await this.#taken(partition, cursor, room)));
      } catch (error) {
        if (batch.length === 0) {
          throw error;
        }
        // What was taken already is nowhere else any more; it is handled before the log is tried again.
        this.#options.onError?.(error);
        break;
      }
    }
    return batch;
  }

  /** The next events of a partition: from memory as long as there are some, else from the log if there are more. */
  async #taken(partition: number, cursor: Cursor, limit: number): Promise<StoredEvent[]> {
    if (cursor.buffer.length > 0) {
      const events = cursor.buffer.splice(0, limit);
      this.#buffered -= events.length;
      return events;
    }
    if (!cursor.behind) {
      return [];
    }
    const known = cursor.head;
    const events = await this.#options.store.readPartition(partition, { afterPosition: cursor.taken, limit });
    cursor.taken = events.at(-1)?.position ?? cursor.taken;
    // A full answer may not be the end. Nor is the answer when events were offered meanwhile. An empty one is, even below
    // the head: what is missing there was deleted by age.
    const more = cursor.head > cursor.taken && (events.length > 0 || cursor.head > known);
    cursor.behind = events.length === limit || more;
    return events;
  }

  /** Until it works: what was taken is nowhere else any more, and what comes later must not overtake it. */
  async #handle(taken: readonly StoredEvent[]): Promise<void> {
    const backoff = new Backoff(this.#options.clock);
    let batch = taken;
    while (batch.length > 0) {
      try {
        await this.#options.handle(batch);
        break;
      } catch (error) {
        this.#options.onError?.(error);
        if (this.#stopped) {
          return;
        }
        await backoff.wait();
        batch = this.#stillWanted(batch);
      }
    }
    for (const event of batch) {
      const cursor = this.#cursors.get(event.partition);
      if (cursor !== undefined) {
        cursor.handled = event.position;
      }
    }
  }

  /** A handler that fails for long does not hold on to partitions that were given away. */
  #stillWanted(batch: readonly StoredEvent[]): readonly StoredEvent[] {
    for (const { partition } of batch) {
      if (!this.#wanted.has(partition)) {
        this.#drop(partition);
      }
    }
    return batch.filter(({ partition }) => this.#cursors.has(partition));
  }

  async #saveCheckpoints(): Promise<void> {
    this.#savedAt = this.#options.clock.monotonic();
    const moved = [...this.#cursors].filter(([, cursor]) => cursor.handled > cursor.saved);
    if (moved.length === 0) {
      return;
    }
    const checkpoints = new Map(moved.map(([partition, cursor]) => [partition, cursor.handled]));
    await this.#options.store.saveCheckpoints(this.#options.name, checkpoints);
    for (const [partition, cursor] of moved) {
      cursor.saved = checkpoints.get(partition) ?? cursor.saved;
    }
  }

  /** Until there is something to do: woken, the next poll, or checkpoints to save. */
  async #rest(woken: Promise<void>): Promise<void> {
    const unsaved = [...this.#cursors.values()].some((cursor) => cursor.handled > cursor.saved);
    const poll = this.#polledAt + this.#options.pollEveryMs;
    const save = unsaved ? this.#savedAt + this.#options.checkpointEveryMs : Infinity;
    const ms = this.#cursors.size === 0 ? 60_000 : Math.max(Math.min(poll, save) - this.#options.clock.monotonic(), 0);
    let timer: Timer | undefined;
    await Promise.race([woken, new Promise<void>((resolve) => (timer = this.#options.clock.after(ms, resolve)))]);
    timer?.stop();
  }
}
