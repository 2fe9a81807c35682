import { type CancelSignal, headers, type Receipt, subjects } from '@braid/contracts';
import { type Bus, PublishError } from '@braid/messaging';
import { type Logger } from '@braid/service';
import { type Work } from './work';

/** Sends what a commit has made true: work to runners, cancel signals, receipts to whoever asked. */
export class Dispatcher {
  constructor(
    private readonly bus: Bus,
    private readonly logger: Logger,
  ) {}

  /**
   * Resolves when all work is stored on the bus, with what no message can carry: sending that again would never help. What
   * cannot be stored in time is left to the due mechanism, which looks for attempts that nobody works on.
   */
  async dispatch(work: readonly Work[]): Promise<readonly Work[]> {
    const tooLarge: Work[] = [];
    await Promise.all(
      work.map((one) => {
        const { agent, body, messageId, branch } = one;
        return this.bus.publisher.publish(subjects.work(agent), body, { messageId }).catch((error: unknown) => {
          const code = error instanceof PublishError ? error.code : undefined;
          if (code === 'too-large') {
            tooLarge.push(one);
            return;
          }
          this.logger.warn(
            { error, code, agent, branch },
            'work could not be dispatched; it will be sent again when due',
          );
        });
      }),
    );
    return tooLarge;
  }

  cancel(signal: CancelSignal): void {
    this.bus.emit(subjects.cancel, signal);
  }

  /** Tells those who wait for the end of a workflow. */
  ended(workflow: string): void {
    this.bus.emit(subjects.ended(workflow), {});
  }

  answer(replyTo: string | undefined, receipt: Receipt): void {
    if (replyTo !== undefined) this.bus.emit(replyTo, receipt);
  }
}

/** Where the sender of a message wants its receipt. */
export function replyTo(delivery: { header(name: string): string | undefined }): string | undefined {
  return delivery.header(headers.replyTo);
}
