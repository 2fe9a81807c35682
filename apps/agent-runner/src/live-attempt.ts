import { type Clock, type Timer } from '@braid/clock';
import { type WorkMessage } from '@braid/contracts';
import { type Delivery } from '@braid/messaging';
import { StopReason } from './stop-reason';

/** Node counts timers in 32 bits; longer ones would fire at once. */
const longestTimerMs = 2_147_483_647;

/** An attempt that this runner works on. */
export class LiveAttempt {
  readonly startedAt: number;
  readonly #begun: number;
  readonly #stop = new AbortController();
  readonly #timer: Timer | undefined;
  /** The same attempt may be delivered again while it runs; all its deliveries end with it. */
  readonly #deliveries: Delivery[] = [];

  constructor(
    readonly work: WorkMessage,
    delivery: Delivery,
    private readonly clock: Clock,
  ) {
    this.startedAt = clock.now();
    this.#begun = clock.monotonic();
    this.#deliveries.push(delivery);
    if (work.timeout > longestTimerMs) return;
    const message = `the attempt ran longer than its timeout of ${work.timeout} ms`;
    this.#timer = clock.after(work.timeout, () => this.stop(new StopReason('timeout', message)));
  }

  get signal(): AbortSignal {
    return this.#stop.signal;
  }

  get deadline(): number {
    return this.startedAt + this.work.timeout;
  }

  get seconds(): number {
    return (this.clock.monotonic() - this.#begun) / 1_000;
  }

  get deliveries(): number {
    return this.#deliveries.length;
  }

  deliveredAgain(delivery: Delivery): void {
    this.#deliveries.push(delivery);
  }

  /** Only the first reason counts. */
  stop(reason: StopReason): void {
    if (!this.#stop.signal.aborted) this.#stop.abort(reason);
  }

  get stopReason(): StopReason | undefined {
    const reason: unknown = this.#stop.signal.reason;
    return reason instanceof StopReason ? reason : undefined;
  }

  /** The agent has stopped: time no longer counts against it. */
  ended(): void {
    this.#timer?.stop();
  }

  working(): void {
    for (const delivery of this.#deliveries) delivery.working();
  }

  ack(): void {
    for (const delivery of this.#deliveries) delivery.ack();
  }

  nak(delayMs: number): void {
    for (const delivery of this.#deliveries) delivery.nak(delayMs);
  }
}
