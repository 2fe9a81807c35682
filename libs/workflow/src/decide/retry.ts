import { type RetryPolicy } from '@braid/events';

/**
 * Milliseconds until the next try after `tries` failed ones: exponential backoff with full jitter, so anywhere between 0
 * and `initialInterval * backoffCoefficient^(tries - 1)`, capped by `maximumInterval`. Chance is drawn from `seed`: the
 * same try of the same step always waits equally long.
 */
export function retryDelay(policy: RetryPolicy, tries: number, seed: string): number {
  const interval = policy.initialInterval * policy.backoffCoefficient ** (tries - 1);
  return Math.round(Math.min(interval, policy.maximumInterval) * fraction(seed));
}

/** A number in [0, 1) that depends on every character of the seed (FNV-1a with a final mix). */
function fraction(seed: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < seed.length; i++) hash = Math.imul(hash ^ seed.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32;
}
