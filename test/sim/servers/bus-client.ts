import {
  type Bus,
  type BusCounts,
  type Intake,
  type IntakeOptions,
  type LiveMessage,
  type Log,
  PublishError,
  type Publisher,
} from '@braid/messaging';
import { sleep } from '@braid/clock';
import { type Task } from '../world/agenda';
import { type SimProcess } from '../world/process';
import { type Weather } from '../world/weather';
import { type BusWatcher, type Connection, SimIntake } from './intake';
import { type SimNats } from './nats';

const answerWithin = 5_000;
const reconnectsWithin = 700;

/** The connection of one process to the bus, with the promises that `@braid/messaging` makes. */
export class BusClient implements Bus, Connection {
  readonly inboxPrefix: string;
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
  readonly publisher: Publisher;
  connected: boolean;
  private readonly intakes = new Set<SimIntake>();
  private readonly unlisten: (() => void)[] = [];
  private cutOff = false;

  constructor(
    readonly process: SimProcess,
    readonly nats: SimNats,
    readonly weather: Weather,
    readonly watcher: BusWatcher,
    readonly log: Log,
  ) {
    this.connected = nats.up;
    this.inboxPrefix = `_INBOX_${process.name}`;
    this.publisher = { publish: (subject, body, options) => this.publish(subject, body, options), pending: 0 };
    process.onDeath(() => this.gone());
    void this.stayConnected();
  }

  get name(): string {
    return this.process.name;
  }

  get nc(): Bus['nc'] {
    throw new Error('The simulated bus has nothing below it');
  }

  get outbox(): Bus['outbox'] {
    throw new Error('The simulated bus has nothing below it');
  }

  get bodies(): Bus['bodies'] {
    throw new Error('No message of a simulation is large');
  }

  /** The link is cut for a while: nothing comes and nothing goes. */
  cut(ms: number): void {
    this.process.world.log(this.name, `is cut off from NATS for ${ms.toFixed(0)} ms`);
    this.cutOff = true;
    this.disconnected();
    this.process.world.after(ms, `${this.name} may reach NATS again`, () => (this.cutOff = false));
  }

  /** The server went down. */
  disconnected(): void {
    if (!this.connected) return;
    this.connected = false;
    for (const intake of this.intakes) intake.disconnected();
    void this.stayConnected();
  }

  openIntake(options: IntakeOptions): Intake {
    const intake = new SimIntake(this, options);
    this.intakes.add(intake);
    return intake;
  }

  emit(subject: string, value: unknown): void {
    const { process, nats } = this;
    if (!process.survives(`before telling ${subject}`)) return;
    const body = JSON.stringify(value);
    this.watcher.emitted(process, subject, body);
    if (!this.connected) return;
    process.world.after(nats.way(), `${this.name} tells ${subject}`, () => {
      if (nats.up) nats.emit(subject, body);
    });
  }

  listen(subject: string, handler: (message: LiveMessage) => void | Promise<void>): () => void {
    const { process, nats } = this;
    const stop = nats.listen(subject, (heardOn, body) => {
      if (!this.connected) return;
      process.after(nats.way(), `hears ${heardOn}`, () => {
        if (!this.connected) return;
        void handler({ subject: heardOn, value: JSON.parse(body) as unknown, header: () => undefined });
      });
    });
    this.unlisten.push(stop);
    return stop;
  }

  observe(): () => void {
    return () => undefined;
  }

  async close(): Promise<void> {
    this.gone();
  }

  get provisioner(): Bus['provisioner'] {
    const ask = <T>(what: string, answer: () => T) => this.ask(what, answer);
    return {
      restoreStream: () => ask('restore a stream', () => undefined),
      restoreConsumer: (spec) => ask('restore a consumer', () => void this.nats.consumer(spec)),
      provisionStream: (name) => ask('stream', () => ({ kind: 'stream', name, action: 'unchanged' })),
      provisionConsumer: (spec) =>
        ask('consumer', () => {
          this.nats.consumer(spec);
          return { kind: 'consumer', name: spec.name, action: 'unchanged' };
        }),
      backlog: (spec) => ask('backlog', () => this.nats.backlog(spec)),
    };
  }

  /** Something that a delivery says to the server; lost with the connection. */
  say(what: string, act: () => void): void {
    const { process, nats, weather } = this;
    if (!process.survives(`before ${what}`) || !this.connected) return;
    const lost = process.world.chance.happens(weather.lost);
    process.world.after(nats.way(), `${this.name}: ${what}${lost ? ' (lost)' : ''}`, () => {
      if (nats.up && !lost) act();
    });
  }

  private gone(): void {
    this.connected = false;
    for (const stop of this.unlisten) stop();
    for (const intake of this.intakes) intake.disconnected();
  }

  /** A question to the server that is asked once. */
  private ask<T>(what: string, answer: () => T): Promise<T> {
    const { process, nats } = this;
    return new Promise((resolve, reject) => {
      if (!process.survives(`before ${what}`)) return;
      if (!this.connected) {
        process.after(answerWithin, `${what}: no answer`, () => reject(new Error('timeout')));
        return;
      }
      process.after(nats.way() + nats.way(), `${what} answered`, () => {
        if (!nats.up) reject(new Error('disconnected'));
        else if (process.survives(`after ${what}`)) resolve(answer());
      });
    });
  }

  private async stayConnected(): Promise<void> {
    const { process, nats } = this;
    while (!this.connected) {
      await sleep(process.clock, 50 + process.clock.random() * reconnectsWithin);
      if (nats.up && !this.cutOff) this.connected = true;
    }
    for (const intake of this.intakes) intake.connected();
  }

  /** Until the server has it: sent again, under the same id, when no answer comes. */
  private publish(
    subject: string,
    body: string | Uint8Array,
    options: Parameters<Publisher['publish']>[2] = {},
  ): Promise<void> {
    const { process, nats, weather } = this;
    const { world } = process;
    const text = typeof body === 'string' ? body : Buffer.from(body).toString();
    return new Promise((resolve, reject) => {
      const timers: Task[] = [];
      let settled = false;
      const settle = (tell: () => void) => {
        if (settled) return;
        settled = true;
        for (const timer of timers) timer.what = undefined;
        tell();
      };
      const arrives = () => {
        if (!nats.up) return;
        nats.publish(subject, text, options.headers ?? {}, options.messageId);
        if (world.chance.happens(weather.doubled)) nats.publish(subject, text, options.headers ?? {}, undefined);
        if (world.chance.happens(weather.lost)) return;
        process.after(nats.way(), `stored in ${subject}`, () => {
          if (process.survives(`after publishing to ${subject}`)) settle(resolve);
        });
      };
      const send = (wait: number) => {
        if (!process.survives(`before publishing to ${subject}`)) return;
        timers[0] = process.after(this.connected ? wait : reconnectsWithin, `publishes again to ${subject}`, () =>
          send(Math.min(wait * 2, 30_000)),
        );
        if (!this.connected || world.chance.happens(weather.lost)) return;
        world.after(nats.way(), `${this.name} publishes to ${subject}`, arrives);
      };
      send(answerWithin);
      if (options.timeoutMs !== undefined) {
        const late = () => settle(() => reject(new PublishError('timeout', subject, 'not stored in time')));
        timers[1] = process.after(options.timeoutMs, `gives up publishing to ${subject}`, late);
      }
    });
  }
}
