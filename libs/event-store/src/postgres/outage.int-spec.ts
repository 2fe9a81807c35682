import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startPostgres } from '@braid/embedded';
import { freshDatabase, type FreshDatabase } from '@braid/testing';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Client } from 'pg';
import { CutProxy, type Cut } from '../contract/cut-proxy';
import { anHour, append, events } from '../contract/fixtures';
import { StoreUnavailableError } from '../errors';
import { type EventStore } from '../event-store';
import { GroupCommit } from '../group-commit';
import { runMigrations, setPartitions } from '../migrations/run';
import { openEventStore, type OpenEventStore } from '../open';

const partitions = 4;

async function prepare(url: string): Promise<void> {
  await runMigrations(url);
  await setPartitions(url, partitions);
}

/** Commits to all partitions from many workflows, until told to stop; answers how many events each workflow has. */
async function load(group: GroupCommit, until: AbortSignal): Promise<Map<string, number>> {
  const written = new Map<string, number>();
  await Promise.all(
    Array.from({ length: 24 }, async (_, index) => {
      const workflow = `workflow-${index}`;
      const partition = index % partitions;
      for (let version = 1; !until.aborted; version += 2) {
        const outcome = await group.commit(
          append(partition, 1, events(workflow, version, 2), [{ id: workflow, open: true, dueAt: version }]),
        );
        expect(outcome.kind).toBe('committed');
        written.set(workflow, version + 1);
        positions.set(`${workflow}:${version + 1}`, outcome.kind === 'committed' ? outcome.position : 0);
      }
    }),
  );
  return written;
}

/** What the writers were told: the position of the last event of each commit. */
const positions = new Map<string, number>();

async function expectExactlyOnce(store: EventStore, written: ReadonlyMap<string, number>): Promise<void> {
  const versions = new Map<string, number>();
  for (let partition = 0; partition < partitions; partition++) {
    const log = await store.readPartition(partition, { afterPosition: 0, limit: 1_000_000 });
    expect(log.map(({ position }) => position)).toEqual(log.map((_, index) => index + 1));
    expect((await store.heads()).get(partition)).toBe(log.length);
    for (const { workflow, version, position } of log) {
      expect(version).toBe((versions.get(workflow) ?? 0) + 1);
      versions.set(workflow, version);
      expect(positions.get(`${workflow}:${version}`) ?? position).toBe(position);
    }
  }
  expect(versions).toEqual(written);
}

