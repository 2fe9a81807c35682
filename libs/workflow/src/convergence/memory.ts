import { type Fork } from '../state';

/**
 * What a strategy has worked out from a fork's arrivals so far, so that the next arrival costs no more than itself. It
 * follows from the fork alone: a fork that was folded anew or restored from a snapshot is simply counted from its first
 * arrival, and a fork that is thrown away takes its memory along. A fork that is
 * reopened is another fork: branches of one fork only ever end. So nothing of it belongs into events or state.
 */
export class Memory<T> {
  private readonly byFork = new WeakMap<Fork, T>();

  /** What is known of the fork; `begin` makes what is known before its first arrival. */
  of(fork: Fork, begin: () => T): T {
    const known = this.byFork.get(fork);
    if (known !== undefined) return known;
    const fresh = begin();
    this.byFork.set(fork, fresh);
    return fresh;
  }
}
