import { type ConsumerSpec } from '@braid/messaging';
import { streams } from '@braid/contracts';
import { type World } from '../world/world';
import { type Weather } from '../world/weather';
import { oneWay } from '../world/exchange';

export type Message = {
  readonly seq: number;
  readonly subject: string;
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly id: string | undefined;
};

/** Who pulls from a consumer. */
export type Puller = {
  readonly process: { readonly name: string; readonly alive: boolean };
  /** Messages that it asks for and that are not on their way to it. */
  wants: number;
  deliver(message: Message, deliveries: number): void;
};

type Pending = { readonly deliveries: number; until: number };

const deduplicates = 120_000;

class Stream {
  readonly messages = new Map<number, Message>();
  readonly ids = new Map<string, number>();
  last = 0;
}

/** A durable pull consumer of a work queue. */
class Consumer {
  /** Numbers of messages that wait, in order. */
  readonly ready: number[] = [];
  readonly pending = new Map<number, Pending>();
  readonly deliveries = new Map<number, number>();
  readonly pullers: Puller[] = [];

  constructor(readonly spec: ConsumerSpec) {}

  get ackWait(): number {
    return (this.spec.config.ack_wait ?? 0) / 1e6;
  }

  takes(subject: string): boolean {
    const filter = this.spec.config.filter_subject ?? '';
    return filter.endsWith('>') ? subject.startsWith(filter.slice(0, -1)) : subject === filter;
  }
}

/** What the bus keeps: work queues with their consumers, the memory of message ids, and what it remembers of logs. */
export class SimNats {
  up = true;
  /** Rises whenever the server starts: connections of before are gone. */
  starts = 0;
  private readonly streams = new Map<string, Stream>();
  private readonly consumers = new Map<string, Consumer>();
  private readonly listeners = new Set<{ readonly subject: string; hear(subject: string, body: string): void }>();

  constructor(
    private readonly world: World,
    private readonly weather: Weather,
    /** Hears of every message that is stored. */
    private readonly stored: (stream: string, message: Message) => void,
  ) {}

  /** Keeps a message, unless it knows its id. */
  publish(subject: string, body: string, headers: Readonly<Record<string, string>>, id: string | undefined): void {
    const name = streamNameOf(subject);
    const stream = this.stream(name);
    const known = id === undefined ? undefined : stream.ids.get(id);
    if (known !== undefined && this.world.now - known < deduplicates) return;
    if (id !== undefined) stream.ids.set(id, this.world.now);
    const message = { seq: ++stream.last, subject, body, headers, id };
    this.stored(name, message);
    if (name !== streams.in && name !== streams.work) return;
    stream.messages.set(message.seq, message);
    for (const consumer of this.consumers.values()) {
      if (consumer.spec.stream !== name || !consumer.takes(subject)) continue;
      consumer.ready.push(message.seq);
      this.pump(consumer);
    }
  }

  emit(subject: string, body: string): void {
    for (const listener of this.listeners) {
      const { subject: wanted } = listener;
      const heard = wanted.endsWith('*') ? subject.startsWith(wanted.slice(0, -1)) : subject === wanted;
      if (!heard || this.world.chance.happens(this.weather.lost)) continue;
      listener.hear(subject, body);
    }
  }

