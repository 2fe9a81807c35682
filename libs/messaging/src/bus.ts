import { type NatsConnection } from '@nats-io/nats-core';
import { type LargeBodies } from './large-bodies';
import { type Outbox } from './outbox';
import { type Provisioner } from './provisioner';
import { type ConsumerSpec } from './topology';

/** A message as it was delivered. Exactly one of `ack`, `nak`, `deadLetter` ends it; `working` only postpones. */
export type Delivery = {
  readonly subject: string;
  readonly body: Uint8Array;
  header(name: string): string | undefined;
  /** 1 for the first delivery. */
  readonly deliveryCount: number;
  /** The message is done and is removed from the stream. */
  ack(): void;
  /** The message comes again after `delayMs` (milliseconds, at least 1). */
  nak(delayMs: number): void;
  /** The message is still being worked on: its redelivery clock starts again. */
  working(): void;
  /** The message can never be handled: it is copied to the dead letters with its body, headers and the reason, then removed. */
  deadLetter(reason: string): Promise<void>;
};

/** Publishes to streams. */
export interface Publisher {
  /**
   * Resolves when the server has stored the message. Tries again while the server cannot be reached.
   * `messageId` lets the server drop a repeat within two minutes. A large body for a work queue is stored apart first.
   * @throws PublishError when the stream refuses the message (`full`, `too-large`) or `timeoutMs` has passed.
   */
  publish(
    subject: string,
    body: string | Uint8Array,
    options?: {
      readonly messageId?: string;
      readonly headers?: Readonly<Record<string, string>>;
      readonly timeoutMs?: number;
    },
  ): Promise<void>;
  /** How many messages are sent and not yet stored. */
  readonly pending: number;
}

/** Pulls messages of one consumer, never more than there are free slots. */
export interface Intake {
  /** A slot became free: `count` more messages may be delivered. Starts with the `slots` that it was opened with. */
  release(count?: number): void;
  /** Stops pulling. Messages that were delivered stay with the handler; what was only requested is not lost. */
  stop(): Promise<void>;
}

export type IntakeOptions = {
  /** From `partitionConsumer`, `agentConsumer` or `ensureAgentConsumer`; it is made when it is missing. */
  readonly consumer: ConsumerSpec;
  /** Messages that may be held at once: delivered and not released. */
  readonly slots: number;
  /** Called for every message, as it arrives. Throwing brings the message back after a delay and frees its slot. */
  readonly handler: (delivery: Delivery) => void;
  /** Called, every few seconds at most, while nothing is held and nothing waits in the consumer. */
  readonly onIdle?: () => void;
};

/** Where the bus says what it does; a pino logger fits. */
export type Log = {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
};

/** What has happened since the bus was connected; for metrics. */
export type BusCounts = {
  disconnects: number;
  reconnects: number;
  /** Errors that the server reported, for example a subject that the credentials do not allow. */
  serverErrors: number;
  /** Live messages that were not sent: no connection, or too large. */
  unsent: number;
  /** Live messages that were not JSON, or whose handler threw. */
  unhandled: number;
  /** Messages sent again because no answer came, the stream was missing, or the connection was lost. */
  resent: number;
  /** Streams and consumers that were missing and were made again. */
  restored: number;
  deadLetters: number;
};

export type ConnectionObserver = {
  disconnected?(): void;
  reconnected?(): void;
  /** The server refused a publish for lack of permission. */
  publishDenied?(subject: string): void;
  /** Nothing can be sent any more. */
  closed?(): void;
};

/** A live message as its handler sees it. `value` is parsed JSON from the wire: validate it before use. */
export type LiveMessage = {
  readonly subject: string;
  readonly value: unknown;
  header(name: string): string | undefined;
};

/** One connection to NATS, shared by everything in a process. */
export interface Bus {
  readonly name: string;
  /** For what the bus does not offer. Its publishes are lost while the connection is. */
  readonly nc: NatsConnection;
  readonly connected: boolean;
  /** Where this connection's replies arrive; its credentials must allow to listen below it. */
  readonly inboxPrefix: string;
  readonly counts: Readonly<BusCounts>;
  readonly log: Log;
  readonly publisher: Publisher;
  /** What may leave together with everything else of this turn of the event loop. */
  readonly outbox: Pick<Outbox, keyof Outbox>;
  /** What travels apart from its message. */
  readonly bodies: Pick<LargeBodies, keyof LargeBodies>;
  /** Makes missing streams and consumers again. */
  readonly provisioner: Pick<Provisioner, keyof Provisioner>;
  /** Starts pulling from a consumer. */
  openIntake(options: IntakeOptions): Intake;
  /** Sends a live message (core NATS): at most once, to those who listen now. Never throws; what cannot be sent is counted. */
  emit(subject: string, value: unknown, headers?: Readonly<Record<string, string>>): void;
  /**
   * Hears live messages. An error of the handler, thrown or rejected, is logged and the next message comes as usual.
   * With `queue`, one of the listeners of that name gets each message. Returns what ends it.
   */
  listen(
    subject: string,
    handler: (message: LiveMessage) => void | Promise<void>,
    options?: { readonly queue?: string },
  ): () => void;
  /** Returns what ends it. */
  observe(observer: ConnectionObserver): () => void;
  /** Waits up to `timeoutMs` (default 5000) for what is being published, then closes. What is not stored by then is rejected. */
  close(timeoutMs?: number): Promise<void>;
}
