import { randomUUID } from 'node:crypto';
import { createInbox, type Msg } from '@nats-io/nats-core';
import { type Bus, type BusCounts, type Publisher } from './bus';
import { bodyHeader } from './large-bodies';
import { readAnswer } from './pub-ack';
import { PublishError, type PublishErrorCode } from './publish-error';
import { streamOf } from './topology';
import { WireHeaders } from './wire-headers';

export type PublisherOptions = {
  readonly inboxPrefix: string;
  /** Messages that may be sent and not yet stored; more wait for their turn. */
  readonly maxInFlight: number;
  readonly maxInFlightBytes: number;
  /** Milliseconds without an answer after which a message is sent again. */
  readonly answerWithin: number;
};

type PublishOptions = NonNullable<Parameters<Publisher['publish']>[2]>;

type Pending = {
  readonly subject: string;
  readonly body: Uint8Array;
  readonly headers: WireHeaders | undefined;
  readonly size: number;
  readonly reply: string;
  /** Moments of the monotonic clock, in milliseconds. */
  readonly deadline: number;
  resendAt: number;
  sends: number;
  /** The last reason for sending it again. */
  trouble: string;
  readonly resolve: () => void;
  readonly reject: (error: PublishError) => void;
};

const SWEEP_MS = 50;
const MAX_WAIT_MS = 30_000;
const FIRST_RETRY_MS = 100;
const MAX_RETRY_MS = 2_000;

/**
 * Publishes over one reply inbox: an answer is matched to its message by the last token of the subject it arrives on. One
 * timer looks after all messages that wait, so that a message costs neither a subscription nor a timer.
 */
export class StreamPublisher implements Publisher {
  private readonly inbox: string;
  /** In the order of publishing; the first `inFlight` of them, at least, have been sent. */
  private readonly unsettled = new Map<number, Pending>();
  private readonly waiting: number[] = [];
  private waitingFrom = 0;
  private inFlight = 0;
  private inFlightBytes = 0;
  private lastToken = 0;
  private maxPayload = 1_048_576;
  private sweeper: NodeJS.Timeout | undefined;
  private closed = false;

  constructor(
    private readonly bus: Bus,
    private readonly counts: BusCounts,
    private readonly options: PublisherOptions,
  ) {
    this.inbox = `${createInbox(options.inboxPrefix)}.`;
    bus.nc.subscribe(`${this.inbox}*`, {
      callback: (error, msg) =>
        error === null
          ? this.answered(msg)
          : bus.log.error({ error }, 'The inbox for publish acknowledgements was refused'),
    });
    bus.observe({
      reconnected: () => this.resend(() => true),
      publishDenied: (subject) => this.refuse(subject),
      closed: () => this.close(),
    });
  }

  get pending(): number {
    return this.unsettled.size;
  }

  publish(subject: string, body: string | Uint8Array, options: PublishOptions = {}): Promise<void> {
    if (this.closed) return Promise.reject(new PublishError('closed', subject, 'the bus is closed'));
    if (!/^[^\s.*>]+(\.[^\s.*>]+)+$/.test(subject)) {
      return Promise.reject(new PublishError('refused', subject, 'not a subject; write tokens separated by dots'));
    }
    const data = typeof body === 'string' ? Buffer.from(body) : body;
    if (this.bus.bodies.isLarge(subject, data.length)) return this.publishApart(subject, data, options);
    let headers: WireHeaders | undefined;
    try {
      headers = WireHeaders.of(options.messageId, options.headers);
    } catch (error) {
      return Promise.reject(
        new PublishError('refused', subject, error instanceof Error ? error.message : String(error)),
      );
    }
    const size = data.length + (headers?.bytes.length ?? 0);
    this.maxPayload = this.bus.nc.info?.max_payload ?? this.maxPayload;
    if (size > this.maxPayload) {
      const message = `${size} bytes with headers are more than the server takes (${this.maxPayload})`;
      return Promise.reject(new PublishError('too-large', subject, message));
    }
    return new Promise((resolve, reject) => {
      const token = ++this.lastToken;
      const pending: Pending = {
        subject,
        body: data,
        headers,
        size,
        reply: this.inbox + token,
        deadline: options.timeoutMs === undefined ? Infinity : performance.now() + options.timeoutMs,
        resendAt: Infinity,
        sends: 0,
        trouble: 'no answer',
        resolve,
        reject,
      };
      this.unsettled.set(token, pending);
      this.sweeper ??= setInterval(() => this.sweep(), SWEEP_MS).unref();
      if (this.hasRoom()) this.admit(pending);
      else this.waiting.push(token);
    });
  }

