import { afterAll, beforeAll, beforeEach, afterEach, describe, expect, it } from '@jest/globals';
import { jetstreamManager } from '@nats-io/jetstream';
import { streams, subjects } from '@braid/contracts';
import { type FreshNats, freshNats } from '@braid/testing';
import { type Bus, type BusOptions, connectBus, provision, PublishError } from '../src';

describe('The publisher', () => {
  let nats: FreshNats;
  let bus: Bus;
  const opened: Bus[] = [];
  const connect = async (options: Partial<BusOptions> = {}) => {
    const made = await connectBus({ url: nats.url, name: 'publisher-test', ...options });
    opened.push(made);
    return made;
  };
  beforeAll(async () => {
    nats = await freshNats();
  });
  afterAll(() => nats.stop());
  beforeEach(async () => {
    bus = await connect({ limits: { workMessages: 5 } });
    await provision(bus, { partitions: 1 });
  });
  afterEach(async () => {
    const jsm = await jetstreamManager(bus.nc);
    for (const name of Object.values(streams)) await jsm.streams.purge(name).catch(() => undefined);
    await Promise.all(opened.splice(0).map((one) => one.close()));
  });

  const stored = async (stream: string) => (await (await jetstreamManager(bus.nc)).streams.info(stream)).state.messages;

  it('resolves when the message is stored, with its headers', async () => {
    await bus.publisher.publish(subjects.start(0, 'w'), 'hällo', { headers: { 'Braid-Reply-To': 'here' } });
    const jsm = await jetstreamManager(bus.nc);
    const message = await jsm.streams.getMessage(streams.in, { last_by_subj: subjects.start(0, 'w') });
    expect(message?.string()).toBe('hällo');
    expect(message?.header.get('Braid-Reply-To')).toBe('here');
    expect(bus.publisher.pending).toBe(0);
  });

  it('stores a message id once', async () => {
    const before = await stored(streams.in);
    for (let i = 0; i < 3; i++) await bus.publisher.publish(subjects.start(0, 'w'), 'x', { messageId: 'same' });
    expect(await stored(streams.in)).toBe(before + 1);
  });

  it('says that a stream is full, and goes on when there is room', async () => {
    for (let i = 0; i < 5; i++) await bus.publisher.publish(subjects.work('a'), `${i}`);
    await expect(bus.publisher.publish(subjects.work('a'), 'one too many')).rejects.toMatchObject({ code: 'full' });
    await (await jetstreamManager(bus.nc)).streams.purge(streams.work);
    await bus.publisher.publish(subjects.work('a'), 'again');
    expect(await stored(streams.work)).toBe(1);
  });

  it('refuses what is larger than the server takes without losing the connection', async () => {
    const body = Buffer.alloc(1024 * 1024 - 20);
    const tooLarge = bus.publisher.publish(subjects.event('p', 'T', 'w'), body, {
      messageId: 'with its headers it is too large',
    });
    await expect(tooLarge).rejects.toMatchObject({ code: 'too-large' });
    await bus.publisher.publish(subjects.event('p', 'T', 'w'), body);
    expect(bus.counts.disconnects).toBe(0);
  });

  it.each([
    ['a wildcard', 'braid.in.*', {}],
    ['a blank', 'braid.in.0.start.a b', {}],
    ['a header that would carry another one', subjects.start(0, 'w'), { 'Braid-X': 'a\r\nNats-Rollup: all' }],
  ])('refuses %s', async (_what, subject, headers) => {
    await expect(bus.publisher.publish(subject, 'x', { headers })).rejects.toMatchObject({ code: 'refused' });
  });

  it('gives up after timeoutMs where no stream can be made', async () => {
    const publishing = bus.publisher.publish('braid.elsewhere.x', 'x', { timeoutMs: 300 });
    await expect(publishing).rejects.toMatchObject({ code: 'timeout' });
    expect(bus.publisher.pending).toBe(0);
  });

  it('makes a missing stream and then stores the message', async () => {
    await (await jetstreamManager(bus.nc)).streams.delete(streams.events);
    await Promise.all(
      Array.from({ length: 100 }, (_, i) => bus.publisher.publish(subjects.event('p', 'T', `w${i}`), 'x')),
    );
    expect(await stored(streams.events)).toBe(100);
    expect(bus.counts.restored).toBe(1);
  });

  it('keeps the order of a sender', async () => {
    const bodies = Array.from({ length: 500 }, (_, i) => `${i}`);
    await Promise.all(bodies.map((body) => bus.publisher.publish(subjects.start(0, 'w'), body)));
    const jsm = await jetstreamManager(bus.nc);
    const first = (await jsm.streams.info(streams.in)).state.first_seq;
    const read = await Promise.all(
      bodies.map(async (_, i) => (await jsm.streams.getMessage(streams.in, { seq: first + i }))?.string()),
    );
    expect(read).toEqual(bodies);
  });

  describe('with a server that answers as told', () => {
    const stored = '{"stream":"S","seq":1}';
    /** Answers what is published to `slow.x`, after a moment. */
    const answer = (reply: (times: number) => string | undefined) => {
      const seen = { open: 0, most: 0, times: 0 };
      bus.nc.subscribe('slow.x', {
        callback: (_error, msg) => {
          seen.times++;
          seen.most = Math.max(seen.most, ++seen.open);
          const text = reply(seen.times);
          setTimeout(() => {
            seen.open--;
            if (text !== undefined) msg.respond(text);
          }, 5);
        },
      });
      return seen;
    };

    it('lets no more than maxInFlight messages wait for their answer', async () => {
      const small = await connect({ maxInFlight: 10 });
      const seen = answer(() => stored);
      await Promise.all(Array.from({ length: 200 }, () => small.publisher.publish('slow.x', 'x')));
      expect(seen).toMatchObject({ most: 10, times: 200 });
    });

    it('lets no more than maxInFlightBytes wait for their answer', async () => {
      const small = await connect({ maxInFlightBytes: 3_000 });
      const seen = answer(() => stored);
      await Promise.all(Array.from({ length: 20 }, () => small.publisher.publish('slow.x', 'x'.repeat(1_000))));
      expect(seen).toMatchObject({ most: 3, times: 20 });
    });

    it('sends again with the same message id when no answer comes', async () => {
      const hasty = await connect({ answerWithin: 50 });
      const ids: string[] = [];
      bus.nc.subscribe('slow.x', { callback: (_error, msg) => void ids.push(msg.headers?.get('Nats-Msg-Id') ?? '') });
      answer((times) => (times < 3 ? undefined : stored));
      await hasty.publisher.publish('slow.x', 'x', { messageId: 'one' });
      expect(ids).toEqual(['one', 'one', 'one']);
      expect(hasty.counts.resent).toBe(2);
    });

    it('tries again when the server says that it cannot now, and stops when it says that it never will', async () => {
      const seen = answer((times) =>
        times < 3
          ? '{"error":{"code":503,"err_code":10008,"description":"JetStream system temporarily unavailable"}}'
          : times === 3
            ? stored
            : '{"error":{"code":400,"err_code":10052,"description":"no"},"stream":"S","seq":0}',
      );
      await bus.publisher.publish('slow.x', 'x');
      expect(seen.times).toBe(3);
      await expect(bus.publisher.publish('slow.x', 'x')).rejects.toMatchObject({ code: 'refused' });
    });
  });

  it('rejects what is not stored when the bus closes', async () => {
    const other = await connect();
    const [unsent] = await Promise.allSettled([other.publisher.publish('braid.elsewhere.x', 'x'), other.close(50)]);
    expect(unsent).toMatchObject({ status: 'rejected', reason: { code: 'closed' } });
    await expect(other.publisher.publish(subjects.start(0, 'w'), 'x')).rejects.toBeInstanceOf(PublishError);
  });
});
