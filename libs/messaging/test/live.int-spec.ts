import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type FreshNats, freshNats } from '@braid/testing';
import { type Bus, connectBus, type LiveMessage } from '../src';
import { until } from './waiting';

describe('Live messages', () => {
  let nats: FreshNats;
  let bus: Bus;
  beforeAll(async () => {
    nats = await freshNats();
    bus = await connectBus({ url: nats.url, name: 'live test' });
  });
  afterAll(async () => {
    await bus.close();
    await nats.stop();
  });

  it('reach who listens, with subject, value and headers, until listening ends', async () => {
    const heard: LiveMessage[] = [];
    const end = bus.listen('braid.live.heartbeat.*', (message) => void heard.push(message));
    bus.emit('braid.live.heartbeat.3', { runner: 'r', attempts: [] }, { traceparent: '00-1' });
    await until('it is heard', () => heard.length === 1);
    expect(heard[0]).toMatchObject({ subject: 'braid.live.heartbeat.3', value: { runner: 'r', attempts: [] } });
    expect(heard[0]?.header('traceparent')).toBe('00-1');
    end();
    bus.emit('braid.live.heartbeat.3', {});
    await bus.nc.flush();
    expect(heard).toHaveLength(1);
  });

  it('do not stop coming when a handler fails or a body is no JSON', async () => {
    const before = bus.counts.unhandled;
    const heard: unknown[] = [];
    const end = bus.listen('braid.live.cancel', ({ value }) => {
      if (value === 'throw') throw new Error('thrown');
      if (value === 'reject') return Promise.reject(new Error('rejected'));
      heard.push(value);
      return undefined;
    });
    bus.emit('braid.live.cancel', 'throw');
    bus.emit('braid.live.cancel', 'reject');
    bus.nc.publish('braid.live.cancel', '{"half');
    bus.emit('braid.live.cancel', 'fine');
    await until('the last is heard', () => heard.length === 1);
    expect(heard).toEqual(['fine']);
    await until('all three are counted', () => bus.counts.unhandled === before + 3);
    end();
  });

  it('of a queue reach one listener', async () => {
    const heard: number[] = [];
    const ends = [1, 2, 3].map((who) => bus.listen('braid.live.one', () => void heard.push(who), { queue: 'q' }));
    for (let i = 0; i < 10; i++) bus.emit('braid.live.one', i);
    await bus.nc.flush();
    expect(heard).toHaveLength(10);
    for (const end of ends) end();
  });

  it('that cannot be sent are counted, not thrown', async () => {
    const before = bus.counts.unsent;
    bus.emit('braid.live.cancel', 'x'.repeat(2_000_000));
    bus.emit('not a subject', 'x');
    expect(bus.counts.unsent).toBe(before + 2);
    expect(bus.connected).toBe(true);
  });

  it('need credentials that the server knows', async () => {
    const wrong = nats.url.replace(/:[^:@/]+@/, ':wrong@');
    await expect(connectBus({ url: wrong, name: 'stranger' })).rejects.toThrow(/authorization/i);
    await expect(connectBus({ url: 'http://user:secret@x', name: 'x' })).rejects.toThrow(
      /"http:\/\/\*\*\*@x" is not a NATS address/,
    );
  });
});
