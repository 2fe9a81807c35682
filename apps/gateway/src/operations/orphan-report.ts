import { type EventStore } from '@braid/event-store';

/** Longest that an open workflow may be due before it counts as forgotten, in milliseconds. */
const graceMs = 60_000;

/** How many workflows wait for something that should have happened: 0 as long as orchestrators do their work. */
export class OrphanReport {
  constructor(private readonly store: EventStore) {}

  count(): Promise<number> {
    return this.store.overdue(graceMs);
  }
}
