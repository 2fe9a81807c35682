import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { jetstreamManager } from '@nats-io/jetstream';
import { streams, subjects } from '@braid/contracts';
import { type FreshNats, freshNats } from '@braid/testing';
import {
  type Bus,
  type BusOptions,
  connectBus,
  getDeadLetter,
  listDeadLetters,
  partitionConsumer,
  provision,
} from '../src';
import { collect, textOf, until } from './waiting';

describe('When NATS fails', () => {
  let nats: FreshNats;
  const opened: Bus[] = [];
  const connect = async (options: Partial<BusOptions> = {}) => {
    const bus = await connectBus({ url: nats.url, name: 'recovery-test', ...options });
    opened.push(bus);
    return bus;
  };
  beforeEach(async () => {
    nats = await freshNats();
    await provision(await connect(), { partitions: 3 });
  });
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((bus) => bus.close(500)));
    await nats.stop();
  });

  /** Publishes without pause until it is told to stop; `acked` are those that were stored by the server's word. */
  function flood(bus: Bus, prefix: string, subject = (n: number) => subjects.start(n % 3, 'w')) {
    const acked: string[] = [];
    let running = true;
    let next = 0;
    const sender = async () => {
      while (running) {
        const body = `${prefix}${++next}`;
        await bus.publisher.publish(subject(next), body, { messageId: body });
        acked.push(body);
        await sleep(1);
      }
    };
    const senders = Promise.all(Array.from({ length: 20 }, sender));
    return {
      acked,
      stop: async () => {
        running = false;
        await senders;
      },
    };
  }

  it('loses nothing that was acked when the server is killed while messages are published and pulled', async () => {
    // Only the return of the connection makes these be sent again: waiting for an answer would take a minute.
    const [sending, pulling] = [await connect({ answerWithin: 60_000 }), await connect()];
    const { acked, stop } = flood(sending, 'm');
    const seen = new Set<string>();
    for (const partition of [0, 1, 2]) {
      const intake = pulling.openIntake({
        consumer: partitionConsumer(partition),
        slots: 10,
        handler: (delivery) => {
          seen.add(textOf(delivery));
          delivery.ack();
          intake.release();
        },
      });
    }
    for (let kill = 0; kill < 3; kill++) {
      const before = acked.length;
      await until('messages flow', () => acked.length > before + 200);
      await nats.killNow();
      await sleep(300);
      await nats.restart();
    }
    const before = acked.length;
    await until('messages flow again', () => acked.length > before + 200);
    await stop();
    expect(sending.publisher.pending).toBe(0);
    await until('every acked message came', () => acked.every((body) => seen.has(body)));
    expect(sending.counts.resent).toBeGreaterThan(0);
  });

  it('goes on by itself within seconds when everything that the server held is gone', async () => {
    const sending = [await connect(), await connect()];
    const pulling = await connect();
    // Nobody pulls events: their stream is back only if the publisher sees to it.
    const floods = sending.map((bus, i) =>
      i === 0 ? flood(bus, 'in') : flood(bus, 'event', () => subjects.event('p', 'WorkflowStarted', 'w')),
    );
    const intakes = [0, 1, 2].map((partition) =>
      collect(pulling, { consumer: partitionConsumer(partition), slots: 10 }),
    );
    for (let round = 0; round < 2; round++) {
      await until('messages flow', () => floods.every(({ acked }) => acked.length > 100));
      await nats.wipe();
      const published = floods.map(({ acked }) => acked.length);
      const pulled = intakes.map(({ bodies }) => bodies.length);
      await until(
        'every sender and every intake goes on',
        () =>
          floods.every(({ acked }, i) => acked.length > (published[i] ?? 0) + 50) &&
          intakes.every(({ bodies }, i) => bodies.length > (pulled[i] ?? 0) + 20),
        10_000,
      );
    }
    await Promise.all(floods.map(({ stop }) => stop()));
    expect(sending.map(({ publisher }) => publisher.pending)).toEqual([0, 0]);
  });

  it('goes on when a stream or a consumer is deleted under it', async () => {
    const bus = await connect();
    const { bodies } = collect(bus, { consumer: partitionConsumer(0), slots: 10 });
    const jsm = await jetstreamManager(bus.nc);
    const works = async (body: string) => {
      await bus.publisher.publish(subjects.start(0, 'w'), body);
      await until(`${body} came`, () => bodies.includes(body), 10_000);
    };
    await works('before');
    await jsm.consumers.delete(streams.in, partitionConsumer(0).name);
    await works('after the consumer was deleted');
    await jsm.streams.delete(streams.in);
    await works('after the stream was deleted');
    // An acknowledgement that was under way went with the consumer: its message may come twice.
    expect([...new Set(bodies)]).toEqual(['before', 'after the consumer was deleted', 'after the stream was deleted']);
  });

  it('asks again when the connection breaks and the server stays, without exceeding its slots', async () => {
    const [sending, pulling] = [await connect(), await connect()];
    const held: string[] = [];
    pulling.openIntake({
      consumer: partitionConsumer(0),
      slots: 4,
      handler: (delivery) => held.push(textOf(delivery)),
    });
    await sleep(200);
    for (let i = 0; i < 3; i++) {
      await pulling.nc.reconnect();
      await until('it is connected again', () => pulling.counts.reconnects > i && pulling.connected);
    }
    for (let i = 0; i < 12; i++) await sending.publisher.publish(subjects.start(0, 'w'), `${i}`);
    await until('four came', () => held.length === 4);
    await sleep(300);
    expect(held).toHaveLength(4);
  });

  it('waits for a server that is not there yet, and ends without one', async () => {
    await nats.killNow();
    const connecting = connectBus({ url: nats.url, name: 'early' });
    await sleep(300);
    await nats.restart();
    const bus = await connecting;
    await bus.publisher.publish(subjects.start(0, 'w'), 'x');
    await nats.killNow();
    await until('it noticed', () => !bus.connected);
    const [unsent] = await Promise.allSettled([bus.publisher.publish(subjects.start(0, 'w'), 'y'), bus.close(100)]);
    expect(unsent).toMatchObject({ status: 'rejected', reason: { code: 'closed' } });
    await expect(connectBus({ url: nats.url, name: 'late', connectWithin: 100 })).rejects.toThrow(/refused/);
  });

  // Seen to fail with the error of the server, "stream not found".
  it('knows of no dead letters after everything was lost, instead of failing', async () => {
    const bus = await connect();
    await nats.wipe();
    await until('the connection is back', () => bus.counts.reconnects === 1);
    expect(await listDeadLetters(bus)).toEqual([]);
    await expect(getDeadLetter(bus, 1)).rejects.toMatchObject({ code: 'not-found' });
  });
});
