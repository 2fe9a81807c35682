import { type Bus, type DeadLetter, dropDeadLetter, listDeadLetters, retryDeadLetter } from '@braid/messaging';
import { Problem } from '../problems/problem';
import { type DeadLetterDto, type DeadLetterListDto } from './operations.dto';

/** The messages that were set aside because nothing could handle them. */
export class DeadLetters {
  constructor(private readonly bus: Bus) {}

  async list(after: number, limit: number): Promise<DeadLetterListDto> {
    const letters = await listDeadLetters(this.bus, { after, limit: limit + 1 });
    const page = letters.slice(0, limit);
    const last = page.at(-1);
    return {
      deadLetters: page.map(deadLetterView),
      ...(last !== undefined && letters.length > limit ? { next: last.seq } : {}),
    };
  }

  /**
   * Sends the message again to where it came from.
   * @throws Problem or DeadLetterError `not-found`, DeadLetterError `incomplete`.
   */
  async retry(id: string): Promise<void> {
    await retryDeadLetter(this.bus, sequenceOf(id));
  }

  /** @throws Problem or DeadLetterError `not-found`. */
  async drop(id: string): Promise<void> {
    await dropDeadLetter(this.bus, sequenceOf(id));
  }
}

function sequenceOf(id: string): number {
  if (/^[1-9]\d{0,14}$/.test(id)) return Number(id);
  throw new Problem('dead-letter.not-found', 'The id of a dead letter is a whole number from 1 on');
}

function deadLetterView(letter: DeadLetter): DeadLetterDto {
  const { seq, at, reason, subject, stream, deliveryCount, headers, cutFrom } = letter;
  return {
    id: String(seq),
    at: new Date(at).toISOString(),
    reason,
    subject,
    stream,
    deliveryCount,
    headers,
    ...textOf(letter.body),
    ...(cutFrom === undefined ? {} : { cutFrom }),
  };
}

function textOf(body: Uint8Array): Pick<DeadLetterDto, 'body' | 'encoding'> {
  try {
    return { body: new TextDecoder('utf-8', { fatal: true }).decode(body), encoding: 'utf-8' };
  } catch {
    return { body: Buffer.from(body).toString('base64'), encoding: 'base64' };
  }
}
