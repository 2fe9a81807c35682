import { type EventView } from '@braid/contracts';
import { type BraidClient } from '@braid/sdk';

/** The whole history after a version, page by page. */
export async function* history(client: BraidClient, id: string, after = 0): AsyncGenerator<EventView> {
  for (let from: number | undefined = after; from !== undefined;) {
    const page: { readonly events: readonly EventView[]; readonly next?: number } = await client.events(id, {
      after: from,
    });
    yield* page.events;
    from = page.next;
  }
}
