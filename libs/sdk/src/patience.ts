import { BraidError } from './braid-error';
import { pause } from './pause';

export type Patience = {
  /** How long a request is repeated, counted from its first refusal, in milliseconds; 0: not at all. */
  readonly patienceMs: number;
  /** Hears of each refusal that is answered by waiting so many milliseconds. */
  readonly onWait?: ((refusal: BraidError, waitMs: number) => void) | undefined;
};

/** Refusals that come before anything was done, whatever was asked for. */
const nothingDone: ReadonlySet<string> = new Set(['gateway.busy', 'orchestrator.behind', 'intake.full']);

/**
 * Sends a request until it is answered otherwise than by "not now": after each such refusal it waits as long as `Retry-After`
 * says. `repeatable`: the request changes nothing, or carries a key by which a repeat is recognised. Others are repeated only
 * when the refusal says that nothing was done.
 * @throws BraidError, the last refusal when its wait would outlast the patience; the reason of `signal` when that aborts.
 */
export async function patiently<T>(
  send: () => Promise<T>,
  repeatable: boolean,
  { patienceMs, onWait }: Patience,
  signal: AbortSignal | undefined,
): Promise<T> {
  let end: number | undefined;
  for (;;) {
    try {
      return await send();
    } catch (error) {
      if (!(error instanceof BraidError) || error.retryAfter === undefined) throw error;
      if (!nothingDone.has(error.code) && !(repeatable && (error.status === 429 || error.status === 503))) throw error;
      end ??= performance.now() + patienceMs;
      const waitMs = error.retryAfter * (1 + Math.random() / 10);
      if (performance.now() + waitMs > end) throw error;
      onWait?.(error, waitMs);
      await pause(waitMs, signal);
    }
  }
}