  listen(subject: string, hear: (subject: string, body: string) => void): () => void {
    const listener = { subject, hear };
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Makes the consumer if it is missing; whatever lies in its stream waits for it. */
  consumer(spec: ConsumerSpec): Consumer {
    const key = `${spec.stream}/${spec.name}`;
    const known = this.consumers.get(key);
    if (known) return known;
    const made = new Consumer(spec);
    for (const { seq, subject } of this.stream(spec.stream).messages.values()) {
      if (made.takes(subject)) made.ready.push(seq);
    }
    this.consumers.set(key, made);
    return made;
  }

  backlog({ stream, name }: ConsumerSpec): number {
    const consumer = this.consumers.get(`${stream}/${name}`);
    return consumer === undefined ? 0 : consumer.ready.length + consumer.pending.size;
  }

  pull(spec: ConsumerSpec, puller: Puller): void {
    const consumer = this.consumer(spec);
    if (!consumer.pullers.includes(puller)) consumer.pullers.push(puller);
    this.pump(consumer);
  }

  leave(puller: Puller): void {
    for (const { pullers } of this.consumers.values()) {
      const place = pullers.indexOf(puller);
      if (place >= 0) pullers.splice(place, 1);
    }
  }

  /** An acknowledgement counts for its message whoever sent it, and after whichever delivery. */
  ack(spec: ConsumerSpec, seq: number): void {
    const consumer = this.consumer(spec);
    const { messages } = this.stream(spec.stream);
    const waits = consumer.ready.indexOf(seq);
    if (!consumer.pending.delete(seq)) {
      if (!consumer.deliveries.has(seq) || waits < 0) return;
      consumer.ready.splice(waits, 1);
    }
    messages.delete(seq);
    this.pump(consumer);
  }

  nak(spec: ConsumerSpec, seq: number, delayMs: number): void {
    const consumer = this.consumer(spec);
    const pending = consumer.pending.get(seq);
    if (pending === undefined) return;
    pending.until = this.world.now + delayMs;
    this.watch(consumer, seq, pending);
  }

  working(spec: ConsumerSpec, seq: number): void {
    const consumer = this.consumer(spec);
    const pending = consumer.pending.get(seq);
    if (pending) pending.until = Math.max(pending.until, this.world.now + consumer.ackWait);
  }

  /** The server goes down. Ids of messages that are not in a stream any more are forgotten. */
  stop(): void {
    this.up = false;
    for (const stream of this.streams.values()) {
      const kept = new Set([...stream.messages.values()].map(({ id }) => id));
      for (const id of stream.ids.keys()) if (!kept.has(id)) stream.ids.delete(id);
    }
    for (const consumer of this.consumers.values()) consumer.pullers.length = 0;
  }

  start(): void {
    this.up = true;
    this.starts++;
  }

  /** Everything that it held is gone. */
  wipe(): void {
    this.streams.clear();
    this.consumers.clear();
  }

  /** Messages that lie in work queues, by stream. */
  left(): readonly string[] {
    return [...this.streams].flatMap(([name, { messages }]) =>
      [...messages.values()].map(({ seq, subject }) => `${name}#${seq} ${subject}`),
    );
  }

  private stream(name: string): Stream {
    let stream = this.streams.get(name);
    if (!stream) this.streams.set(name, (stream = new Stream()));
    return stream;
  }

  private pump(consumer: Consumer): void {
    const limit = consumer.spec.config.max_ack_pending ?? Infinity;
    const { messages } = this.stream(consumer.spec.stream);
    while (this.up && consumer.ready.length > 0 && consumer.pending.size < limit) {
      const place = consumer.pullers.findIndex(({ wants, process }) => wants > 0 && process.alive);
      const puller = consumer.pullers[place];
      if (puller === undefined) return;
      const seq = consumer.ready.shift() ?? 0;
      const message = messages.get(seq);
      if (message === undefined) continue;
      consumer.pullers.push(...consumer.pullers.splice(place, 1));
      const deliveries = (consumer.deliveries.get(seq) ?? 0) + 1;
      consumer.deliveries.set(seq, deliveries);
      const pending = { deliveries, until: this.world.now + consumer.ackWait };
      consumer.pending.set(seq, pending);
      this.watch(consumer, seq, pending);
      puller.wants--;
      puller.deliver(message, deliveries);
    }
  }

  private watch(consumer: Consumer, seq: number, pending: Pending): void {
    const { world } = this;
    world.after(pending.until - world.now, `${consumer.spec.name}#${seq} is due again`, () => {
      if (
        consumer.pending.get(seq) !== pending ||
        this.consumers.get(`${consumer.spec.stream}/${consumer.spec.name}`) !== consumer
      )
        return;
      if (pending.until > world.now) return this.watch(consumer, seq, pending);
      consumer.pending.delete(seq);
      consumer.ready.unshift(seq);
      this.pump(consumer);
    });
  }

  /** Milliseconds until something that the server sends arrives. */
  way(): number {
    return oneWay(this.world, this.weather);
  }
}

function streamNameOf(subject: string): string {
  for (const [prefix, name] of prefixes) if (subject.startsWith(prefix)) return name;
  throw new Error(`No stream keeps ${subject}`);
}

const prefixes = [
  ['braid.in.', streams.in],
  ['braid.work.', streams.work],
  ['braid.events.', streams.events],
  ['braid.dead.', streams.dead],
] as const;
