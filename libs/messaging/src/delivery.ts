import { type Msg, nanos } from '@nats-io/nats-core';
import { type Bus, type Delivery } from './bus';

const ACK = Buffer.from('+ACK');
const WORKING = Buffer.from('+WPI');
const TERM = Buffer.from('+TERM');

/** Puts a copy of a message where it is kept. Resolves when the copy is stored. */
export type KeepDeadLetter = (delivery: StreamDelivery, reason: string) => Promise<void>;

/** Milliseconds after which a message whose copy could not be stored comes again. */
const COPY_FAILED_RETRY_MS = 30_000;

/** A message of a pull consumer. Its reply subject is where its end is told to the server; only the first end counts. */
export class StreamDelivery implements Delivery {
  /** Replaced when it has travelled apart. */
  body: Uint8Array;
  private ended = false;

  constructor(
    readonly msg: Msg,
    private readonly outbox: Bus['outbox'],
    private readonly keep: KeepDeadLetter,
    private readonly failed: (error: unknown) => void,
    /** Hears that the message has left its stream. */
    private readonly gone: (delivery: StreamDelivery) => void,
  ) {
    this.body = msg.data;
  }

  get subject(): string {
    return this.msg.subject;
  }

  get deliveryCount(): number {
    return this.position.deliveries;
  }

  /** How often it was delivered, and its number in the stream. */
  get position(): { readonly deliveries: number; readonly sequence: number } {
    // `$JS.ACK.<stream>.<consumer>.<deliveries>.<sequence>…`; newer servers put a domain and an account before the stream.
    const tokens = (this.msg.reply ?? '').split('.');
    const first = tokens.length > 9 ? 6 : 4;
    return { deliveries: Number(tokens[first] ?? 1), sequence: Number(tokens[first + 1] ?? 0) };
  }

  header(name: string): string | undefined {
    return this.msg.headers?.get(name) || undefined;
  }

  ack(): void {
    if (this.ended) return;
    this.end(ACK);
    this.gone(this);
  }

  nak(delayMs: number): void {
    this.end(nakAfter(delayMs));
  }

  working(): void {
    if (!this.ended) this.tell(WORKING);
  }

  async deadLetter(reason: string): Promise<void> {
    if (this.ended) return;
    this.ended = true;
    try {
      await this.keep(this, reason);
      this.tell(TERM);
      this.gone(this);
    } catch (error) {
      this.tell(nakAfter(COPY_FAILED_RETRY_MS));
      this.failed(error);
    }
  }

  private end(word: Uint8Array): void {
    if (this.ended) return;
    this.ended = true;
    this.tell(word);
  }

  private tell(word: Uint8Array): void {
    if (this.msg.reply !== undefined) this.outbox.publish(this.msg.reply, word);
  }
}

/** The server takes nanoseconds; a delay of 0 would be a hot loop. */
function nakAfter(delayMs: number): Uint8Array {
  return Buffer.from(`-NAK {"delay":${nanos(Math.max(1, Math.round(delayMs)))}}`);
}
