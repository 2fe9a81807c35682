import { jetstreamManager, type MsgRequest, type NextMsgRequest, type StoredMsg } from '@nats-io/jetstream';
import { streams } from '@braid/contracts';
import { type Bus } from './bus';
import { deadLetterHeaders } from './dead-letter-copy';
import { found } from './provisioner';
import { streamOf } from './topology';

/** A message that could not be handled. */
export type DeadLetter = {
  /** Its number; grows with time. */
  readonly seq: number;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly reason: string;
  /** Where the message had been published to, and the stream that held it. */
  readonly subject: string;
  readonly stream: string;
  readonly deliveryCount: number;
  /** The message's own headers. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  /** Bytes of the whole body, where only its beginning could be kept. */
  readonly cutFrom?: number;
};

/** `not-found`: no dead letter has this number (any more). `incomplete`: its body was cut, so it cannot be sent again. */
export class DeadLetterError extends Error {
  override readonly name = 'DeadLetterError';

  constructor(
    readonly code: 'not-found' | 'incomplete',
    message: string,
  ) {
    super(message);
  }
}

/** Dead letters in their order, at most `limit` (default 50), those after number `after`. */
export async function listDeadLetters(
  bus: Bus,
  options: { readonly after?: number; readonly limit?: number } = {},
): Promise<readonly DeadLetter[]> {
  const { after = 0, limit = 50 } = options;
  const letters: DeadLetter[] = [];
  for (let seq = after + 1; letters.length < limit;) {
    const query: NextMsgRequest & { seq: number } = { seq, next_by_subj: 'braid.dead.>' };
    const stored = await read(bus, query);
    if (stored === undefined) break;
    letters.push(readDeadLetter(stored));
    seq = stored.seq + 1;
  }
  return letters;
}

/** @throws DeadLetterError `not-found`. */
export async function getDeadLetter(bus: Bus, seq: number): Promise<DeadLetter> {
  const stored = await read(bus, { seq });
  if (stored === undefined) throw new DeadLetterError('not-found', `There is no dead letter ${seq}`);
  return readDeadLetter(stored);
}

/**
 * Publishes the message to where it had been published to, and removes the dead letter.
 * @throws DeadLetterError, or PublishError when the stream refuses it; the dead letter then stays.
 */
export async function retryDeadLetter(bus: Bus, seq: number): Promise<void> {
  const letter = await getDeadLetter(bus, seq);
  if (letter.cutFrom !== undefined) {
    throw new DeadLetterError('incomplete', `Of dead letter ${seq} only the beginning was kept: it was too large`);
  }
  const stream = streamOf(letter.subject);
  if (stream === undefined || stream === streams.dead) {
    throw new DeadLetterError('incomplete', `Dead letter ${seq} does not say which stream it came from`);
  }
  await bus.publisher.publish(letter.subject, letter.body, {
    messageId: `retry:${letter.at}:${seq}`,
    headers: letter.headers,
    timeoutMs: 10_000,
  });
  await remove(bus, seq);
}

/** Removes a dead letter for good. @throws DeadLetterError `not-found`. */
export async function dropDeadLetter(bus: Bus, seq: number): Promise<void> {
  await getDeadLetter(bus, seq);
  if (!(await remove(bus, seq))) throw new DeadLetterError('not-found', `Dead letter ${seq} has just been removed`);
}

/** False when somebody else was faster, who may have sent it again: its message counts once. */
async function remove(bus: Bus, seq: number): Promise<boolean> {
  try {
    return await (await manager(bus)).streams.deleteMessage(streams.dead, seq);
  } catch (error) {
    if ((await read(bus, { seq })) === undefined) return false;
    throw error;
  }
}

/** A server that has lost its streams holds no dead letters: the stream is made again with the next one. */
async function read(bus: Bus, query: MsgRequest): Promise<StoredMsg | undefined> {
  const { streams: api } = await manager(bus);
  return (await found(api.getMessage(streams.dead, query))) ?? undefined;
}

function manager(bus: Bus) {
  return jetstreamManager(bus.nc, { checkAPI: false });
}

function readDeadLetter(stored: StoredMsg): DeadLetter {
  const all = Object.fromEntries([...stored.header].map(([name, values]) => [name, values[0] ?? '']));
  const {
    [deadLetterHeaders.reason]: reason = '',
    [deadLetterHeaders.subject]: subject = '',
    [deadLetterHeaders.stream]: stream = '',
    [deadLetterHeaders.deliveryCount]: deliveryCount = '0',
    [deadLetterHeaders.cutFrom]: cutFrom,
    ...headers
  } = all;
  delete headers['Nats-Msg-Id'];
  return {
    seq: stored.seq,
    at: stored.time.getTime(),
    reason,
    subject,
    stream,
    deliveryCount: Number(deliveryCount),
    headers,
    body: stored.data,
    ...(cutFrom === undefined ? {} : { cutFrom: Number(cutFrom) }),
  };
}
