import { partitionOf, subjects } from '@braid/contracts';
import { type EventStore } from '@braid/event-store';
import { type StoredEvent } from '@braid/events';
import { LRUCache } from 'lru-cache';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Signals } from '../bus/signals';
import { type FeedPositions } from './feed-cursor';
import { Wake } from './wake';

/** Events that are read from the store at once; also the most that is held for a reader who does not keep up. */
const pageSize = 50;
/** Rings that come within this time are one read, in milliseconds. */
const coalesceMs = 20;

/** An empty set leaves nothing out. */
export type FeedFilter = {
  readonly types: ReadonlySet<string>;
  readonly playbooks: ReadonlySet<string>;
  readonly workflows: ReadonlySet<string>;
};

/** `event` is absent where the reader only learns that it has come further, because its filter left everything out. */
export type FeedEntry = { readonly event?: StoredEvent; readonly positions: FeedPositions };

type Reader = { readonly dirty: Set<number>; readonly wake: Wake };

/**
 * Every event of every workflow, in the order of each workflow, resumable by the positions of the partitions. Like a
 * workflow's stream it reads the store, and NATS only says which partitions have something new.
 */
export class Feed {
  private readonly readers = new Set<Reader>();
  private readonly playbooks = new LRUCache<string, string>({ max: 20_000 });
  private unlisten: (() => void) | undefined;

  constructor(
    private readonly store: EventStore,
    private readonly signals: Signals,
    private readonly options: { readonly partitions: number; readonly pollMs: number },
  ) {}

  /** Where the feed ends now. */
  async end(): Promise<FeedPositions> {
    const heads = await this.store.heads();
    return Array.from({ length: this.options.partitions }, (_, partition) => heads.get(partition) ?? 0);
  }

  async *follow(
    after: FeedPositions,
    filter: FeedFilter,
    signal: AbortSignal,
  ): AsyncGenerator<FeedEntry, void, undefined> {
    const positions = [...after];
    const reader: Reader = { dirty: new Set(), wake: new Wake() };
    this.join(reader);
    try {
      while (!signal.aborted) {
        const ends = await this.end();
        ends.forEach((end, partition) => {
          if (end > (positions[partition] ?? 0)) reader.dirty.add(partition);
        });
        const quietAt = performance.now() + this.options.pollMs;
        while (!signal.aborted && performance.now() < quietAt) {
          yield* this.drain(reader, positions, filter, signal);
          await reader.wake.wait(Math.max(1, quietAt - performance.now()), signal);
          await sleep(coalesceMs);
        }
      }
    } finally {
      this.leave(reader);
    }
  }

  private async *drain(
    { dirty }: Reader,
    positions: FeedPositions,
    filter: FeedFilter,
    signal: AbortSignal,
  ): AsyncGenerator<FeedEntry, void, undefined> {
    for (const partition of dirty) {
      if (signal.aborted) return;
      dirty.delete(partition);
      const events = await this.store.readPartition(partition, {
        afterPosition: positions[partition] ?? 0,
        limit: pageSize,
      });
      let passedOver = false;
      for (const event of events) {
        positions[partition] = event.position;
        passedOver = !(await this.matches(event, filter));
        if (!passedOver) yield { event, positions };
      }
      if (passedOver) yield { positions };
      // Goes to the end of the set, so that one busy partition does not hold up the others.
      if (events.length === pageSize) dirty.add(partition);
    }
  }

  private async matches(event: StoredEvent, { types, playbooks, workflows }: FeedFilter): Promise<boolean> {
    if (workflows.size > 0 && !workflows.has(event.workflow)) return false;
    if (types.size > 0 && !types.has(event.type)) return false;
    return playbooks.size === 0 || playbooks.has(await this.playbookOf(event));
  }

  private async playbookOf(event: StoredEvent): Promise<string> {
    const known = this.playbooks.get(event.workflow);
    if (known !== undefined) return known;
    const first = event.version === 1 ? event : (await this.store.readStream(event.workflow, { limit: 1 }))[0];
    const name = first?.type === 'WorkflowStarted' ? first.data.playbook.name : '';
    this.playbooks.set(event.workflow, name);
    return name;
  }

  private join(reader: Reader): void {
    this.readers.add(reader);
    this.unlisten ??= this.signals.listen(subjects.eventsOfWorkflow('*'), (subject) => this.heard(subject));
  }

  private leave(reader: Reader): void {
    this.readers.delete(reader);
    if (this.readers.size > 0) return;
    this.unlisten?.();
    this.unlisten = undefined;
  }

  private heard(subject: string): void {
    const workflow = subject.slice(subject.lastIndexOf('.') + 1);
    const partition = partitionOf(workflow, this.options.partitions);
    for (const { dirty, wake } of this.readers) {
      dirty.add(partition);
      wake.ring();
    }
  }
}
