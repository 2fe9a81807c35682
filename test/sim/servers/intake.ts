import { sleep } from '@braid/clock';
import { type Delivery, type Intake, type IntakeOptions, type Publisher } from '@braid/messaging';
import { type SimProcess } from '../world/process';
import { type Weather } from '../world/weather';
import { inWords } from '../world/world';
import { type Message, type Puller, type SimNats } from './nats';

/** Milliseconds that a pull request takes to be given up of whose messages one was lost. */
const silence = 7_500;
const excessRetry = 10;
const handlerFailedRetry = 5_000;

/** Hears what a process says of its messages before the server does. */
export type BusWatcher = {
  acked(process: SimProcess, message: Message): void;
  emitted(process: SimProcess, subject: string, body: string): void;
  deadLetter(process: SimProcess, subject: string, reason: string): void;
};

/** The connection that messages are pulled over. */
export type Connection = {
  readonly process: SimProcess;
  readonly nats: SimNats;
  readonly weather: Weather;
  readonly watcher: BusWatcher;
  readonly publisher: Publisher;
  readonly connected: boolean;
  /** Tells the server something; lost with the connection. */
  say(what: string, act: () => void): void;
};

/** Pulls messages, never more than there are free slots. */
export class SimIntake implements Intake {
  private readonly puller: Puller;
  private held = 0;
  private stopped = false;
  /** Rises with each connection: what comes over an old one is lost. */
  private connection = 0;

  constructor(
    private readonly bus: Connection,
    private readonly options: IntakeOptions,
  ) {
    const { process } = bus;
    this.puller = {
      process,
      wants: 0,
      deliver: (message, deliveries) => this.onItsWay(message, deliveries),
    };
    this.free = options.slots;
    this.connected();
  }

  private free: number;

  connected(): void {
    const { bus } = this;
    if (!bus.connected || this.stopped) return;
    bus.process.after(bus.nats.way() * 2, `pulls from ${this.options.consumer.name}`, () => this.pull());
  }

  disconnected(): void {
    this.connection++;
    this.free += this.puller.wants;
    this.puller.wants = 0;
    this.bus.nats.leave(this.puller);
  }

  release(count = 1): void {
    const released = Math.min(count, this.held);
    this.held -= released;
    this.free += released;
    this.pull();
  }

  async stop(): Promise<void> {
    if (this.stopped) return;
    this.stopped = true;
    this.bus.nats.leave(this.puller);
    await sleep(this.bus.process.clock, 1);
  }

  private pull(): void {
    const { bus, puller, options } = this;
    if (this.stopped || !bus.connected || !bus.nats.up || !bus.process.alive) return;
    puller.wants += this.free;
    this.free = 0;
    bus.nats.pull(options.consumer, puller);
  }

  private onItsWay(message: Message, deliveries: number): void {
    const { bus, connection, options } = this;
    const { process, nats } = bus;
    const way = `${options.consumer.name}#${message.seq} (${deliveries})`;
    if (process.world.chance.happens(bus.weather.lost)) {
      process.after(silence, `${way} was lost`, () => {
        this.free++;
        this.pull();
      });
      return;
    }
    process.after(nats.way(), `gets ${way} ${message.subject}`, () => {
      const delivery = new SimDelivery(bus, options.consumer, message, deliveries);
      if (this.connection !== connection) {
        this.free++;
        return this.pull();
      }
      if (this.stopped) return delivery.nak(excessRetry);
      if (!process.survives(`getting ${way}`)) return;
      this.held++;
      try {
        options.handler(delivery);
      } catch (error) {
        process.world.violated(`${process.name} could not handle ${message.subject}: ${inWords(error)}`);
        delivery.nak(handlerFailedRetry);
        this.release();
      }
    });
  }
}

class SimDelivery implements Delivery {
  private ended = false;

  constructor(
    private readonly bus: Connection,
    private readonly consumer: IntakeOptions['consumer'],
    private readonly message: Message,
    readonly deliveryCount: number,
  ) {}

  get subject(): string {
    return this.message.subject;
  }

  get body(): Uint8Array {
    return Buffer.from(this.message.body);
  }

  header(name: string): string | undefined {
    return this.message.headers[name];
  }

  ack(): void {
    this.end('ack', () => {
      this.bus.watcher.acked(this.bus.process, this.message);
      return () => this.bus.nats.ack(this.consumer, this.message.seq);
    });
  }

  nak(delayMs: number): void {
    this.end('nak', () => () => this.bus.nats.nak(this.consumer, this.message.seq, Math.max(1, delayMs)));
  }

  working(): void {
    if (this.ended) return;
    this.bus.say(`working on ${this.consumer.name}#${this.message.seq}`, () =>
      this.bus.nats.working(this.consumer, this.message.seq),
    );
  }

  async deadLetter(reason: string): Promise<void> {
    if (this.ended) return;
    this.ended = true;
    const { bus, message } = this;
    bus.watcher.deadLetter(bus.process, message.subject, reason);
    await bus.publisher.publish(`braid.dead.${this.consumer.stream}`, message.body);
    bus.say(`term ${this.consumer.name}#${message.seq}`, () => bus.nats.ack(this.consumer, message.seq));
  }

  private end(word: string, prepare: () => () => void): void {
    if (this.ended || !this.bus.process.alive) return;
    this.ended = true;
    this.bus.say(`${word} ${this.consumer.name}#${this.message.seq}`, prepare());
  }
}
