import { type MsgHdrs, type NatsConnection } from '@nats-io/nats-core';

type Outgoing = {
  readonly subject: string;
  readonly payload: Uint8Array;
  readonly options: { readonly reply?: string; readonly headers?: MsgHdrs };
};

/**
 * Sends what comes up in one turn of the event loop in one go: a write to the connection costs either end about as much as a
 * message does. What waits when the connection is lost is lost with it, as if it had been sent a moment before.
 */
export class Outbox {
  private waiting: Outgoing[] = [];

  constructor(
    private readonly nc: NatsConnection,
    private readonly isConnected: () => boolean,
    private readonly failed: (error: unknown) => void,
  ) {}

  publish(subject: string, payload: Uint8Array, options: Outgoing['options'] = {}): void {
    if (this.waiting.push({ subject, payload, options }) === 1) setImmediate(() => this.flush());
  }

  /** Sends at once what waits. */
  flush(): void {
    const { waiting } = this;
    this.waiting = [];
    if (!this.isConnected()) return;
    try {
      for (const { subject, payload, options } of waiting) this.nc.publish(subject, payload, { ...options });
    } catch (error) {
      // The connection was closed by the other side a moment ago: its senders hear of that by themselves.
      this.failed(error);
    }
  }
}
