import { subjects } from '@braid/contracts';
import { type EventStore } from '@braid/event-store';
import { type StoredEvent } from '@braid/events';
import { type Signals } from '../bus/signals';
import { endsWorkflow } from '../workflows/event-view';
import { Wake } from './wake';

/** Events that are read from the store at once; also the most that is held for a reader who does not keep up. */
const pageSize = 50;

/**
 * The events of one workflow after `after`, in version order, without gaps or repeats, as they happen until it ends. What
 * NATS says is only a hint that there is something to read; the events come from the store, and every `pollMs` it is asked
 * without a hint. A reader that is slow reads later: nothing is queued for it.
 */
export async function* followWorkflow(
  { store, signals, pollMs }: { readonly store: EventStore; readonly signals: Signals; readonly pollMs: number },
  workflow: string,
  after: number,
  signal: AbortSignal,
): AsyncGenerator<StoredEvent, void, undefined> {
  const wake = new Wake();
  // Before the first read, so that nothing falls between the two.
  const unlisten = signals.listen(subjects.eventsOfWorkflow(workflow), () => wake.ring());
  let last = after;
  try {
    while (!signal.aborted) {
      const events = await store.readStream(workflow, { afterVersion: last, limit: pageSize });
      for (const event of events) {
        yield event;
        last = event.version;
      }
      const latest = events.at(-1);
      // A workflow that is tried again goes on after its failure.
      if (events.length < pageSize && latest !== undefined && endsWorkflow(latest)) return;
      if (events.length < pageSize) await wake.wait(pollMs, signal);
    }
  } finally {
    unlisten();
  }
}
