import { Problem } from '../problems/problem';
import { StartQueue, type Wait } from './start-queue';

/** The room that a start takes up in a gateway. */
export type StartPlace = {
  /** Gives the room back. The second time it does nothing. */
  leave(): void;
};

export type StartLimits = {
  /** Starts that are in hand at once, from their first byte until they are answered. */
  readonly most: number;
  /** Bytes of their bodies. One start alone may be larger. */
  readonly mostBytes: number;
  /** Age of a start that waits for its receipt from which on no other is sent after it, in milliseconds. */
  readonly patienceMs: number;
};

const shortestPauseSeconds = 1;
const longestPauseSeconds = 30;
/** Weight of the latest start in how long starts take. */
const latest = 0.05;

/**
 * Holds back starts that would only wait: here, because the gateway has as many in hand as it may, or behind an orchestrator
 * that does not keep up. What is refused has left nothing behind. Only starts are held back: commands, signals and reports
 * belong to workflows that were accepted.
 */
export class StartGate {
  private count = 0;
  private bytes = 0;
  private usualMs = 0;
  private readonly queues = new Map<number, StartQueue>();

  constructor(
    private readonly limits: StartLimits,
    private readonly refused: (code: 'gateway.busy' | 'orchestrator.behind') => void,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** Starts that are in hand. */
  get inHand(): number {
    return this.count;
  }

  /**
   * Takes the room for a start whose body has so many bytes.
   * @throws Problem `gateway.busy`.
   */
  enter(bytes: number): StartPlace {
    const { most, mostBytes } = this.limits;
    if (this.count >= most || (this.count > 0 && this.bytes + bytes > mostBytes)) throw this.busy();
    this.count += 1;
    this.bytes += bytes;
    const from = this.now();
    let inside = true;
    return {
      leave: () => {
        if (!inside) return;
        inside = false;
        this.count -= 1;
        this.bytes -= bytes;
        this.usualMs += (this.now() - from - this.usualMs) * latest;
      },
    };
  }

  /**
   * Joins those who wait for a receipt from the owner of this partition.
   * @throws Problem `orchestrator.behind`.
   */
  join(partition: number): Wait {
    const queue = this.queues.get(partition) ?? new StartQueue(this.limits.patienceMs, this.now);
    this.queues.set(partition, queue);
    const ageMs = queue.tooOld();
    if (ageMs === undefined) return queue.join();
    this.refused('orchestrator.behind');
    const detail = `Starts of partition ${partition} have waited ${Math.round(ageMs)} ms for an orchestrator`;
    throw new Problem('orchestrator.behind', detail, { retryAfter: seconds(Math.max(ageMs, this.limits.patienceMs)) });
  }

  private busy(): Problem {
    this.refused('gateway.busy');
    const detail = `${this.count} starts with ${this.bytes} bytes are in hand`;
    return new Problem('gateway.busy', detail, { retryAfter: seconds(this.usualMs) });
  }
}

/** Callers that are refused together should not come again together. */
function seconds(ms: number): number {
  const spread = (ms / 1_000) * (0.5 + Math.random());
  return Math.min(longestPauseSeconds, Math.max(shortestPauseSeconds, Math.ceil(spread)));
}
