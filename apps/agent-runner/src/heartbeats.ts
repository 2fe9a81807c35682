import { type Clock, type Timer } from '@braid/clock';
import { type HeartbeatMessage, type LiveAttempt, subjects, type WorkMessage } from '@braid/contracts';

/** Attempts that end sooner are never announced: their report says all there is to say. */
const announceAfterMs = 25;
const tickMs = 25;
const mostPerMessage = 1_000;

type Pulse = {
  readonly partition: number;
  readonly attempt: LiveAttempt;
  readonly everyMs: number;
  /** Moment of the monotonic clock. */
  nextAt: number;
};

/**
 * Says which attempts this runner works on: the first time within 50 ms, then at the interval, and more often where the
 * orchestrator would lose patience sooner. Everything that is due at a tick goes out as one message per partition.
 */
export class Heartbeats {
  readonly #pulses = new Map<string, Pulse>();
  #timer: Timer | undefined;

  constructor(
    private readonly runner: string,
    private readonly intervalMs: number,
    private readonly emit: (subject: string, message: HeartbeatMessage) => void,
    private readonly clock: Clock,
  ) {}

  begin(key: string, work: WorkMessage, startedAt: number): void {
    const { workflow, branch, step, attempt, partition, heartbeatTimeout } = work;
    this.#pulses.set(key, {
      partition,
      attempt: { workflow, branch, step, attempt, startedAt },
      everyMs: Math.min(this.intervalMs, (heartbeatTimeout ?? Infinity) / 3),
      nextAt: this.clock.monotonic() + announceAfterMs,
    });
    this.#timer ??= this.clock.every(tickMs, () => this.#tick(this.clock.monotonic()));
  }

  end(key: string): void {
    this.#pulses.delete(key);
    if (this.#pulses.size > 0) return;
    this.#timer?.stop();
    this.#timer = undefined;
  }

  #tick(now: number): void {
    const due = new Map<number, LiveAttempt[]>();
    for (const pulse of this.#pulses.values()) {
      if (pulse.nextAt > now) continue;
      pulse.nextAt = now + pulse.everyMs;
      const attempts = due.get(pulse.partition);
      if (attempts === undefined) due.set(pulse.partition, [pulse.attempt]);
      else attempts.push(pulse.attempt);
    }
    for (const [partition, attempts] of due) {
      for (let from = 0; from < attempts.length; from += mostPerMessage) {
        const some = attempts.slice(from, from + mostPerMessage);
        this.emit(subjects.heartbeat(partition), { runner: this.runner, attempts: some });
      }
    }
  }
}
