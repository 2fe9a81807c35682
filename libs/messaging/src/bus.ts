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
   * `messageId` lets the server drop a repeat within two minutes.
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
