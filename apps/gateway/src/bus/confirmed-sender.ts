import { headers, type Receipt } from '@braid/contracts';
import { type Publisher } from '@braid/messaging';
import { setTimeout as sleep } from 'node:timers/promises';
import { Problem } from '../problems/problem';
import { type Receipts } from './receipts';

export type SenderOptions = {
  /** How long a caller waits for the receipt, in milliseconds. */
  readonly receiptTimeoutMs: number;
  /** Shortest silence after which the message is sent again, in milliseconds; doubles with every repeat. */
  readonly resendAfterMs: number;
};

/** Weight of the latest receipt in how long they take. */
const latest = 0.05;

/** Sends starts and commands and waits until the orchestrator says that their outcome is on disk. */
export class ConfirmedSender {
  /** How long receipts take lately, in milliseconds. */
  private usualMs = 0;

  constructor(
    private readonly publisher: Publisher,
    private readonly receipts: Receipts,
    private readonly options: SenderOptions,
  ) {}

  /**
   * Answers the receipt. While there is none the message is sent again, because NATS may have lost it or the receipt:
   * the orchestrator answers a repeat with another receipt and records nothing.
   * @throws Problem `receipt.missing` after the timeout: the outcome is unknown then.
   * @throws PublishError when the first message could not be stored.
   */
  async send(subject: string, message: { readonly workflow: string }, traceparent?: string): Promise<Receipt> {
    const expected = this.receipts.expect(message.workflow);
    const from = performance.now();
    const deadline = from + this.options.receiptTimeoutMs;
    const stop = new AbortController();
    try {
      const receipt = await Promise.race([
        expected.received,
        this.keepSending(subject, message, expected.replyTo, traceparent, deadline, stop.signal),
      ]);
      if (receipt !== undefined) {
        this.usualMs += (performance.now() - from - this.usualMs) * latest;
        return receipt;
      }
      throw new Problem('receipt.missing', `No orchestrator answered within ${this.options.receiptTimeoutMs} ms`);
    } finally {
      stop.abort();
      expected.forget();
    }
  }

  /** Resolves at the deadline. */
  private async keepSending(
    subject: string,
    message: { readonly workflow: string },
    replyTo: string,
    traceparent: string | undefined,
    deadline: number,
    signal: AbortSignal,
  ): Promise<undefined> {
    const body = JSON.stringify(message);
    // Repeats of what only waits its turn would make a slow orchestrator slower.
    let silence = Math.max(this.options.resendAfterMs, Math.min(4 * this.usualMs, this.options.receiptTimeoutMs / 2));
    for (let count = 1; !signal.aborted; count++) {
      const left = deadline - performance.now();
      if (left <= 0) return undefined;
      try {
        await this.publisher.publish(subject, body, {
          // Unlike the message before, or the server would drop the repeat; the same while the publisher retries this one.
          messageId: `${replyTo}:${count}`,
          headers: {
            [headers.replyTo]: replyTo,
            ...(traceparent === undefined ? {} : { [headers.traceparent]: traceparent }),
          },
          timeoutMs: left,
        });
      } catch (error) {
        // The first message may be with the orchestrator although a repeat failed.
        if (count === 1) throw error;
      }
      const pause = Math.max(0, Math.min(silence, deadline - performance.now()));
      await sleep(pause, undefined, { signal }).catch(() => undefined);
      silence *= 2;
    }
    return undefined;
  }
}
