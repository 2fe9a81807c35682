import { createInbox, type Msg, nanos, type NatsConnection, type Subscription } from '@nats-io/nats-core';

/** Milliseconds that a pull request stands, and between the server's signs of life while it has nothing to deliver. */
const EXPIRES_MS = 30_000;
const HEARTBEAT_MS = 3_000;
/** A lane that has heard nothing for this long is taken for lost. */
const SILENCE_MS = 2.5 * HEARTBEAT_MS;

export const laneCheckMs = HEARTBEAT_MS;

export type LaneEvents = {
  /** A message within what was requested. */
  message(msg: Msg): void;
  /** A message beyond what was requested: it belongs to a request that is over. */
  excess(msg: Msg): void;
  /** The server has nothing to deliver now. */
  idle(): void;
  /** The request is over: `returned` messages will not come. `trouble` says what is wrong, if anything. */
  over(returned: number, trouble: string | undefined): void;
};

/**
 * One pull request at a time, on an inbox of its own. Delivered messages carry the subject that they were published to, so
 * only the subscription tells which request they answer; with one request per subscription, what is still to come is exact.
 */
export class PullLane {
  /** Messages that were requested and have neither come nor been returned. */
  remaining = 0;
  private inbox = '';
  private reply = '';
  private pulls = 0;
  private heardAt = 0;
  private subscription: Subscription | undefined;

  constructor(
    private readonly nc: NatsConnection,
    private readonly inboxPrefix: string,
    private readonly api: string,
    private readonly events: LaneEvents,
  ) {
    this.renew();
  }

  request(batch: number): void {
    this.remaining = batch;
    this.heardAt = performance.now();
    this.reply = `${this.inbox}.${++this.pulls}`;
    const request = `{"batch":${batch},"expires":${nanos(EXPIRES_MS)},"idle_heartbeat":${nanos(HEARTBEAT_MS)}}`;
    this.nc.publish(this.api, request, { reply: this.reply });
  }

  /** Forgets the request, whose answers would come from a server that no longer knows of it, and listens on a new inbox. */
  abandon(trouble: string | undefined): void {
    this.renew();
    this.end(this.remaining, trouble);
  }

  /** True when the server owes a sign of life. */
  isSilent(): boolean {
    return this.remaining > 0 && performance.now() - this.heardAt > SILENCE_MS;
  }

  /** Ends when every message that was on its way has come, as excess. */
  async close(): Promise<void> {
    this.remaining = 0;
    const { subscription } = this;
    if (subscription === undefined || subscription.isClosed()) return;
    await subscription.drain().catch(() => undefined);
  }

  private renew(): void {
    this.subscription?.unsubscribe();
    this.inbox = createInbox(this.inboxPrefix);
    const subscription = this.nc.subscribe(`${this.inbox}.*`, {
      callback: (error, msg) => {
        if (error !== null) this.end(this.remaining, error.message);
        else if (subscription === this.subscription) this.received(msg);
        else this.events.excess(msg);
      },
    });
    this.subscription = subscription;
  }

  private received(msg: Msg): void {
    if (msg.data.length === 0 && (msg.headers?.code ?? 0) > 0) {
      if (msg.subject === this.reply) this.status(msg);
      return;
    }
    this.heardAt = performance.now();
    if (this.remaining === 0) {
      this.events.excess(msg);
      return;
    }
    this.remaining--;
    this.events.message(msg);
  }

  private status(msg: Msg): void {
    this.heardAt = performance.now();
    const { code = 0, description = '' } = msg.headers ?? {};
    if (code === 100) {
      this.events.idle();
      return;
    }
    // 404: nothing there, 408: the request expired. Whatever else ends a request says that something is wrong.
    const routine = code === 404 || code === 408;
    this.end(this.remaining, routine ? undefined : `${code} ${description}`);
    if (routine) this.events.idle();
  }

  private end(returned: number, trouble: string | undefined): void {
    this.remaining = 0;
    this.reply = '';
    this.events.over(returned, trouble);
  }
}
