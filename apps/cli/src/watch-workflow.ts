import { type WorkflowStatus, type WorkflowView } from '@braid/contracts';
import { BraidError, type BraidClient } from '@braid/sdk';
import { setTimeout as sleep } from 'node:timers/promises';

/** What runs is known by signs of life, which are no events: they are looked at this often. */
const lookEveryMs = 500;
/** The shortest time between two looks, however many events there are. */
const restMs = 80;
/** How long the gateway may be away, for example while it is started again. */
const patienceMs = 60_000;

const ended: ReadonlySet<WorkflowStatus> = new Set(['completed', 'failed', 'cancelled']);

/**
 * Watches a workflow until it ends: `onView` gets it whenever an event has happened, and every half second.
 * @returns the workflow as it ended.
 * @throws BraidError when it is unknown, or the gateway stays away for a minute; the signal's reason when aborted.
 */
export async function watchWorkflow(
  client: BraidClient,
  id: string,
  onView: (view: WorkflowView) => void,
  signal?: AbortSignal,
): Promise<WorkflowView> {
  const bell = new Bell();
  const closing = new AbortController();
  const stop = signal === undefined ? closing.signal : AbortSignal.any([signal, closing.signal]);
  const following = followInto(client, id, bell, stop);
  try {
    for (;;) {
      const view = await look(client, id, stop);
      onView(view);
      if (ended.has(view.status)) return view;
      await sleep(restMs, undefined, { signal: stop });
      await bell.rung(lookEveryMs, stop);
    }
  } finally {
    closing.abort();
    await following;
  }
}

/** The stream only says that there is something to look at; when it breaks for good, looking now and then is enough. */
async function followInto(client: BraidClient, id: string, bell: Bell, signal: AbortSignal): Promise<void> {
  try {
    for await (const event of client.stream(id, { signal })) if (event.version > 0) bell.ring();
  } catch (error) {
    if (!(error instanceof BraidError) && !signal.aborted) throw error;
  } finally {
    bell.ring();
  }
}

async function look(client: BraidClient, id: string, signal: AbortSignal): Promise<WorkflowView> {
  const until = performance.now() + patienceMs;
  for (;;) {
    try {
      return await client.get(id, { signal });
    } catch (error) {
      const passing = error instanceof BraidError && (error.status === 0 || error.status >= 500);
      if (!passing || performance.now() > until) throw error;
      await sleep(lookEveryMs, undefined, { signal });
    }
  }
}

/** Wakes the one who waits; a ring while nobody waits is kept. */
class Bell {
  private kept = false;
  private wake: (() => void) | undefined;

  ring(): void {
    this.kept = true;
    this.wake?.();
  }

  async rung(withinMs: number, signal: AbortSignal): Promise<void> {
    if (!this.kept) {
      const waiting = new AbortController();
      const either = AbortSignal.any([signal, waiting.signal]);
      this.wake = () => waiting.abort();
      await sleep(withinMs, undefined, { signal: either }).catch(() => undefined);
      this.wake = undefined;
      signal.throwIfAborted();
    }
    this.kept = false;
  }
}
