import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { jetstreamManager } from '@nats-io/jetstream';
import fc from 'fast-check';
import { streams, subjects } from '@braid/contracts';
import { type FreshNats, freshNats } from '@braid/testing';
import { agentConsumer, type Bus, connectBus, type Delivery, ensureAgentConsumer, type Intake } from '../src';
import { collect, textOf, until } from './waiting';

describe('An intake', () => {
  let nats: FreshNats;
  let bus: Bus;
  let agents = 0;
  let agent = '';
  const others: Bus[] = [];
  const intakes: { stop(): Promise<void> }[] = [];
  beforeAll(async () => {
    nats = await freshNats();
  });
  afterAll(() => nats.stop());
  beforeEach(async () => {
    agent = `agent.${++agents}`;
    bus = await connectBus({ url: nats.url, name: 'intake-test' });
  });
  afterEach(async () => {
    await Promise.all(intakes.splice(0).map((intake) => intake.stop()));
    await Promise.all([bus, ...others.splice(0)].map((one) => one.close()));
  });

  const publish = (n: number, from = 0) =>
    Promise.all(Array.from({ length: n }, (_, i) => bus.publisher.publish(subjects.work(agent), `${from + i}`)));
  const started = <T extends { stop(): Promise<void> }>(intake: T): T => {
    intakes.push(intake);
    return intake;
  };
  const numbers = (n: number) => Array.from({ length: n }, (_, i) => `${i}`);
  const left = async () => {
    const info = await (await jetstreamManager(bus.nc)).consumers.info(streams.work, agentConsumer(agent).name);
    return info.num_pending + info.num_ack_pending;
  };

  it('delivers each message once, in order, and acks them', async () => {
    await ensureAgentConsumer(bus, agent);
    await publish(500);
    const { bodies } = started(collect(bus, { consumer: agentConsumer(agent), slots: 16 }));
    await until('all came', () => bodies.length >= 500);
    expect(bodies).toEqual(numbers(500));
    await until('all are acked', async () => (await left()) === 0);
  });

  it('delivers at once what arrives while it waits', async () => {
    const { bodies } = started(collect(bus, { consumer: agentConsumer(agent), slots: 4 }));
    for (let i = 0; i < 20; i++) {
      await publish(1, i);
      await until(`message ${i} came`, () => bodies.length > i, 1_000);
    }
    expect(bodies).toEqual(numbers(20));
  });

  it('never holds more than its slots, and always uses all of them while there is work', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 20 }),
        fc.array(fc.integer({ min: 0, max: 8 }), { minLength: 40, maxLength: 120 }),
        async (slots, times) => {
          agent = `agent.${++agents}`;
          let held = 0;
          let most = 0;
          let done = 0;
          const work = async (delivery: Delivery) => {
            most = Math.max(most, ++held);
            await sleep(times[Number(textOf(delivery))]);
            held--;
            done++;
            delivery.ack();
            intake.release();
          };
          await publish(times.length);
          const intake: Intake = started(
            bus.openIntake({ consumer: agentConsumer(agent), slots, handler: (delivery) => void work(delivery) }),
          );
          await until('all are done', () => done === times.length);
          await intake.stop();
          expect(most).toBe(Math.min(slots, times.length));
        },
      ),
      { numRuns: 12 },
    );
  });

  it('stays within its slots when requests end without messages', async () => {
    const held: Delivery[] = [];
    const intake = started(
      bus.openIntake({ consumer: agentConsumer(agent), slots: 3, handler: (delivery) => held.push(delivery) }),
    );
    // Every deletion of the consumer ends the requests that stand; the slots must come back, and no more than those.
    for (let round = 0; round < 5; round++) {
      await publish(1, round);
      await until('it came', () => held.length === 1);
      held.pop()?.ack();
      intake.release();
      await until('it is acked', async () => (await left().catch(() => 0)) === 0);
      await (await jetstreamManager(bus.nc)).consumers.delete(streams.work, agentConsumer(agent).name);
    }
    await publish(10);
    await until('three came', () => held.length === 3);
    await sleep(200);
    expect(held).toHaveLength(3);
  });

  it('brings a message back after a nak with its delay, and counts deliveries', async () => {
    const seen: { readonly count: number; readonly at: number }[] = [];
    const intake = started(
      bus.openIntake({
        consumer: agentConsumer(agent),
        slots: 2,
        handler: (delivery) => {
          seen.push({ count: delivery.deliveryCount, at: performance.now() });
          if (seen.length < 3) delivery.nak(300);
          else delivery.ack();
          intake.release();
        },
      }),
    );
    await publish(1);
    await until('it came three times', () => seen.length === 3);
    expect(seen.map(({ count }) => count)).toEqual([1, 2, 3]);
    expect((seen[1]?.at ?? 0) - (seen[0]?.at ?? 0)).toBeGreaterThanOrEqual(290);
  });

  it('brings a message back when its handler throws, without losing the slot', async () => {
    const seen: number[] = [];
    const intake = started(
      bus.openIntake({
        consumer: agentConsumer(agent),
        slots: 1,
        handler: (delivery) => {
          if (textOf(delivery) === '0') {
            seen.push(delivery.deliveryCount);
            if (delivery.deliveryCount === 1) throw new Error('not today');
          }
          delivery.ack();
          intake.release();
        },
      }),
    );
    await publish(10);
    await until('it came again', () => seen.length === 2);
    expect(seen).toEqual([1, 2]);
  });

  it('brings a message back whose holder died, once ack_wait has passed, and not while it says that it works', async () => {
    const consumer = await ensureAgentConsumer(bus, agent);
    const jsm = await jetstreamManager(bus.nc);
    await jsm.consumers.update(consumer.stream, consumer.name, { ack_wait: 1_000_000_000 });
    const first: Delivery[] = [];
    const dying = bus.openIntake({ consumer, slots: 2, handler: (delivery) => first.push(delivery) });
    await publish(2);
    await until('both came', () => first.length === 2);
    await dying.stop();
    const alive = setInterval(() => first[0]?.working(), 200);
    const { bodies } = started(collect(bus, { consumer, slots: 4 }));
    await until('the silent one came again', () => bodies.length > 0);
    await sleep(1_500);
    expect(bodies).toEqual(['1']);
    clearInterval(alive);
    await until('the other one came again', () => bodies.length === 2);
  });

  it('shares a consumer fairly with another process', async () => {
    const other = await connectBus({ url: nats.url, name: 'other' });
    others.push(other);
    const shares = await Promise.all(
      [bus, other].map(async (one) => {
        let count = 0;
        const intake = started(
          one.openIntake({
            consumer: agentConsumer(agent),
            slots: 4,
            handler: (delivery) => {
              count++;
              setTimeout(() => {
                delivery.ack();
                intake.release();
              }, 2);
            },
          }),
        );
        return () => count;
      }),
    );
    await publish(600);
    await until('all are done', async () => (await left()) === 0);
    const counts = shares.map((share) => share());
    expect(counts.reduce((a, b) => a + b)).toBe(600);
    expect(Math.min(...counts)).toBeGreaterThan(150);
  });

  it('holds an agent to its concurrency over all intakes', async () => {
    const consumer = await ensureAgentConsumer(bus, agent, { concurrency: 3 });
    let held = 0;
    let most = 0;
    let done = 0;
    for (let i = 0; i < 3; i++) {
      const intake = started(
        bus.openIntake({
          consumer,
          slots: 4,
          handler: (delivery) => {
            most = Math.max(most, ++held);
            setTimeout(() => {
              held--;
              done++;
              delivery.ack();
              intake.release();
            }, 5);
          },
        }),
      );
    }
    await publish(60);
    await until('all are done', () => done === 60);
    expect(most).toBe(3);
  });

  it('gives back, when it stops, what was on its way', async () => {
    const first: string[] = [];
    await publish(200);
    const intake = bus.openIntake({
      consumer: agentConsumer(agent),
      slots: 200,
      handler: (delivery) => {
        first.push(textOf(delivery));
        delivery.ack();
        if (first.length === 1) void intake.stop();
      },
    });
    await until('the first came', () => first.length > 0);
    const { bodies } = started(collect(bus, { consumer: agentConsumer(agent), slots: 50 }));
    await until('the rest came', () => first.length + bodies.length >= 200, 5_000);
    expect([...first, ...bodies].sort((a, b) => Number(a) - Number(b))).toEqual(numbers(200));
  });

  it('says when nothing waits and nothing is held, and only then', async () => {
    const held: Delivery[] = [];
    const idleWith: number[] = [];
    started(
      bus.openIntake({
        consumer: agentConsumer(agent),
        slots: 2,
        handler: (delivery) => held.push(delivery),
        onIdle: () => idleWith.push(held.length),
      }),
    );
    await until('it is idle', () => idleWith.length > 0);
    await publish(1);
    await until('it came', () => held.length === 1);
    // Longer than the server takes to say again that it has nothing to deliver.
    await sleep(4_000);
    expect(new Set(idleWith)).toEqual(new Set([0]));
  });
});
