import { freshDatabase, type FreshDatabase } from '@braid/testing';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Client } from 'pg';
import { anHour, append, events } from '../contract/fixtures';
import { GroupCommit } from '../group-commit';
import { LogFollower } from '../log-follower';
import { runMigrations, setPartitions } from '../migrations/run';
import { openEventStore, type OpenEventStore } from '../open';

const partitions = 4;

describe('group commit on PostgreSQL', () => {
  let database: FreshDatabase;
  let opened: OpenEventStore;

  beforeAll(async () => {
    database = await freshDatabase();
    await runMigrations(database.url);
    await setPartitions(database.url, partitions);
    opened = await openEventStore({ url: database.url });
    await opened.leases.acquire('me', partitions, anHour);
  });
  afterAll(async () => {
    await opened.close();
    await database.drop();
  });

  async function mostCommits(): Promise<number> {
    const client = new Client({ connectionString: database.url });
    await client.connect();
    const { rows } = await client.query<{ most: string }>('select max(commits) as most from braid.partition');
    await client.end();
    return Number(rows[0]?.most);
  }

  it('writes many commits in few transactions', async () => {
    const group = new GroupCommit(opened.store);
    const before = await mostCommits();
    const outcomes = await Promise.all(
      Array.from({ length: 1000 }, (_, i) => group.commit(append(i % partitions, 1, events(`few-${i}`, 1, 2)))),
    );
    expect(outcomes.every(({ kind }) => kind === 'committed')).toBe(true);
    // 2000 events, at most 1000 to a batch.
    expect((await mostCommits()) - before).toBeLessThanOrEqual(3);
  });

  it('keeps batch mates whole when JSON is nested too deeply for the server', async () => {
    const group = new GroupCommit(opened.store);
    const deep = `{"output":${'['.repeat(30_000)}${']'.repeat(30_000)}}`;
    const results = await Promise.allSettled([
      group.commit(append(0, 1, events('deep-a', 1, 1))),
      group.commit({ ...append(0, 1, events('deep-b', 1, 1)), data: [deep] }),
      group.commit(append(1, 1, events('deep-c', 1, 1))),
      group.commit({ ...append(1, 1, events('deep-d', 1, 1)), data: ['no json'] }),
    ]);
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'rejected']);
    expect(await opened.store.readStream('deep-b')).toEqual([]);
  });

  it('feeds followers that never skip, while several writers append and only some of it is offered', async () => {
    const last = new Map<number, number>();
    const skips: string[] = [];
    const handle = async (batch: readonly { partition: number; position: number }[]) => {
      for (const { partition, position } of batch) {
        if (position !== (last.get(partition) ?? 0) + 1) {
          skips.push(`${partition}: ${position} after ${last.get(partition)}`);
        }
        last.set(partition, position);
      }
    };
    const follower = new LogFollower({
      store: opened.store,
      name: 'f',
      handle,
      batchSize: 50,
      maxBuffered: 100,
      pollEveryMs: 20,
    });
    await follower.assign([0, 1, 2, 3]);
    const group = new GroupCommit(opened.store, { maxEvents: 40 });
    await Promise.all(
      Array.from({ length: 40 }, async (_, w) => {
        for (let version = 1; version < 30; version += 3) {
          const partition = w % partitions;
          const added = events(`skip-${w}`, version, 3);
          const outcome = await group.commit(append(partition, 1, added));
          if (outcome.kind === 'committed' && Math.random() < 0.7) {
            const first = outcome.position - added.length + 1;
            follower.offer(added.map((event, index) => ({ ...event, partition, position: first + index })));
          }
        }
      }),
    );
    const heads = await opened.store.heads();
    const end = performance.now() + 20_000;
    while ([...heads].some(([p, head]) => last.get(p) !== head) && performance.now() < end) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    await follower.stop();
    expect(skips).toEqual([]);
    expect(last).toEqual(heads);
  });
});
