import { describe, expect, it } from '@jest/globals';
import { append, contractPartitions, events, ownAll } from './contract/fixtures';
import { InvalidAppendError, StoreUnavailableError } from './errors';
import { type AppendOutcome, type PartitionAppend } from './event-store';
import { GroupCommit } from './group-commit';
import { InMemoryEventStore } from './memory/event-store';

/** The reference store, which answers when it is told to and counts its transactions. */
class SlowStore extends InMemoryEventStore {
  readonly batches: PartitionAppend[][] = [];
  failures: Error[] = [];
  #gate: Promise<void> = Promise.resolve();
  #open: () => void = () => undefined;

  hold(): void {
    this.#gate = new Promise((resolve) => (this.#open = resolve));
  }

  release(): void {
    this.#open();
  }

  override async append(batch: readonly PartitionAppend[]): Promise<AppendOutcome> {
    this.batches.push([...batch]);
    await this.#gate;
    const failure = this.failures.shift();
    if (failure !== undefined) {
      throw failure;
    }
    return super.append(batch);
  }
}

async function owned(): Promise<SlowStore> {
  const store = new SlowStore({ partitions: contractPartitions });
  await ownAll({ store, leases: store.leases });
  return store;
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('group commit', () => {
  it('starts at once when idle, and takes what arrives meanwhile in one batch', async () => {
    const store = await owned();
    const group = new GroupCommit(store);
    store.hold();
    const first = group.commit(append(0, 1, events('a', 1, 1)));
    await turn();
    expect(store.batches).toHaveLength(1);
    const rest = Array.from({ length: 50 }, (_, i) => group.commit(append(i % 4, 1, events(`w${i}`, 1, 2))));
    await turn();
    expect(store.batches).toHaveLength(1);
    expect(group.pending).toBe(101);
    store.release();
    await expect(first).resolves.toEqual({ kind: 'committed', position: 1 });
    const outcomes = await Promise.all(rest);
    expect(store.batches).toHaveLength(2);
    expect(store.batches[1]?.map(({ partition, events: { length } }) => [partition, length])).toEqual([
      [0, 26],
      [1, 26],
      [2, 24],
      [3, 24],
    ]);
    // Partition 1 gets commits 1, 5, 9 … of two events each.
    expect(outcomes[1]).toEqual({ kind: 'committed', position: 2 });
    expect(outcomes[5]).toEqual({ kind: 'committed', position: 4 });
    await turn();
    expect(group.pending).toBe(0);
  });

  it('writes the commits of a partition in the order of the calls', async () => {
    const store = await owned();
    const group = new GroupCommit(store);
    await Promise.all(Array.from({ length: 30 }, (_, i) => group.commit(append(0, 1, events('a', i + 1, 1)))));
    const log = await store.readPartition(0, { afterPosition: 0, limit: 100 });
    expect(log.map(({ version }) => version)).toEqual(Array.from({ length: 30 }, (_, i) => i + 1));
  });

  it('keeps to the limits of a batch, and sends a larger commit alone', async () => {
    const store = await owned();
    const group = new GroupCommit(store, { maxEvents: 5, maxCharacters: 200 });
    await Promise.all([
      group.commit(append(0, 1, events('a', 1, 3))),
      group.commit(append(0, 1, events('b', 1, 2))),
      group.commit(append(0, 1, events('c', 1, 9))),
      group.commit(append(0, 1, events('d', 1, 1, 'x'.repeat(150)))),
      group.commit(append(0, 1, events('e', 1, 1, 'x'.repeat(150)))),
    ]);
    expect(store.batches.map((batch) => batch[0]?.events.length)).toEqual([5, 9, 1, 1]);
  });

  it('tells the owner of a fenced partition, and commits the others', async () => {
    const store = await owned();
    const group = new GroupCommit(store);
    const outcomes = await Promise.all([
      group.commit(append(0, 1, events('a', 1, 1))),
      group.commit(append(1, 9, events('b', 1, 1))),
      group.commit(append(2, 1, events('c', 1, 1))),
      group.commit(append(1, 9, events('d', 1, 1))),
    ]);
    expect(outcomes.map(({ kind }) => kind)).toEqual(['committed', 'fenced', 'committed', 'fenced']);
    expect(store.batches).toHaveLength(2);
  });

  it('keeps commits of one partition under two epochs apart', async () => {
    const store = await owned();
    const group = new GroupCommit(store);
    const outcomes = await Promise.all([
      group.commit(append(0, 0, events('a', 1, 1))),
      group.commit(append(0, 1, events('b', 1, 1))),
    ]);
    expect(outcomes.map(({ kind }) => kind)).toEqual(['fenced', 'committed']);
  });

  it('isolates a conflict to its commit and to what was decided on top of it', async () => {
    const store = await owned();
    await store.append([append(0, 1, events('a', 1, 2))]);
    const group = new GroupCommit(store);
    store.hold();
    const outcomes = [
      group.commit(append(1, 1, events('x', 1, 1))),
      group.commit(append(0, 1, events('b', 1, 1))),
      group.commit(append(0, 1, events('a', 2, 1))),
      group.commit(append(0, 1, events('c', 1, 1))),
      group.commit(append(0, 1, events('a', 3, 1))),
    ];
    await turn();
    outcomes.push(group.commit(append(0, 1, events('a', 4, 1))), group.commit(append(0, 1, events('d', 1, 1))));
    store.release();
    const kinds = (await Promise.all(outcomes)).map(({ kind }) => kind);
    expect(kinds).toEqual(['committed', 'committed', 'conflict', 'committed', 'conflict', 'conflict', 'committed']);
    expect(await store.readStream('a')).toHaveLength(2);
  });

  it('rejects what can never be stored, alone', async () => {
    const store = await owned();
    const group = new GroupCommit(store);
    const loop: unknown[] = [];
    loop.push(loop);
    const results = await Promise.allSettled([
      group.commit(append(0, 1, events('a', 1, 1))),
      group.commit(append(0, 1, events('b', 1, 1, loop))),
      group.commit(append(0, 1, events('b', 2, 1))),
      group.commit(append(0, 1, events('c\0', 1, 1))),
      group.commit(append(0, 1, events('d', 1, 1))),
    ]);
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected', 'rejected', 'fulfilled']);
    expect(results[1]).toMatchObject({ reason: expect.any(InvalidAppendError) });
    expect(store.batches).toHaveLength(1);
  });

  it('takes a batch apart when the store refuses a value of it', async () => {
    const store = await owned();
    const group = new GroupCommit(store);
    const refusal = new InvalidAppendError('too deep');
    // The batch, partition 0, and within it the second commit.
    store.append = ((original) => async (batch) => {
      if (batch.some((entry) => entry.events.some((event) => event.workflow === 'deep'))) {
        throw refusal;
      }
      return original(batch);
    })(store.append.bind(store));
    const results = await Promise.allSettled([
      group.commit(append(0, 1, events('a', 1, 1))),
      group.commit(append(0, 1, events('deep', 1, 1))),
      group.commit(append(1, 1, events('b', 1, 1))),
    ]);
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  });

  it('waits out an outage and holds callers back meanwhile', async () => {
    const store = await owned();
    const outages: unknown[] = [];
    const group = new GroupCommit(store, { maxPending: 5, onUnavailable: (error) => outages.push(error) });
    store.failures = [1, 2, 3].map(() => new StoreUnavailableError('unknown', { cause: 'down' }));
    await expect(group.ready()).resolves.toBeUndefined();
    const commits = Array.from({ length: 8 }, (_, i) => group.commit(append(0, 1, events(`w${i}`, 1, 1))));
    let ready = false;
    const waiting = group.ready().then(() => (ready = true));
    await turn();
    expect(ready).toBe(false);
    expect(new Set((await Promise.all(commits)).map(({ kind }) => kind))).toEqual(new Set(['committed']));
    await waiting;
    expect(outages).toHaveLength(3);
    // Each try was the very same batch: only so can a store find out what became of the one before.
    expect(new Set(store.batches.map((batch) => JSON.stringify(batch))).size).toBe(1);
  });

  it('finishes what waits when it is closed, and takes nothing more', async () => {
    const store = await owned();
    const group = new GroupCommit(store);
    const commit = group.commit(append(0, 1, events('a', 1, 1)));
    await group.close(1000);
    await expect(commit).resolves.toMatchObject({ kind: 'committed' });
    await expect(group.commit(append(0, 1, events('a', 2, 1)))).rejects.toBeInstanceOf(StoreUnavailableError);
  });

  it('gives up at its end when the store stays away', async () => {
    const store = await owned();
    const group = new GroupCommit(store);
    store.append = async () => Promise.reject(new StoreUnavailableError('unknown', { cause: 'down' }));
    const commit = group.commit(append(0, 1, events('a', 1, 1)));
    const [result] = await Promise.all([Promise.allSettled([commit]), group.close(50)]);
    expect(result).toMatchObject([{ status: 'rejected', reason: expect.any(StoreUnavailableError) }]);
  });
});
