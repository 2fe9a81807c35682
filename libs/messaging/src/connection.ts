import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from '@nats-io/transport-node';
import { jetstreamManager, type JetStreamManager } from '@nats-io/jetstream';
import {
  AuthorizationError,
  headers as newHeaders,
  type Msg,
  type NatsConnection,
  PermissionViolationError,
} from '@nats-io/nats-core';
import { subjectToken } from '@braid/contracts';
import { parseAddress } from './address';
import {
  type Bus,
  type BusCounts,
  type ConnectionObserver,
  type Intake,
  type IntakeOptions,
  type LiveMessage,
  type Log,
} from './bus';
import { PullIntake } from './intake';
import { LargeBodies } from './large-bodies';
import { Outbox } from './outbox';
import { Provisioner } from './provisioner';
import { type PublisherOptions, StreamPublisher } from './publisher';
import { defaultStreamLimits, type StreamLimits, streamSpecs } from './topology';

export type BusOptions = Partial<PublisherOptions> & {
  /** `nats://user:password@host:port`, several separated by commas. */
  readonly url: string;
  /** Names the process in the server's list of connections. */
  readonly name: string;
  readonly log?: Log;
  /** Milliseconds to wait for a server to answer for the first time; default: for ever. */
  readonly connectWithin?: number;
  /** What this process makes streams with when it finds them missing. */
  readonly limits?: Partial<StreamLimits>;
};

const silent: Log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

/** Milliseconds. A link that is cut without a word is noticed after two unanswered pings. */
const PING_MS = 10_000;
const RECONNECT_MS = 250;
const RECONNECT_JITTER_MS = 500;
const API_TIMEOUT_MS = 5_000;

/**
 * Connects to NATS. Waits until a server answers, and from then on reconnects for ever.
 * @throws TypeError when the address cannot be read, AuthorizationError when the server refuses the credentials, ConnectionError
 * when no server answered within `connectWithin`.
 */
export async function connectBus(options: BusOptions): Promise<Bus> {
  const inboxPrefix = options.inboxPrefix ?? `_INBOX_${subjectToken(options.name)}`;
  const settings = {
    ...parseAddress(options.url),
    name: options.name,
    inboxPrefix,
    maxReconnectAttempts: -1,
    pingInterval: PING_MS,
    reconnectTimeWait: RECONNECT_MS,
    reconnectJitter: RECONNECT_JITTER_MS,
    reconnectJitterTLS: RECONNECT_JITTER_MS,
    // Credentials may be refused for a moment while a server starts; only a first refusal is final.
    ignoreAuthErrorAbort: true,
    noAsyncTraces: true,
  };
  const giveUp = performance.now() + (options.connectWithin ?? Infinity);
  for (;;) {
    try {
      const nc = await connect({ ...settings });
      return new NatsBus(nc, { ...options, inboxPrefix });
    } catch (error) {
      if (error instanceof AuthorizationError || performance.now() >= giveUp) throw error;
      options.log?.warn({ error, servers: settings.servers }, 'NATS does not answer; trying again');
      await sleep(RECONNECT_MS + Math.random() * RECONNECT_JITTER_MS);
    }
  }
}

class NatsBus implements Bus {
  readonly name: string;
  readonly inboxPrefix: string;
  readonly log: Log;
  readonly counts: BusCounts = {
    disconnects: 0,
    reconnects: 0,
    serverErrors: 0,
    unsent: 0,
    unhandled: 0,
    resent: 0,
    restored: 0,
    deadLetters: 0,
  };
  readonly provisioner: Provisioner;
  readonly outbox: Outbox;
  readonly publisher: StreamPublisher;
  readonly bodies: LargeBodies;
  connected = true;
  private readonly observers = new Set<ConnectionObserver>();
  private jsm: Promise<JetStreamManager> | undefined;

  constructor(
    readonly nc: NatsConnection,
    options: BusOptions & { readonly inboxPrefix: string },
  ) {
    this.name = options.name;
    this.inboxPrefix = options.inboxPrefix;
    this.log = options.log ?? silent;
    const limits = { ...defaultStreamLimits, ...options.limits };
    this.outbox = new Outbox(
      nc,
      () => this.connected,
      (error) => this.log.debug({ error }, 'Messages were not sent'),
    );
    this.bodies = new LargeBodies(nc, limits);
    const manager = () => (this.jsm ??= jetstreamManager(nc, { checkAPI: false, timeout: API_TIMEOUT_MS }));
    this.provisioner = new Provisioner(manager, streamSpecs(limits), (name) => {
      this.counts.restored++;
      this.log.info({ name }, 'It was missing from JetStream and has been made');
    });
    this.publisher = new StreamPublisher(this, this.counts, {
      inboxPrefix: options.inboxPrefix,
      maxInFlight: options.maxInFlight ?? 8_192,
      maxInFlightBytes: options.maxInFlightBytes ?? 32 * 1024 * 1024,
      answerWithin: options.answerWithin ?? 5_000,
    });
    void this.follow();
  }

