import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { jetstreamManager } from '@nats-io/jetstream';
import { streams, subjects } from '@braid/contracts';
import { type FreshNats, freshNats } from '@braid/testing';
import {
  agentConsumer,
  type Bus,
  connectBus,
  type Delivery,
  dropDeadLetter,
  getDeadLetter,
  listDeadLetters,
  provision,
  retryDeadLetter,
} from '../src';
import { textOf, until } from './waiting';

describe('A dead letter', () => {
  let nats: FreshNats;
  let bus: Bus;
  const ends: (() => Promise<void>)[] = [];
  beforeAll(async () => {
    nats = await freshNats();
  });
  afterAll(() => nats.stop());
  beforeEach(async () => {
    bus = await connectBus({ url: nats.url, name: 'dead-letter-test' });
    await provision(bus, { partitions: 1 });
  });
  afterEach(async () => {
    await Promise.all(ends.splice(0).map((end) => end()));
    const jsm = await jetstreamManager(bus.nc);
    for (const name of Object.values(streams)) await jsm.streams.purge(name).catch(() => undefined);
    await bus.close();
  });

  /** An agent whose first delivery of each message is set aside for `reason`, and what it saw. */
  function refusing(agent: string, reason: string) {
    const seen: Delivery[] = [];
    const done: string[] = [];
    const intake = bus.openIntake({
      consumer: agentConsumer(agent),
      slots: 4,
      handler: (delivery) => {
        seen.push(delivery);
        if (seen.length === 1) {
          void delivery.deadLetter(reason).finally(() => {
            done.push(textOf(delivery));
            intake.release();
          });
        } else {
          delivery.ack();
          intake.release();
        }
      },
    });
    ends.push(() => intake.stop());
    return { seen, done };
  }

  it('keeps body, headers, reason and origin, and the message is gone from its stream', async () => {
    const { done } = refusing('a', 'not JSON\r\nat all');
    const body = Buffer.from([0, 255, 10, 13]);
    await bus.publisher.publish(subjects.work('a'), body, { messageId: 'id-1', headers: { traceparent: '00-1' } });
    await until('it was set aside', () => done.length === 1);
    const letters = await listDeadLetters(bus);
    expect(letters).toEqual([
      {
        seq: expect.any(Number),
        at: expect.any(Number),
        reason: 'not JSON at all',
        subject: subjects.work('a'),
        stream: streams.work,
        deliveryCount: 1,
        headers: { traceparent: '00-1' },
        body: expect.anything(),
      },
    ]);
    expect(Buffer.from(letters[0]?.body ?? [])).toEqual(body);
    const jsm = await jetstreamManager(bus.nc);
    await until('it is gone', async () => (await jsm.streams.info(streams.work)).state.messages === 0);
  });

  it('goes back to where it came from, once', async () => {
    const { seen, done } = refusing('b', 'too early');
    await bus.publisher.publish(subjects.work('b'), 'try me', { messageId: 'id-2', headers: { traceparent: '00-2' } });
    await until('it was set aside', () => done.length === 1);
    const [letter] = await listDeadLetters(bus);
    await retryDeadLetter(bus, letter?.seq ?? 0);
    await until('it came again', () => seen.length === 2);
    expect(seen.map(textOf)).toEqual(['try me', 'try me']);
    expect(seen[1]?.header('traceparent')).toBe('00-2');
    expect(seen[1]?.header('Braid-Reason')).toBeUndefined();
    expect(await listDeadLetters(bus)).toEqual([]);
    await expect(retryDeadLetter(bus, letter?.seq ?? 0)).rejects.toMatchObject({ code: 'not-found' });
  });

  // Seen to fail when two asked for it at once: the slower one's error was one of the server.
  it('is removed by one of those who want to remove it at the same time, and the others are told', async () => {
    await bus.publisher.publish(subjects.dead(streams.in), 'x', { headers: { 'Braid-Reason': 'none' } });
    const [letter] = await listDeadLetters(bus);
    const drops = Array.from({ length: 10 }, () => dropDeadLetter(bus, letter?.seq ?? 0));
    const ends = await Promise.allSettled(drops);
    const refusals = ends.flatMap((end) => (end.status === 'rejected' ? [end.reason as unknown] : []));
    expect(refusals).toHaveLength(9);
    for (const refusal of refusals) expect(refusal).toMatchObject({ code: 'not-found' });
  });

  it('is listed in pages, read and dropped', async () => {
    for (let i = 0; i < 5; i++) {
      await bus.publisher.publish(subjects.dead(streams.in), `${i}`, { headers: { 'Braid-Reason': `reason ${i}` } });
    }
    const first = await listDeadLetters(bus, { limit: 3 });
    const rest = await listDeadLetters(bus, { after: first.at(-1)?.seq ?? 0, limit: 3 });
    expect([...first, ...rest].map(({ reason }) => reason)).toEqual([0, 1, 2, 3, 4].map((i) => `reason ${i}`));
    const seq = first[1]?.seq ?? 0;
    expect((await getDeadLetter(bus, seq)).reason).toBe('reason 1');
    await dropDeadLetter(bus, seq);
    await expect(getDeadLetter(bus, seq)).rejects.toMatchObject({ code: 'not-found' });
    await expect(dropDeadLetter(bus, seq)).rejects.toMatchObject({ code: 'not-found' });
    expect(await listDeadLetters(bus)).toHaveLength(4);
  });

  it('is cut when it would not fit beside its headers, and says so', async () => {
    const { done } = refusing('c', 'too large to like');
    await bus.publisher.publish(subjects.work('c'), Buffer.alloc(1024 * 1024 - 10, 'x'));
    await until('it was set aside', () => done.length === 1);
    const [letter] = await listDeadLetters(bus);
    expect(letter).toMatchObject({ reason: 'too large to like', cutFrom: 1024 * 1024 - 10 });
    await expect(retryDeadLetter(bus, letter?.seq ?? 0)).rejects.toMatchObject({ code: 'incomplete' });
  });

  it('is never lost: where the copy cannot be kept, the message stays', async () => {
    const jsm = await jetstreamManager(bus.nc);
    await jsm.streams.update(streams.dead, { max_msg_size: 10 });
    const { done } = refusing('d', 'no room');
    await bus.publisher.publish(subjects.work('d'), 'still here');
    await until('it was tried', () => done.length === 1);
    expect(await listDeadLetters(bus)).toEqual([]);
    expect((await jsm.streams.info(streams.work)).state.messages).toBe(1);
    await jsm.streams.update(streams.dead, { max_msg_size: -1 });
  });
});
