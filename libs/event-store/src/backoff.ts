import { setTimeout as sleep } from 'node:timers/promises';

/** Waits that double from 20 ms to a second, each shortened at random so that many waiters do not come back together. */
export class Backoff {
  #next = 20;

  async wait(): Promise<void> {
    const ceiling = this.#next;
    this.#next = Math.min(ceiling * 2, 1000);
    await sleep(ceiling * (0.5 + Math.random() / 2));
  }

  reset(): void {
    this.#next = 20;
  }
}
