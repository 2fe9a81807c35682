import { setTimeout as sleep } from 'node:timers/promises';
import { JetStreamApiError, StorageType } from '@nats-io/jetstream';
import { nanos, type NatsConnection } from '@nats-io/nats-core';
import { Objm, type ObjectStore } from '@nats-io/obj';
import { largestBody, streams } from '@braid/contracts';
import { PublishError } from './publish-error';
import { type StreamLimits, streamOf } from './topology';

/** Bytes from which on the body of a message to a work queue travels apart: a server does best with small messages. */
const apartFrom = 262_144;
/** The object store that bodies are kept in until their message is handled. */
const bodiesBucket = 'BRAID_BODIES';
/** Names the object that is the body of a message, whose own is empty. */
export const bodyHeader = 'Braid-Body';

/** Of the store, which has its limit, or of the server, which cannot set aside what the store may take. */
const noRoom = /maximum bytes|insufficient storage/;
const callMs = 10_000;
const firstRetryMs = 100;
const longestRetryMs = 2_000;

/**
 * Bodies that are too large for a message of a work queue. Each belongs to one message and goes with it; one whose message
 * was never published, or whose removal was lost, goes by age.
 */
export class LargeBodies {
  private store: Promise<ObjectStore> | undefined;
  private readonly objects: Objm;

  constructor(
    private readonly nc: NatsConnection,
    private readonly limits: StreamLimits,
  ) {
    this.objects = new Objm(nc);
  }

  /** Whether a body travels apart on its way to this subject. */
  isLarge(subject: string, bytes: number): boolean {
    if (bytes < apartFrom) return false;
    const stream = streamOf(subject);
    return stream === streams.in || stream === streams.work;
  }

  /**
   * Stores a body; tries again while the server cannot be reached.
   * @throws PublishError `too-large`; `full`; `closed`; `timeout` when `deadline`, on the monotonic clock, has passed.
   */
  async put(name: string, body: Uint8Array, subject: string, deadline: number): Promise<void> {
    if (body.length > largestBody) {
      throw new PublishError(
        'too-large',
        subject,
        `${body.length} bytes are more than the largest body, ${largestBody}`,
      );
    }
    for (let wait = firstRetryMs; ; wait = Math.min(wait * 2, longestRetryMs)) {
      try {
        await (await this.opened()).putBlob({ name }, body, { timeout: callMs });
        return;
      } catch (error) {
        // Whatever it was, the store may have been lost: it is opened, and made if it must be, for the next try.
        this.store = undefined;
        if (this.nc.isClosed())
          throw new PublishError('closed', subject, 'the bus was closed before its large body was stored');
        if (error instanceof JetStreamApiError && noRoom.test(error.message)) {
          throw new PublishError('full', subject, `NATS has no room for large bodies: ${error.message}`);
        }
        if (performance.now() + wait >= deadline) {
          throw new PublishError('timeout', subject, `its large body was not stored in time: ${String(error)}`);
        }
      }
      await sleep(wait);
    }
  }

  /** The body of that name; undefined when there is none any more. */
  async get(name: string): Promise<Uint8Array | undefined> {
    try {
      return (await (await this.opened()).getBlob(name)) ?? undefined;
    } catch (error) {
      this.store = undefined;
      throw error;
    }
  }

  /** The message is handled. What cannot be removed now goes by age. */
  remove(name: string): void {
    this.opened()
      .then((store) => store.delete(name))
      .catch(() => (this.store = undefined));
  }

  private opened(): Promise<ObjectStore> {
    this.store ??= this.objects.create(bodiesBucket, {
      ttl: nanos(this.limits.bodiesAge),
      max_bytes: this.limits.bodiesBytes,
      replicas: this.limits.replicas,
      storage: StorageType.File,
    });
    return this.store;
  }
}
