import { subjects } from '@braid/contracts';
import { type Bus } from './bus';
import { bodyHeader } from './large-bodies';
import { type StreamName } from './topology';

/** Headers that a dead letter carries beside those of the message. */
export const deadLetterHeaders = {
  reason: 'Braid-Reason',
  subject: 'Braid-Subject',
  stream: 'Braid-Stream',
  deliveryCount: 'Braid-Delivery-Count',
  /** How many bytes the body had, where it had to be cut to fit beside these headers. */
  cutFrom: 'Braid-Cut-From',
} as const;

/** A large body is no longer kept apart: what fits of it is in the copy. */
const own: ReadonlySet<string> = new Set([...Object.values(deadLetterHeaders), bodyHeader]);

const MAX_REASON = 1_000;
/** Milliseconds; less than after which the message is delivered again. */
const KEEP_WITHIN_MS = 5_000;
/** Room for the headers' framing by the server. */
const SPARE_BYTES = 512;

/** A message of a stream that nobody can handle. */
export type DeadMessage = {
  readonly subject: string;
  readonly body: Uint8Array;
  readonly headers: Iterable<readonly [name: string, values: readonly string[]]>;
  /** How often it was delivered, and its number in the stream. */
  readonly deliveries: number;
  readonly sequence: number;
};

/** Stores a copy of a message, with why it could not be handled, among the dead letters. */
export async function keepDeadLetter(
  bus: Bus,
  stream: StreamName,
  message: DeadMessage,
  reason: string,
): Promise<void> {
  const { body, deliveries, sequence, subject } = message;
  const messageId = [...message.headers].find(([name]) => name === 'Nats-Msg-Id')?.[1][0] ?? '';
  const headers: Record<string, string> = {
    ...originalHeaders(message),
    [deadLetterHeaders.reason]: oneLine(reason),
    [deadLetterHeaders.subject]: subject,
    [deadLetterHeaders.stream]: stream,
    [deadLetterHeaders.deliveryCount]: String(deliveries),
  };
  const room = (bus.nc.info?.max_payload ?? Infinity) - headerBytes(headers) - SPARE_BYTES;
  const cut = body.length > room;
  if (cut) headers[deadLetterHeaders.cutFrom] = String(body.length);
  await bus.publisher.publish(subjects.dead(stream), cut ? body.subarray(0, Math.max(0, room)) : body, {
    // The same message, delivered again because the end of its first copy's way was lost, is kept once.
    messageId: `dead:${stream}:${sequence}:${messageId}`,
    headers,
    timeoutMs: KEEP_WITHIN_MS,
  });
}

/** The message's own headers. Those of NATS would be obeyed by the next stream, and ours would be read twice. */
function originalHeaders({ headers }: DeadMessage): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const [name, values] of headers) {
    if (!name.startsWith('Nats-') && !own.has(name)) kept[name] = values[0] ?? '';
  }
  return kept;
}

function headerBytes(headers: Readonly<Record<string, string>>): number {
  return Object.entries(headers).reduce((sum, [name, value]) => sum + name.length + Buffer.byteLength(value) + 4, 0);
}

function oneLine(reason: string): string {
  const line = reason.replace(/\s+/g, ' ').trim();
  return line.length > MAX_REASON ? `${line.slice(0, MAX_REASON)}…` : line;
}
