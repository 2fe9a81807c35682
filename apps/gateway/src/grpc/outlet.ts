/** Bytes that may be on their way to one client. */
const mostPending = 262_144;

/** A stream that bytes are written to; `done` is called when they have left, and never once the call is over. */
type Sink = { write(bytes: Buffer, done: () => void): void };

/**
 * Writes as fast as a client reads: what it has not taken is held up to a limit, and then the writer waits. The libraries count
 * messages instead, of which one may be megabytes.
 */
export class Outlet {
  private pending = 0;
  private wake: (() => void) | undefined;

  constructor(
    private readonly sink: Sink,
    private readonly signal: AbortSignal,
    /** A client that takes nothing for this long is gone or too slow, in milliseconds. */
    private readonly stallMs: number,
  ) {}

  /** Resolves when there is room for more: true; false when the client takes nothing, or the signal aborts. */
  async write(bytes: Buffer): Promise<boolean> {
    if (this.signal.aborted) return false;
    this.pending += bytes.length;
    this.sink.write(bytes, () => {
      this.pending -= bytes.length;
      this.wake?.();
    });
    while (this.pending > mostPending) {
      if (!(await this.moved())) return false;
    }
    return !this.signal.aborted;
  }

  /** Whether anything has left before the client counts as stalled. */
  private moved(): Promise<boolean> {
    return new Promise((resolve) => {
      const settle = (moved: boolean) => {
        clearTimeout(timer);
        this.signal.removeEventListener('abort', over);
        this.wake = undefined;
        resolve(moved);
      };
      const over = () => settle(false);
      const timer = setTimeout(over, this.stallMs);
      this.wake = () => settle(true);
      this.signal.addEventListener('abort', over, { once: true });
    });
  }
}