describe('an append whose connection breaks', () => {
  let database: FreshDatabase;
  let proxy: CutProxy;
  let opened: OpenEventStore;
  const large = 'x'.repeat(4000);
  /** More cuts than there are tries. */
  const outage = Array.from({ length: 1000 }, (): Cut => 'request-lost');

  beforeEach(async () => {
    positions.clear();
    database = await freshDatabase();
    await prepare(database.url);
    proxy = await CutProxy.before(database.url, 4000);
    opened = await openEventStore({ url: proxy.url, patienceMs: 2000 });
    await opened.leases.acquire('me', partitions, anHour);
  });
  afterEach(async () => {
    await opened.close();
    proxy.stop();
    await database.drop();
  });

  it.each<{ readonly cuts: readonly Cut[] }>([
    { cuts: ['request-lost'] },
    { cuts: ['answer-lost'] },
    { cuts: ['request-lost', 'answer-lost'] },
    { cuts: ['answer-lost', 'request-lost', 'answer-lost'] },
  ])('is written once, however it was cut: $cuts', async ({ cuts }) => {
    const { store } = opened;
    await store.append([append(0, 1, events('before', 1, 1))]);
    proxy.cut(...cuts);
    const batch = [append(0, 1, events('a', 1, 3, large)), append(1, 1, [], [{ id: 'b', open: true, dueAt: 1 }])];
    const outcome = await store.append(batch);
    expect(proxy.outstanding).toBe(0);
    expect(outcome).toEqual({
      kind: 'committed',
      positions: new Map([
        [0, 4],
        [1, 0],
      ]),
    });
    await store.append([append(0, 1, events('a', 4, 1))]);
    const log = await store.readPartition(0, { afterPosition: 0, limit: 100 });
    expect(log.map(({ position, workflow, version }) => [position, workflow, version])).toEqual([
      [1, 'before', 1],
      [2, 'a', 1],
      [3, 'a', 2],
      [4, 'a', 3],
      [5, 'a', 4],
    ]);
  });

  it.each<[Cut, object]>([
    ['request-lost', { kind: 'fenced', partitions: [0] }],
    ['answer-lost', { kind: 'committed', positions: new Map([[0, 2]]) }],
  ])('is judged rightly when the partition changes hands meanwhile: %s', async (cut, verdict) => {
    const { store, leases } = opened;
    await store.append([append(0, 1, events('before', 1, 1))]);
    proxy.cut(cut, ...outage);
    const appending = store.append([append(0, 1, events('a', 1, 1, large))]);
    await until(() => proxy.outstanding < outage.length);
    await leases.release('me', [{ partition: 0, epoch: 1 }]);
    expect(await leases.acquire('heir', 1, anHour)).toEqual([{ partition: 0, epoch: 2 }]);
    const direct = await openEventStore({ url: database.url });
    await direct.store.append([append(0, 2, events('b', 1, 1))]);
    proxy.heal();
    expect(await appending).toEqual(verdict);
    const log = await direct.store.readPartition(0, { afterPosition: 0, limit: 10 });
    expect(log.map(({ workflow }) => workflow)).toEqual(cut === 'answer-lost' ? ['before', 'a', 'b'] : ['before', 'b']);
    await direct.close();
  });

  it('is refused when it comes late, after its copy was written', async () => {
    const { store } = opened;
    const client = new Client({ connectionString: database.url });
    await client.connect();
    const late = async () => {
      const { rows } = await client.query(
        `select * from braid.append('{0}', '{1}', '{0}', '{1}', '{0}', '{1}', '{1}', '{late}', '{1}',
           '{WorkflowCompleted}', '{1}', '{1}', array['{}']::json[], '{w}', '{0}', '{t}', '{1}')`,
      );
      return rows;
    };
    await store.append([append(0, 1, [], [{ id: 'w', open: true, dueAt: 77 }])]);
    expect(await late()).toEqual([{ refused: 0, fenced: false }]);
    expect(await store.due([0], 100, 10)).toEqual([{ workflow: 'w', partition: 0, dueAt: 77 }]);
    expect(await store.readStream('late')).toEqual([]);
    await client.end();
  });

  it('says that the outcome is unknown when nobody can be asked, and knows it when the same batch comes again', async () => {
    const { store } = opened;
    await store.append([append(0, 1, events('before', 1, 1))]);
    const batch = [append(0, 1, events('a', 1, 2, large))];
    proxy.cut('answer-lost', ...outage);
    await expect(store.append(batch)).rejects.toMatchObject({ name: StoreUnavailableError.name, outcome: 'unknown' });
    proxy.heal();
    await expect(store.append(batch)).resolves.toEqual({ kind: 'committed', positions: new Map([[0, 3]]) });
    // Anything else than the same batch is not taken for it.
    proxy.cut('answer-lost', ...outage);
    await expect(store.append([append(0, 1, events('a', 3, 1, large))])).rejects.toThrow(StoreUnavailableError);
    proxy.heal();
    const other = await store.append([append(0, 1, events('a', 3, 1, 'other'))]);
    expect(other.kind).toBe('conflict');
    expect(await store.append([append(0, 1, events('a', 4, 1))])).toMatchObject({ kind: 'committed' });
  });

  it('is written once each time, while its backend is killed again and again under load', async () => {
    const group = new GroupCommit(opened.store);
    const stop = new AbortController();
    const loading = load(group, stop.signal);
    const killer = new Client({ connectionString: database.url });
    await killer.connect();
    let kills = 0;
    while (kills < 25) {
      const { rowCount } = await killer.query(
        `select pg_terminate_backend(pid) from pg_stat_activity
         where application_name like 'braid-append-%' and datname = current_database()`,
      );
      kills += rowCount ?? 0;
      await sleep(Math.random() * 40);
    }
    stop.abort();
    const written = await loading;
    await killer.end();
    await expectExactlyOnce(opened.store, written);
    const due = await opened.store.due([0, 1, 2, 3], Number.MAX_SAFE_INTEGER, 100);
    expect(new Map(due.map(({ workflow, dueAt }) => [workflow, dueAt + 1]))).toEqual(written);
  }, 60_000);
});

describe('a server that restarts while appends go on', () => {
  it('loses none of them, and writes none twice', async () => {
    positions.clear();
    const dataDir = await mkdtemp(join(tmpdir(), 'braid-outage-'));
    const server = await startPostgres({ dataDir });
    await prepare(server.url);
    const opened = await openEventStore({ url: server.url, patienceMs: 1000 });
    await opened.leases.acquire('me', partitions, anHour);
    const group = new GroupCommit(opened.store);
    const stop = new AbortController();
    const loading = load(group, stop.signal);
    for (let round = 0; round < 3; round++) {
      await sleep(200);
      await (round === 1 ? server.killNow().then(() => server.restart()) : server.restart());
    }
    await sleep(200);
    stop.abort();
    await expectExactlyOnce(opened.store, await loading);
    await group.close(1000);
    await opened.close();
    await server.stop();
    await rm(dataDir, { recursive: true, force: true });
  }, 60_000);
});

async function until(condition: () => boolean): Promise<void> {
  const end = performance.now() + 10_000;
  while (!condition()) {
    expect(performance.now()).toBeLessThan(end);
    await sleep(1);
  }
}
