import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Waits until `what` gives something other than undefined or false, and answers it.
 * @throws with what was waited for when it did not come within `ms` milliseconds.
 */
export async function until<T>(
  why: string,
  what: () => T | undefined | false | Promise<T | undefined | false>,
  ms = 30_000,
): Promise<T> {
  const end = performance.now() + ms;
  for (;;) {
    const value = await what();
    if (value !== undefined && value !== false) return value;
    if (performance.now() > end) throw new Error(`This did not happen within ${ms} ms: ${why}`);
    await sleep(20);
  }
}
