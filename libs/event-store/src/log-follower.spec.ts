import { type StoredEvent } from '@braid/events';
import { afterEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { append, contractPartitions, events, ownAll } from './contract/fixtures';
import { LogFollower, type FollowerOptions } from './log-follower';
import { InMemoryEventStore } from './memory/event-store';

async function owned(): Promise<InMemoryEventStore> {
  const store = new InMemoryEventStore({ partitions: contractPartitions });
  await ownAll({ store, leases: store.leases });
  return store;
}

/** Appends `count` events and answers them as a writer would offer them. */
async function write(store: InMemoryEventStore, partition: number, count: number): Promise<StoredEvent[]> {
  const before = (await store.heads()).get(partition) ?? 0;
  await store.append([append(partition, 1, events(`w${partition}`, before + 1, count))]);
  // Not through the instance: tests make its reads fail.
  return InMemoryEventStore.prototype.readPartition.call(store, partition, { afterPosition: before, limit: count });
}

const started: LogFollower[] = [];

afterEach(async () => {
  await Promise.all(started.splice(0).map((follower) => follower.stop()));
});

function follow(store: InMemoryEventStore, options: Partial<FollowerOptions> = {}) {
  const seen: StoredEvent[] = [];
  const handle = async (batch: readonly StoredEvent[]) => void seen.push(...batch);
  const follower = new LogFollower({ store, name: 'test', handle, pollEveryMs: 10, checkpointEveryMs: 5, ...options });
  started.push(follower);
  return { follower, seen };
}

async function until(condition: () => boolean): Promise<void> {
  const end = performance.now() + 10_000;
  while (!condition()) {
    if (performance.now() > end) {
      throw new Error('waited for ten seconds in vain');
    }
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

const positions = (seen: readonly StoredEvent[], partition: number) =>
  seen.filter((event) => event.partition === partition).map(({ position }) => position);
const upTo = (count: number) => Array.from({ length: count }, (_, index) => index + 1);

describe('a follower of the log', () => {
  it('reads what is there, goes on with what is offered, and remembers how far it came', async () => {
    const store = await owned();
    await write(store, 0, 7);
    const { follower, seen } = follow(store, { batchSize: 3, pollEveryMs: 60_000 });
    await follower.assign([0]);
    await until(() => seen.length === 7);
    follower.offer(await write(store, 0, 3));
    await until(() => seen.length === 10);
    await follower.stop();
    expect(positions(seen, 0)).toEqual(upTo(10));
    expect(await store.loadCheckpoints('test')).toEqual(new Map([[0, 10]]));

    const next = follow(store);
    await next.follower.assign([0]);
    next.follower.offer(await write(store, 0, 1));
    await until(() => next.seen.length === 1);
    await next.follower.stop();
    expect(positions(next.seen, 0)).toEqual([11]);
  });

  it('hands offered events over without reading the log', async () => {
    const store = await owned();
    const { follower, seen } = follow(store, { pollEveryMs: 60_000 });
    await follower.assign([0]);
    await until(() => follower.positions().has(0));
    follower.offer(await write(store, 0, 1));
    await until(() => seen.length === 1);
    store.readPartition = () => Promise.reject(new Error('the log was read'));
    const [event] = await store.readStream('w0');
    follower.offer(event ? [{ ...event, position: 2 }] : []);
    await until(() => seen.length === 2);
    await follower.stop();
    expect(positions(seen, 0)).toEqual([1, 2]);
  });

  it('finds events that nobody offered', async () => {
    const store = await owned();
    const { follower, seen } = follow(store);
    await follower.assign([0, 1]);
    await write(store, 1, 2);
    await until(() => seen.length === 2);
    await follower.stop();
    expect(positions(seen, 1)).toEqual([1, 2]);
  });

  it('fills gaps from the log', async () => {
    const store = await owned();
    const { follower, seen } = follow(store, { pollEveryMs: 60_000 });
    await follower.assign([0]);
    await write(store, 0, 1);
    await until(() => seen.length === 1);
    await write(store, 0, 5);
    follower.offer(await write(store, 0, 2));
    await until(() => seen.length >= 8);
    follower.offer((await write(store, 0, 6)).slice(3));
    await until(() => seen.length >= 14);
    await follower.stop();
    expect(positions(seen, 0)).toEqual(upTo(14));
  });

  it('keeps no more in memory than it may, and reads the rest from the log', async () => {
    const store = await owned();
    let open: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (open = resolve));
    const seen: StoredEvent[] = [];
    const handle = async (batch: readonly StoredEvent[]) => {
      await held;
      seen.push(...batch);
    };
    const { follower } = follow(store, { maxBuffered: 4, batchSize: 2, pollEveryMs: 60_000, handle });
    await follower.assign([0]);
    await write(store, 0, 1);
    follower.offer(await write(store, 0, 1));
    for (let i = 0; i < 10; i++) {
      follower.offer(await write(store, 0, 3));
    }
    let reads = 0;
    store.readPartition = (...call) => {
      reads += 1;
      return InMemoryEventStore.prototype.readPartition.apply(store, call);
    };
    open();
    await until(() => seen.length >= 32);
    await follower.stop();
    expect(positions(seen, 0)).toEqual(upTo(32));
    // Four were in memory and two in the handler; the other 26 came by twos.
    expect(reads).toBeGreaterThanOrEqual(13);
  });

  it('repeats a batch that failed before anything after it', async () => {
    const store = await owned();
    const seen: StoredEvent[] = [];
    const errors: unknown[] = [];
    let failures = 2;
    const { follower } = follow(store, {
      onError: (error) => errors.push(error),
      handle: async (batch) => {
        if (batch.some(({ position }) => position === 2) && failures-- > 0) {
          throw new Error('not now');
        }
        seen.push(...batch);
      },
      batchSize: 1,
    });
    await follower.assign([0]);
    follower.offer(await write(store, 0, 4));
    await until(() => seen.length === 4);
    await follower.stop();
    expect(positions(seen, 0)).toEqual(upTo(4));
    expect(errors).toHaveLength(2);
  });

  it('lets go of a partition although its handler fails', async () => {
    const store = await owned();
    const { follower, seen } = follow(store, {
      handle: async (batch) => {
        if (batch.some(({ partition }) => partition === 0)) {
          throw new Error('never');
        }
        seen.push(...batch);
      },
    });
    await follower.assign([0]);
    await write(store, 0, 3);
    await write(store, 1, 3);
    await until(() => follower.positions().has(0));
    await follower.assign([1]);
    await until(() => seen.length === 3);
    await follower.stop();
    expect(await store.loadCheckpoints('test')).toEqual(new Map([[1, 3]]));
  });

  it('saves the checkpoint of a partition before it is given away', async () => {
    const store = await owned();
    const { follower, seen } = follow(store, { checkpointEveryMs: 60_000 });
    await follower.assign([0, 1]);
    await write(store, 0, 3);
    await until(() => seen.length === 3 && follower.positions().get(0) === 3);
    await follower.assign([1]);
    expect(await store.loadCheckpoints('test')).toEqual(new Map([[0, 3]]));
    expect([...follower.positions().keys()]).toEqual([1]);
    await follower.stop();
  });

  it('never skips, whatever is offered, lost, refused or reassigned meanwhile', async () => {
    const action = fc.oneof(
      fc.record({
        do: fc.constant('write' as const),
        p: fc.nat(2),
        count: fc.integer({ min: 1, max: 7 }),
        offered: fc.nat(7),
      }),
      fc.record({ do: fc.constant('assign' as const), ps: fc.subarray([0, 1, 2]) }),
      fc.record({ do: fc.constant('fail' as const), times: fc.integer({ min: 1, max: 2 }) }),
      fc.record({ do: fc.constant('turn' as const) }),
      fc.record({ do: fc.constant('rest' as const) }),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(action, { maxLength: 30 }),
        fc.integer({ min: 1, max: 5 }),
        async (actions, batchSize) => {
          const store = await owned();
          let failing = 0;
          const read = store.readPartition.bind(store);
          const maybeFail = () => {
            if (failing > 0) {
              failing -= 1;
              throw new Error('not now');
            }
          };
          store.readPartition = async (...call) => {
            const rows = await read(...call);
            await new Promise((resolve) => setImmediate(resolve));
            maybeFail();
            return rows;
          };
          const last = new Map<number, number>();
          const skips: string[] = [];
          const { follower } = follow(store, {
            batchSize,
            maxBuffered: 6,
            pollEveryMs: 20,
            checkpointEveryMs: 0,
            handle: async (batch) => {
              maybeFail();
              for (const { partition, position } of batch) {
                const before = last.get(partition) ?? 0;
                if (position > before + 1) {
                  skips.push(`${partition}: ${position} after ${before}`);
                }
                last.set(partition, Math.max(before, position));
              }
            },
          });
          await follower.assign([0, 1, 2]);
          for (const step of actions) {
            switch (step.do) {
              case 'write':
                follower.offer((await write(store, step.p, step.count)).slice(step.offered));
                break;
              case 'assign':
                void follower.assign(step.ps);
                break;
              case 'fail':
                failing = step.times;
                break;
              case 'turn':
                await new Promise((resolve) => setImmediate(resolve));
                break;
              case 'rest':
                await new Promise((resolve) => setTimeout(resolve, 8));
            }
          }
          await follower.assign([0, 1, 2]);
          const heads = await store.heads();
          await until(() => [0, 1, 2].every((p) => (last.get(p) ?? 0) === heads.get(p)));
          await follower.stop();
          expect(skips).toEqual([]);
        },
      ),
      { numRuns: Number(process.env['BRAID_TEST_RUNS'] ?? 60) },
    );
  }, 60_000);
});
