import { type Msg } from '@nats-io/nats-core';
import { type PublishErrorCode } from './publish-error';

/** What the server says to a message: stored, refused for good, or not now. */
export type Answer =
  | { readonly kind: 'stored' }
  | { readonly kind: 'refused'; readonly code: PublishErrorCode; readonly message: string }
  | { readonly kind: 'no-stream' }
  | { readonly kind: 'later'; readonly message: string };

const stored: Answer = { kind: 'stored' };

/** Codes of the server (`err_code`) that mean that there is no room: storage, memory, account. */
const outOfRoom = new Set([10023, 10028, 10047]);
/** The message, or its headers, exceed what the stream takes. */
const tooLarge = new Set([10054, 10097]);
/** The store failed; its text tells a full stream or disk from a broken one. */
const storeFailed = 10077;

/** Reads the server's answer to a publish. What is not known to be final is tried again. */
export function readAnswer(msg: Msg): Answer {
  const { data } = msg;
  if (data.length === 0) {
    return msg.headers?.code === 503 ? { kind: 'no-stream' } : { kind: 'later', message: 'empty answer' };
  }
  const answer = parse(data);
  if (answer?.error !== undefined) return readRefusal(answer.error);
  return answer?.stream === undefined ? { kind: 'later', message: 'unreadable answer' } : stored;
}

function readRefusal(error: NonNullable<PubAck['error']>): Answer {
  const { code = 500, err_code: reason = 0, description: message = 'no reason given' } = error;
  if (tooLarge.has(reason)) return { kind: 'refused', code: 'too-large', message };
  if (outOfRoom.has(reason) || (reason === storeFailed && /maximum|no space/i.test(message))) {
    return { kind: 'refused', code: 'full', message };
  }
  return code === 400 ? { kind: 'refused', code: 'refused', message } : { kind: 'later', message };
}

type PubAck = {
  readonly stream?: string;
  readonly error?: { readonly code?: number; readonly err_code?: number; readonly description?: string };
};

function parse(data: Uint8Array): PubAck | undefined {
  try {
    return JSON.parse(Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('latin1')) as PubAck;
  } catch {
    return undefined;
  }
}
