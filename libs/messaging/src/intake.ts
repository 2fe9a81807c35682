import { type Msg } from '@nats-io/nats-core';
import { type Bus, type Intake, type IntakeOptions } from './bus';
import { keepDeadLetter } from './dead-letter-copy';
import { StreamDelivery } from './delivery';
import { bodyHeader } from './large-bodies';
import { laneCheckMs, PullLane } from './pull-lane';

/** Requests that stand at once: one may be answered while the next is on its way. */
const LANES = 3;
const HANDLER_FAILED_RETRY_MS = 5_000;
/** A message that nobody here has a slot for is given back for others at once; a delay of 0 would be a hot loop. */
const EXCESS_RETRY_MS = 10;
const FIRST_BACKOFF_MS = 50;
const MAX_BACKOFF_MS = 5_000;

/** Pulls from a consumer. Makes it, and its stream, if they are missing, now and whenever they get lost. */
export class PullIntake implements Intake {
  /** free + held + requested is always the number of slots. */
  private free: number;
  private held = 0;
  private requested = 0;
  private readonly lanes: readonly PullLane[];
  private readonly label: string;
  private ready = false;
  private preparing = false;
  private scheduled = false;
  private stopped = false;
  private troubles = 0;
  private backoff: NodeJS.Timeout | undefined;
  private readonly check: NodeJS.Timeout;
  private readonly unobserve: () => void;

  constructor(
    private readonly bus: Bus,
    private readonly options: IntakeOptions,
  ) {
    const { stream, name } = options.consumer;
    this.free = options.slots;
    this.label = `${stream}/${name}`;
    const api = `$JS.API.CONSUMER.MSG.NEXT.${stream}.${name}`;
    const events = {
      message: (msg: Msg) => this.deliver(msg),
      excess: (msg: Msg) => this.delivery(msg).nak(EXCESS_RETRY_MS),
      idle: () => this.idle(),
      over: (returned: number, trouble: string | undefined) => this.over(returned, trouble),
    };
    this.lanes = Array.from({ length: LANES }, () => new PullLane(bus.nc, bus.inboxPrefix, api, events));
    this.check = setInterval(() => this.endSilentLanes(), laneCheckMs).unref();
    this.unobserve = bus.observe({ disconnected: () => this.disconnected(), reconnected: () => this.prepare() });
    this.prepare();
  }

  release(count = 1): void {
    const released = Math.min(count, this.held);
    this.held -= released;
    this.free += released;
    this.schedule();
  }

  async stop(): Promise<void> {
    if (this.stopped) return;
    this.stopped = true;
    clearInterval(this.check);
    clearTimeout(this.backoff);
    this.unobserve();
    if (this.bus.connected) await Promise.all(this.lanes.map((lane) => lane.close()));
  }

  private deliver(msg: Msg): void {
    this.requested--;
    this.held++;
    this.troubles = 0;
    if (this.free > 0) this.schedule();
    const delivery = this.delivery(msg);
    const apart = delivery.header(bodyHeader);
    if (apart !== undefined) {
      void this.handleWithBody(delivery, apart);
      return;
    }
    try {
      this.options.handler(delivery);
    } catch (error) {
      this.failed(delivery, error);
    }
  }

  private failed(delivery: StreamDelivery, error: unknown): void {
    this.bus.log.error({ error, subject: delivery.subject, consumer: this.label }, 'A message could not be handled');
    delivery.nak(HANDLER_FAILED_RETRY_MS);
    this.release();
  }

  private async handleWithBody(delivery: StreamDelivery, name: string): Promise<void> {
    try {
      const body = await this.bus.bodies.get(name);
      if (body === undefined) return await this.bodyGone(delivery, name);
      delivery.body = body;
      this.options.handler(delivery);
    } catch (error) {
      this.failed(delivery, error);
    }
  }

  /** A body goes when its message is acknowledged; a message that comes again without one was, and the word of it was lost. */
  private async bodyGone(delivery: StreamDelivery, name: string): Promise<void> {
    if (delivery.deliveryCount > 1) delivery.ack();
    else await delivery.deadLetter(`its body, which is stored apart as ${name}, is not there`);
    this.release();
  }

  private delivery(msg: Msg): StreamDelivery {
    return new StreamDelivery(
      msg,
      this.bus.outbox,
      (one, reason) => {
        const { body, msg, position, subject } = one;
        const message = { subject, body, headers: msg.headers ?? [], ...position };
        return keepDeadLetter(this.bus, this.options.consumer.stream, message, reason);
      },
      (error) =>
        this.bus.log.error({ error, consumer: this.label }, 'A dead letter could not be kept; its message comes again'),
      (one) => {
        const apart = one.header(bodyHeader);
        if (apart !== undefined) this.bus.bodies.remove(apart);
      },
    );
  }

  /** Releases and deliveries of one turn of the event loop make one pull request. */
  private schedule(): void {
    if (this.scheduled) return;
    this.scheduled = true;
    queueMicrotask(() => {
      this.scheduled = false;
      this.pull();
    });
  }

  /** Asks again when as much is free as is still to come: under load one request asks for many, and idle slots are asked for at once. */
  private pull(): void {
    if (this.stopped || !this.ready || !this.bus.connected || this.free === 0 || this.free < this.requested) return;
    const lane = this.lanes.find(({ remaining }) => remaining === 0);
    if (lane === undefined) return;
    const batch = this.free;
    this.free = 0;
    this.requested += batch;
    lane.request(batch);
  }

  private over(returned: number, trouble: string | undefined): void {
    this.requested -= returned;
    this.free += returned;
    if (this.stopped) return;
    if (trouble === undefined) {
      this.schedule();
      return;
    }
    this.ready = false;
    this.bus.log.warn({ consumer: this.label, trouble }, 'Pulling was interrupted');
    this.prepareLater();
  }

  private idle(): void {
    this.troubles = 0;
    if (this.held === 0 && !this.stopped) this.options.onIdle?.();
  }

  private disconnected(): void {
    this.ready = false;
    // A server that survived still holds the requests and would answer them beside the new ones.
    for (const lane of this.lanes) lane.abandon(undefined);
  }

  private endSilentLanes(): void {
    if (!this.bus.connected) return;
    for (const lane of this.lanes) if (lane.isSilent()) lane.abandon('no sign of life from the consumer');
  }

  private prepareLater(): void {
    clearTimeout(this.backoff);
    const wait = Math.min(FIRST_BACKOFF_MS * 2 ** this.troubles++, MAX_BACKOFF_MS) * (0.5 + Math.random() / 2);
    this.backoff = setTimeout(() => this.prepare(), wait).unref();
  }

  /** Sees to it that the consumer exists before anything is asked of it: the server does not answer for one that is missing. */
  private prepare(): void {
    if (this.preparing || this.stopped || !this.bus.connected) return;
    this.preparing = true;
    this.bus.provisioner
      .restoreConsumer(this.options.consumer)
      .then(
        () => {
          this.ready = this.bus.connected;
          this.schedule();
        },
        (error: unknown) => {
          this.bus.log.warn(
            { error, consumer: this.label },
            'The consumer is missing and could not be made; trying again',
          );
          this.prepareLater();
        },
      )
      .finally(() => (this.preparing = false));
  }
}