  private async publishApart(subject: string, body: Uint8Array, options: PublishOptions): Promise<void> {
    const name = options.messageId ?? randomUUID();
    const deadline = performance.now() + (options.timeoutMs ?? Infinity);
    await this.bus.bodies.put(name, body, subject, deadline);
    await this.publish(subject, '', {
      ...options,
      headers: { ...options.headers, [bodyHeader]: name },
      ...(options.timeoutMs !== undefined && { timeoutMs: deadline - performance.now() }),
    });
  }

  private hasRoom(): boolean {
    const { maxInFlight, maxInFlightBytes } = this.options;
    return this.inFlight === 0 || (this.inFlight < maxInFlight && this.inFlightBytes < maxInFlightBytes);
  }

  private admit(pending: Pending): void {
    this.inFlight++;
    this.inFlightBytes += pending.size;
    this.transmit(pending);
  }

  /** Without a connection it only counts as sent: everything unsettled is sent when the connection is back. */
  private transmit(pending: Pending): void {
    const wait = Math.min(this.options.answerWithin * 2 ** pending.sends, MAX_WAIT_MS);
    pending.resendAt = performance.now() + wait;
    pending.sends++;
    if (pending.sends > 1) this.counts.resent++;
    const { subject, body, reply, headers } = pending;
    this.bus.outbox.publish(subject, body, headers === undefined ? { reply } : { reply, headers });
  }

  private answered(msg: Msg): void {
    const token = Number(msg.subject.slice(this.inbox.length));
    const pending = this.unsettled.get(token);
    if (pending === undefined) return;
    const answer = readAnswer(msg);
    switch (answer.kind) {
      case 'stored':
        this.settle(token, pending);
        pending.resolve();
        return;
      case 'refused':
        this.fail(token, pending, answer.code, answer.message);
        return;
      case 'no-stream':
        this.retryLater(pending, 'no stream keeps this subject');
        this.restore(pending);
        return;
      case 'later':
        this.retryLater(pending, answer.message);
        return;
    }
  }

  private retryLater(pending: Pending, trouble: string): void {
    const wait = Math.min(FIRST_RETRY_MS * 2 ** (pending.sends - 1), MAX_RETRY_MS);
    pending.trouble = trouble;
    pending.resendAt = performance.now() + wait * (0.5 + Math.random() / 2);
  }

  private restore(pending: Pending): void {
    const stream = streamOf(pending.subject);
    if (stream === undefined) return;
    this.bus.provisioner.restoreStream(stream).then(
      () => this.resend((one) => one.trouble !== 'no answer' && streamOf(one.subject) === stream),
      (error: unknown) => this.bus.log.warn({ error, stream }, 'A missing stream could not be made; trying again'),
    );
  }

  private resend(which: (pending: Pending) => boolean): void {
    for (const pending of this.unsettled.values()) {
      if (pending.resendAt === Infinity || !which(pending)) continue;
      pending.trouble = 'no answer';
      this.transmit(pending);
    }
  }

  private sweep(): void {
    const now = performance.now();
    for (const [token, pending] of this.unsettled) {
      if (now >= pending.deadline) this.fail(token, pending, 'timeout', `not stored in time (${pending.trouble})`);
      else if (now >= pending.resendAt) this.transmit(pending);
    }
    if (this.unsettled.size > 0) return;
    clearInterval(this.sweeper);
    this.sweeper = undefined;
  }

  private refuse(subject: string): void {
    for (const [token, pending] of this.unsettled) {
      if (pending.subject === subject) this.fail(token, pending, 'refused', 'these credentials may not publish here');
    }
  }

  private fail(token: number, pending: Pending, code: PublishErrorCode, message: string): void {
    this.settle(token, pending);
    pending.reject(new PublishError(code, pending.subject, message));
  }

  private settle(token: number, pending: Pending): void {
    this.unsettled.delete(token);
    if (pending.resendAt === Infinity) return;
    this.inFlight--;
    this.inFlightBytes -= pending.size;
    while (this.waitingFrom < this.waiting.length && this.hasRoom() && !this.closed) {
      const next = this.unsettled.get(this.waiting[this.waitingFrom++] ?? 0);
      if (next !== undefined) this.admit(next);
    }
    if (this.waitingFrom === this.waiting.length || this.waitingFrom > 10_000) {
      this.waiting.splice(0, this.waitingFrom);
      this.waitingFrom = 0;
    }
  }

  private close(): void {
    this.closed = true;
    clearInterval(this.sweeper);
    for (const [token, pending] of this.unsettled)
      this.fail(token, pending, 'closed', 'the bus was closed before it was stored');
  }
}
