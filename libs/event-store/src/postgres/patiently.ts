import { Backoff } from '../backoff';
import { StoreUnavailableError } from '../errors';
import { classify } from './failures';

/**
 * Runs what may run twice without harm, again and again while the server cannot be reached or has no room.
 * @throws StoreUnavailableError when that lasts longer than the patience.
 */
export async function patiently<Result>(patienceMs: number, run: () => Promise<Result>): Promise<Result> {
  const deadline = performance.now() + patienceMs;
  const backoff = new Backoff();
  for (;;) {
    try {
      return await run();
    } catch (error) {
      const failure = classify(error);
      if (failure !== 'disconnected' && failure !== 'refused-for-now') {
        throw error;
      }
      if (performance.now() > deadline) {
        throw new StoreUnavailableError('unknown', { cause: error });
      }
    }
    await backoff.wait();
  }
}