  openIntake(options: IntakeOptions): Intake {
    return new PullIntake(this, options);
  }

  emit(subject: string, value: unknown, headers?: Readonly<Record<string, string>>): void {
    if (!this.connected) {
      this.counts.unsent++;
      return;
    }
    try {
      this.nc.publish(
        subject,
        JSON.stringify(value),
        headers === undefined ? {} : { headers: messageHeaders(headers) },
      );
    } catch (error) {
      this.counts.unsent++;
      this.log.warn({ error, subject }, 'A live message could not be sent');
    }
  }

  listen(
    subject: string,
    handler: (message: LiveMessage) => void | Promise<void>,
    options: { readonly queue?: string } = {},
  ): () => void {
    const failed = (error: unknown) => {
      this.counts.unhandled++;
      this.log.warn({ error, subject }, 'A live message could not be handled');
    };
    const subscription = this.nc.subscribe(subject, {
      ...options,
      callback: (refused, msg) => {
        if (refused !== null) {
          this.log.error({ error: refused, subject }, 'Listening was refused');
          return;
        }
        try {
          handler(liveMessage(msg))?.catch(failed);
        } catch (error) {
          failed(error);
        }
      },
    });
    return () => subscription.unsubscribe();
  }

  observe(observer: ConnectionObserver): () => void {
    this.observers.add(observer);
    return () => this.observers.delete(observer);
  }

  async close(timeoutMs = 5_000): Promise<void> {
    const until = performance.now() + timeoutMs;
    while (this.connected && this.publisher.pending > 0 && performance.now() < until) await sleep(10);
    // Draining waits for the server; it must not keep a process from ending when there is none.
    const reachable = this.connected;
    this.outbox.flush();
    this.connected = false;
    if (reachable) await within(timeoutMs, this.nc.drain());
    await this.nc.close();
    this.ended();
  }

  private async follow(): Promise<void> {
    for await (const status of this.nc.status()) {
      switch (status.type) {
        case 'disconnect':
          this.connected = false;
          this.counts.disconnects++;
          this.log.warn({ server: status.server }, 'Connection to NATS lost');
          this.tell((observer) => observer.disconnected?.());
          break;
        case 'reconnect':
          this.connected = true;
          this.counts.reconnects++;
          this.log.info({ server: status.server }, 'Connected to NATS again');
          this.tell((observer) => observer.reconnected?.());
          break;
        case 'error':
          this.failed(status.error);
          break;
        default:
          this.log.debug({ status: status.type }, 'NATS connection');
      }
    }
    this.ended();
  }

  private failed(error: Error): void {
    this.counts.serverErrors++;
    this.log.error({ error }, 'NATS reported an error');
    if (error instanceof PermissionViolationError && error.operation === 'publish') {
      this.tell((observer) => observer.publishDenied?.(error.subject));
    }
  }

  private ended(): void {
    this.connected = false;
    this.tell((observer) => observer.closed?.());
    this.observers.clear();
  }

  private tell(say: (observer: ConnectionObserver) => void): void {
    for (const observer of this.observers) {
      try {
        say(observer);
      } catch (error) {
        this.log.error({ error }, 'An observer of the connection failed');
      }
    }
  }
}

/** @throws SyntaxError when the body is not JSON. */
function liveMessage(msg: Msg): LiveMessage {
  return {
    subject: msg.subject,
    value: msg.json<unknown>(),
    header: (name) => msg.headers?.get(name) || undefined,
  };
}

function messageHeaders(from: Readonly<Record<string, string>>) {
  const headers = newHeaders();
  for (const [name, value] of Object.entries(from)) headers.set(name, value);
  return headers;
}

/** Waits for something to end, well or not, at most `ms`. */
async function within(ms: number, ending: Promise<void>): Promise<void> {
  const timer = new AbortController();
  const ended = ending.catch(() => undefined);
  await Promise.race([ended, sleep(ms, undefined, { signal: timer.signal }).catch(() => undefined)]);
  timer.abort();
}
