import { type Clock, sleep, systemClock } from '@braid/clock';

/** Waits that double from 20 ms to a second, each shortened at random so that many waiters do not come back together. */
export class Backoff {
  #next = 20;

  constructor(private readonly clock: Clock = systemClock) {}

  async wait(): Promise<void> {
    const ceiling = this.#next;
    this.#next = Math.min(ceiling * 2, 1000);
    await sleep(this.clock, ceiling * (0.5 + this.clock.random() / 2));
  }

  reset(): void {
    this.#next = 20;
  }
}
