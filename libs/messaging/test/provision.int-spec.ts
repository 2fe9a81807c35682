import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { jetstreamManager } from '@nats-io/jetstream';
import { nanos } from '@nats-io/nats-core';
import { streams } from '@braid/contracts';
import { type FreshNats, freshNats } from '@braid/testing';
import { type Bus, connectBus, ensureAgentConsumer, partitionConsumer, provision, type StreamLimits } from '../src';

describe('Provisioning', () => {
  let nats: FreshNats;
  const opened: Bus[] = [];
  const connect = async (limits: Partial<StreamLimits> = {}) => {
    const bus = await connectBus({ url: nats.url, name: 'provision-test', limits });
    opened.push(bus);
    return bus;
  };
  beforeEach(async () => {
    nats = await freshNats();
  });
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((bus) => bus.close()));
    await nats.stop();
  });
  const actions = async (bus: Bus) => [
    ...new Set((await provision(bus, { partitions: 4 })).map(({ action }) => action)),
  ];

  it('makes everything, then changes nothing', async () => {
    const bus = await connect();
    expect(await actions(bus)).toEqual(['created']);
    expect(await actions(bus)).toEqual(['unchanged']);
    const jsm = await jetstreamManager(bus.nc);
    const { config } = await jsm.streams.info(streams.in);
    expect(config).toMatchObject({ retention: 'workqueue', discard: 'new', storage: 'file' });
    const consumer = await jsm.consumers.info(streams.in, 'in-3');
    expect(consumer.config).toMatchObject({ filter_subject: 'braid.in.3.>', max_deliver: -1, ack_policy: 'explicit' });
  });

  it('may be run by many at once', async () => {
    const buses = await Promise.all(Array.from({ length: 5 }, () => connect()));
    const done = await Promise.all(buses.map((bus) => provision(bus, { partitions: 4 })));
    expect(done.flat().filter(({ action }) => action === 'updated')).toEqual([]);
    expect(await actions(buses[0] as Bus)).toEqual(['unchanged']);
  });

  it('changes what differs, and keeps what a stream holds', async () => {
    const bus = await connect();
    await actions(bus);
    await bus.publisher.publish('braid.events.p.T.w', 'kept');
    const other = await connect({ eventsAge: 3_600_000 });
    const changed = (await provision(other, { partitions: 4 })).filter(({ action }) => action !== 'unchanged');
    expect(changed).toEqual([{ kind: 'stream', name: streams.events, action: 'updated' }]);
    const info = await (await jetstreamManager(bus.nc)).streams.info(streams.events);
    expect(info.config.max_age).toBe(nanos(3_600_000));
    expect(info.state.messages).toBe(1);
  });

  it('says what stands in the way where the server cannot change it', async () => {
    const bus = await connect();
    const jsm = await jetstreamManager(bus.nc);
    await jsm.streams.add({ name: streams.in, subjects: ['braid.in.>'], storage: 'memory' });
    await expect(actions(bus)).rejects.toThrow(
      /The stream BRAID_IN cannot be changed: .*retention is "limits" and must be "workqueue"/,
    );
  });

  it('sets the concurrency of an agent only where it is given', async () => {
    const bus = await connect();
    const limit = async () => {
      const { name } = await ensureAgentConsumer(bus, 'an agent');
      return (await (await jetstreamManager(bus.nc)).consumers.info(streams.work, name)).config.max_ack_pending;
    };
    await ensureAgentConsumer(bus, 'an agent', { concurrency: 3 });
    expect(await limit()).toBe(3);
    await ensureAgentConsumer(bus, 'an agent', { concurrency: 7 });
    expect(await limit()).toBe(7);
  });

  it('restores what is missing in many processes at once', async () => {
    const buses = await Promise.all(Array.from({ length: 5 }, () => connect()));
    const consumer = partitionConsumer(2);
    await Promise.all(buses.flatMap((bus) => [1, 2, 3].map(() => bus.provisioner.restoreConsumer(consumer))));
    const info = await (await jetstreamManager((buses[0] as Bus).nc)).consumers.info(consumer.stream, consumer.name);
    expect(info.config.filter_subject).toBe('braid.in.2.>');
  });
});
