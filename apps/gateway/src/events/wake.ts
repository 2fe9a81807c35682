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
      await new Promise<void>((resolve) => {
        const over = () => {
          clearTimeout(timer);
          signal.removeEventListener('abort', over);
          this.answer = undefined;
          resolve();
        };
        const timer = setTimeout(over, timeoutMs);
        signal.addEventListener('abort', over, { once: true });
        this.answer = over;
      });
    }
    this.rung = false;
  }
}
