import { type Clock, type Timer } from '@braid/clock';
import { type EventStore } from '@braid/event-store';
import { type Logger } from '@braid/service';

/** Workflows that are looked at in one go; there may be more, and they follow at once. */
const chunk = 500;
const everyMs = 1_000;

/**
 * Finds what is due in the store, again and again: nothing that waits depends on a process having stayed alive. What is in
 * memory has its own timer and is mostly gone from here when its moment has passed.
 */
export class DuePoll {
  private timer: Timer | undefined;
  private looking = false;

  constructor(
    private readonly store: Pick<EventStore, 'due'>,
    private readonly owned: () => readonly number[],
    private readonly tick: (partition: number, workflow: string) => void,
    private readonly clock: Clock,
    private readonly logger: Logger,
  ) {}

  start(): void {
    this.timer = this.clock.every(everyMs, () => void this.look());
  }

  stop(): void {
    this.timer?.stop();
  }

  private async look(): Promise<void> {
    if (this.looking) return;
    this.looking = true;
    try {
      const partitions = this.owned();
      if (partitions.length === 0) return;
      const due = await this.store.due(partitions, this.clock.now(), chunk);
      for (const { partition, workflow } of due) this.tick(partition, workflow);
    } catch (error) {
      this.logger.warn({ error }, 'what is due could not be read; trying again');
    } finally {
      this.looking = false;
    }
  }
}
