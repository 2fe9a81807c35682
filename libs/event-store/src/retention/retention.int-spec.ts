import { type StoredEvent } from '@braid/events';
import { freshDatabase, type FreshDatabase } from '@braid/testing';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Client } from 'pg';
import { append, contractPartitions, events, id, ownAll } from '../contract/fixtures';
import { runMigrations, setPartitions } from '../migrations/run';
import { openEventStore, type OpenEventStore } from '../open';

const large = 'x'.repeat(300_000);
const followers = ['feed'];

describe('retention', () => {
  let database: FreshDatabase;
  let opened: OpenEventStore;
  let client: Client;

  beforeAll(async () => {
    database = await freshDatabase();
    await runMigrations(database.url);
    await setPartitions(database.url, contractPartitions);
    opened = await openEventStore({ url: database.url, partitions: contractPartitions });
    client = new Client({ connectionString: database.url });
    await client.connect();
    await ownAll(opened);
  });
  afterAll(async () => {
    await client.end();
    await opened.close();
    await database.drop();
  });

  const count = async (table: string, where = 'true'): Promise<number> => {
    const { rows } = await client.query<{ count: string }>(`select count(*) from braid.${table} where ${where}`);
    return Number(rows[0]?.count);
  };

  async function finished(endedAt: number, output: unknown = 'small'): Promise<string> {
    const workflow = id();
    const outcome = await opened.store.append([
      append(0, 1, events(workflow, 1, 2, output), [{ id: workflow, open: false, endedAt }]),
    ]);
    if (outcome.kind === 'committed') await opened.store.saveCheckpoints('feed', outcome.positions);
    return workflow;
  }

  const sweep = async (before: number): Promise<readonly string[]> => {
    const marked = await opened.retention.condemn(before, followers, 100);
    for (const workflow of marked) await opened.retention.remove(workflow);
    return marked;
  };

  it('removes what ended before the moment, oldest first, and nothing else', async () => {
    const [first, second, third] = [await finished(10), await finished(20), await finished(30)];
    const open = id();
    await opened.store.append([append(1, 1, events(open, 1, 1), [{ id: open, open: true, dueAt: 5 }])]);
    expect(await opened.retention.condemn(30, followers, 1)).toEqual([first]);
    expect(await sweep(30)).toEqual(expect.arrayContaining([first, second]));
    expect(await opened.store.readStream(first)).toEqual([]);
    expect(await opened.store.readStream(second)).toEqual([]);
    expect(await opened.store.readStream(third)).toHaveLength(2);
    expect(await opened.store.readStream(open)).toHaveLength(1);
    expect(await count('workflow', `id in ('${first}', '${second}')`)).toBe(0);
    expect(await sweep(30)).toEqual([]);
  });

  it('keeps a child as long as its parent is open', async () => {
    const parent = id();
    const child = `${parent}_1`;
    const record = (workflow: string, version: number, row: { open: boolean; dueAt?: number; endedAt?: number }) =>
      opened.store.append([append(3, 1, events(workflow, version, 1), [{ id: workflow, ...row }])]);
    await record(parent, 1, { open: true, dueAt: 5 });
    await record(child, 1, { open: false, endedAt: 10 });
    await opened.store.saveCheckpoints('feed', new Map([[3, 3]]));
    expect(await sweep(20)).toEqual([]);
    await record(parent, 2, { open: false, endedAt: 10 });
    expect((await sweep(20)).toSorted()).toEqual([parent, child]);
  });

  it('waits for followers that have not handled the last event', async () => {
    const workflow = id();
    await opened.store.append([append(2, 1, events(workflow, 1, 1), [{ id: workflow, open: false, endedAt: 1 }])]);
    expect(await sweep(2)).toEqual([]);
    await opened.store.saveCheckpoints('feed', new Map([[2, 1]]));
    expect(await sweep(2)).toEqual([workflow]);
  });

  it('refuses to take up again what is being removed', async () => {
    const workflow = await finished(1);
    await opened.retention.condemn(2, followers, 10);
    const again = append(0, 1, events(workflow, 3, 1), [{ id: workflow, open: true, dueAt: 100 }]);
    expect(await opened.store.append([again])).toMatchObject({
      kind: 'conflict',
      message: expect.stringContaining('being removed'),
    });
    expect(await opened.retention.remove(workflow)).toBe(true);
    expect(await opened.retention.remove(workflow)).toBe(false);
  });

  it('leaves alone what was taken up again before', async () => {
    const workflow = await finished(1);
    await opened.store.append([append(0, 1, events(workflow, 3, 1), [{ id: workflow, open: true, dueAt: 100 }])]);
    expect(await sweep(2)).toEqual([]);
    expect(await opened.retention.remove(workflow)).toBe(false);
    expect(await opened.store.readStream(workflow)).toHaveLength(3);
  });

  it('keeps large values once, gives them back, and collects them with their last user', async () => {
    const output = { report: large, more: [1, { '': large }] };
    const one = await finished(1, output);
    const other = await finished(50, { again: large });
    expect(await count('payload')).toBe(1);
    expect(await count('event', 'length(data::text) > 1000')).toBe(0);
    const outputs = (stream: readonly StoredEvent[]) => stream.map(({ data }) => (data as { output: unknown }).output);
    expect(outputs(await opened.store.readStream(one))).toEqual([output, output]);
    const read = await opened.store.readPartition(0, { afterPosition: 0, limit: 1_000 });
    expect(outputs(read.filter(({ workflow }) => workflow === other))).toEqual([{ again: large }, { again: large }]);

    const state = { context: { report: large } };
    await opened.store.saveSnapshot({ workflow: one, version: 2, stateSchema: 1, state });
    expect((await opened.store.loadSnapshot(one))?.state).toEqual(state);
    expect(await count('snapshot', 'length(state::text) > 1000')).toBe(0);

    await sweep(2);
    expect(await opened.retention.collectPayloads(0, 100)).toBe(0);
    await sweep(51);
    expect(await opened.retention.collectPayloads(60_000, 100)).toBe(0);
    expect(await opened.retention.collectPayloads(0, 100)).toBe(1);
    expect(await count('payload_use')).toBe(0);
  });

  it('collects what an append stored that was never written', async () => {
    const stale = append(0, 0, events(id(), 1, 1, large), []);
    expect((await opened.store.append([stale])).kind).toBe('fenced');
    expect(await count('payload')).toBe(1);
    expect(await opened.retention.collectPayloads(0, 100)).toBe(1);
  });
});
