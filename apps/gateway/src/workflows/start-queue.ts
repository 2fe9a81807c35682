/** A start that waits for its receipt. Exactly one of these ends the wait. */
export type Wait = {
  /** The orchestrator has answered. */
  answered(): void;
  /** Nobody answered for as long as the caller could wait. */
  unanswered(): void;
  /** It was never sent. */
  dropped(): void;
};

/** The starts that wait for the owner of one partition, as far as this gateway knows. */
export class StartQueue {
  /** Since when each waits, in the order of their coming. */
  private readonly since = new Map<object, number>();
  /** Since when the start waits that was the first to be given up after the last receipt. */
  private silentSince: number | undefined;

  constructor(
    private readonly patienceMs: number,
    private readonly now: () => number,
  ) {}

  /**
   * How long the oldest has waited, in milliseconds, when that is too long for another to be sent; else undefined. After
   * starts were given up, one at a time is sent to find out whether somebody answers again.
   */
  tooOld(): number | undefined {
    const [oldest] = this.since.values();
    if (oldest === undefined) return undefined;
    const age = this.now() - (this.silentSince ?? oldest);
    return this.silentSince !== undefined || age > this.patienceMs ? age : undefined;
  }

  join(): Wait {
    const me = {};
    this.since.set(me, this.now());
    return {
      answered: () => {
        this.since.delete(me);
        this.silentSince = undefined;
      },
      unanswered: () => {
        this.silentSince ??= this.since.get(me);
        this.since.delete(me);
      },
      dropped: () => void this.since.delete(me),
    };
  }
}
