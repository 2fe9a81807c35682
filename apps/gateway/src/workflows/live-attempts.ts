import { type HeartbeatMessage, type LiveAttempt } from '@braid/contracts';

/** An attempt that a runner said it works on. */
export type WorkingAttempt = LiveAttempt & { readonly runner: string; readonly heardAt: number };

/** Answers what is known about the attempt that works on a branch now. */
export type FindAttempt = (workflow: string, branch: string) => WorkingAttempt | undefined;

/**
 * What runners say about the attempts that they work on. Nothing here is on record: it shows `running` where the log can
 * only say `requested`, and is forgotten when a runner falls silent.
 */
export class LiveAttempts {
  private readonly attempts = new Map<string, WorkingAttempt>();

  /** @param ttlMs how long a sign of life counts, in milliseconds */
  constructor(
    private readonly ttlMs: number,
    private readonly now: () => number = Date.now,
  ) {}

  get size(): number {
    return this.attempts.size;
  }

  heard({ runner, attempts }: HeartbeatMessage): void {
    const heardAt = this.now();
    for (const attempt of attempts) {
      const key = keyOf(attempt.workflow, attempt.branch);
      // Deleted first, so that the map stays in the order of signs of life and the sweep can stop early.
      this.attempts.delete(key);
      this.attempts.set(key, { ...attempt, runner, heardAt });
    }
    this.sweep(heardAt);
  }

  readonly find: FindAttempt = (workflow, branch) => {
    const attempt = this.attempts.get(keyOf(workflow, branch));
    return attempt !== undefined && attempt.heardAt + this.ttlMs >= this.now() ? attempt : undefined;
  };

  private sweep(now: number): void {
    for (const [key, attempt] of this.attempts) {
      if (attempt.heardAt + this.ttlMs >= now) return;
      this.attempts.delete(key);
    }
  }
}

const keyOf = (workflow: string, branch: string) => `${workflow} ${branch}`;
