import { isDeepStrictEqual } from 'node:util';
import {
  type ConsumerConfig,
  JetStreamApiCodes,
  JetStreamApiError,
  type JetStreamManager,
  type StreamConfig,
} from '@nats-io/jetstream';
import { type ConsumerSpec, type StreamName, type StreamSpec } from './topology';

/** A stream or consumer stands in the way of the one that Braid needs; the message says what to change. */
export class ProvisionError extends Error {
  override readonly name = 'ProvisionError';
}

export type Provisioned = {
  readonly kind: 'stream' | 'consumer';
  readonly name: string;
  readonly action: 'created' | 'updated' | 'unchanged';
};

/** Of these the server allows no change. */
const fixed = {
  stream: ['retention', 'storage'],
  consumer: ['ack_policy', 'deliver_policy'],
} as const;

/** The server's codes for a name that is taken by something with another configuration. */
const nameTaken = new Set([10013, 10058, 10148]);

/**
 * Makes streams and consumers what they are declared to be. Several processes may do so at once: creating what another
 * process has just created is a success.
 */
export class Provisioner {
  private readonly running = new Map<string, Promise<boolean>>();

  constructor(
    private readonly manager: () => Promise<JetStreamManager>,
    private readonly streams: Readonly<Record<StreamName, StreamSpec>>,
    private readonly restored: (name: string) => void,
  ) {}

  /** Makes the stream if it is missing; leaves it as it is otherwise. */
  async restoreStream(name: StreamName): Promise<void> {
    const made = await this.once(name, async () => {
      const jsm = await this.manager();
      if (await found(jsm.streams.info(name))) return false;
      return created(jsm.streams.add(this.streams[name]));
    });
    if (made) this.restored(name);
  }

  /** Makes the consumer, and its stream, if they are missing; leaves them as they are otherwise. */
  async restoreConsumer(consumer: ConsumerSpec): Promise<void> {
    const made = await this.once(`${consumer.stream}/${consumer.name}`, async () => {
      const jsm = await this.manager();
      if (await found(jsm.consumers.info(consumer.stream, consumer.name))) return false;
      await this.restoreStream(consumer.stream);
      return created(jsm.consumers.add(consumer.stream, consumer.config));
    });
    if (made) this.restored(`${consumer.stream}/${consumer.name}`);
  }

  /**
   * Makes the stream, or changes it where it differs.
   * @throws ProvisionError when the server cannot change what differs.
   */
  async provisionStream(name: StreamName): Promise<Provisioned> {
    const jsm = await this.manager();
    const spec = this.streams[name];
    const existing = await found(jsm.streams.info(name));
    if (existing === undefined && (await created(jsm.streams.add(spec))))
      return { kind: 'stream', name, action: 'created' };
    const current = (existing ?? (await jsm.streams.info(name))).config;
    return change('stream', name, current, spec, () => jsm.streams.update(name, { ...current, ...spec }));
  }

  /**
   * Makes the consumer, or changes it where it differs.
   * @throws ProvisionError when the server cannot change what differs.
   */
  async provisionConsumer({ stream, name, config }: ConsumerSpec): Promise<Provisioned> {
    const jsm = await this.manager();
    const existing = await found(jsm.consumers.info(stream, name));
    const label = `${stream}/${name}`;
    if (existing === undefined && (await created(jsm.consumers.add(stream, config)))) {
      return { kind: 'consumer', name: label, action: 'created' };
    }
    const current = (existing ?? (await jsm.consumers.info(stream, name))).config;
    return change('consumer', label, current, config, () => jsm.consumers.update(stream, name, config));
  }

  /** Messages of a consumer that wait or are being worked on; 0 when there is no such consumer. */
  async backlog({ stream, name }: ConsumerSpec): Promise<number> {
    const jsm = await this.manager();
    const info = await found(jsm.consumers.info(stream, name));
    return info === undefined ? 0 : info.num_pending + info.num_ack_pending;
  }

  /** One attempt at a time per name: a thousand messages that miss a stream ask for it once. */
  private once(name: string, make: () => Promise<boolean>): Promise<boolean> {
    const running = this.running.get(name);
    if (running !== undefined) return running.then(() => false);
    const attempt = make().finally(() => this.running.delete(name));
    this.running.set(name, attempt);
    return attempt;
  }
}

async function change(
  kind: 'stream' | 'consumer',
  name: string,
  current: Partial<StreamConfig> | Partial<ConsumerConfig>,
  wanted: object,
  update: () => Promise<unknown>,
): Promise<Provisioned> {
  const now: Readonly<Record<string, unknown>> = { ...current };
  const differences = Object.entries(wanted).filter(([field, value]) => !isDeepStrictEqual(now[field], value));
  if (differences.length === 0) return { kind, name, action: 'unchanged' };
  const locked: readonly string[] = fixed[kind];
  const unchangeable = differences.filter(([field]) => locked.includes(field));
  const remedy = `empty and delete the ${kind} with NATS's own tool, then run this again`;
  if (unchangeable.length > 0) {
    throw new ProvisionError(`The ${kind} ${name} cannot be changed: ${tell(now, unchangeable)}; ${remedy}`);
  }
  try {
    await update();
  } catch (error) {
    if (!(error instanceof JetStreamApiError)) throw error;
    throw new ProvisionError(
      `The ${kind} ${name} could not be changed (${error.message}): ${tell(now, differences)}; ${remedy}`,
      { cause: error },
    );
  }
  return { kind, name, action: 'updated' };
}

function tell(now: Readonly<Record<string, unknown>>, differences: readonly [string, unknown][]): string {
  return differences
    .map(([field, value]) => `${field} is ${JSON.stringify(now[field])} and must be ${JSON.stringify(value)}`)
    .join(', ');
}

/** `undefined` when the server knows no such stream or consumer. */
export async function found<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked;
  } catch (error) {
    const missing: readonly number[] = [JetStreamApiCodes.StreamNotFound, JetStreamApiCodes.ConsumerNotFound];
    if (error instanceof JetStreamApiError && missing.includes(error.code)) return undefined;
    throw error;
  }
}

/** False when another process was faster. */
async function created(asked: Promise<unknown>): Promise<boolean> {
  try {
    await asked;
    return true;
  } catch (error) {
    if (error instanceof JetStreamApiError && nameTaken.has(error.code)) return false;
    throw error;
  }
}
