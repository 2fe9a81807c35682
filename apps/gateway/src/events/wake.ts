import { setTimeout as sleep } from 'node:timers/promises';

/** A bell that stays rung until somebody has waited for it: a ring between two waits is not lost. */
export class Wake {
  private rung = false;
  private answer: (() => void) | undefined;

  ring(): void {
    this.rung = true;
    this.answer?.();
  }

  /** Resolves at the next ring, at once when it has rung since the last wait, after `timeoutMs`, or when `signal` aborts. */
  async wait(timeoutMs: number, signal: AbortSignal): Promise<void> {
    if (!this.rung && !signal.aborted) {
      const stop = new AbortController();
      const either = AbortSignal.any([signal, stop.signal]);
      const ring = new Promise<void>((resolve) => (this.answer = resolve));
      await Promise.race([ring, sleep(timeoutMs, undefined, { signal: either }).catch(() => undefined)]);
      stop.abort();
      this.answer = undefined;
    }
    this.rung = false;
  }
}
