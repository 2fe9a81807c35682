import { freshDatabase, type FreshDatabase } from '@braid/testing';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Client } from 'pg';
import { anHour, append, contractPartitions, events } from '../contract/fixtures';
import { type EventStore, type PartitionAppend, type PartitionLeases } from '../event-store';
import { InMemoryEventStore } from '../memory/event-store';
import { runMigrations, setPartitions } from '../migrations/run';
import { openEventStore, type OpenEventStore } from '../open';

type Subject = { readonly store: EventStore; readonly leases: PartitionLeases };

/** One thing to do to both stores; what they answer must be equal. */
type Command = { readonly name: string; readonly run: (subject: Subject, world: World) => Promise<unknown> };

/** What lies outside the port: time that passes, and backends that are killed. */
type World = { readonly passAnHour: () => Promise<void>; readonly kill: () => Promise<void> };

const partition = fc.nat(contractPartitions);
const workflow = fc.constantFrom('w0', 'w1', 'w2', 'w3');
const epoch = fc.integer({ min: 0, max: 4 });
const owner = fc.constantFrom('ann', 'bob');
const leases = fc.array(fc.record({ partition, epoch }), { maxLength: 4 });
const data = fc.oneof(fc.string({ unit: 'binary' }), fc.jsonValue(), fc.constantFrom('\0', '\ud800'));

const entry = fc.record({
  partition,
  epoch,
  workflow,
  from: fc.integer({ min: 1, max: 8 }),
  count: fc.nat(3),
  data,
  due: fc.option(fc.nat(50)),
});

const toAppend = (of: typeof entry extends fc.Arbitrary<infer T> ? T : never): PartitionAppend =>
  append(of.partition, of.epoch, events(of.workflow, of.from, of.count, of.data), [
    of.due === null ? { id: of.workflow, open: false } : { id: of.workflow, open: true, dueAt: of.due },
  ]);

const command = <T>(
  name: string,
  weight: number,
  arbitrary: fc.Arbitrary<T>,
  run: (value: T, subject: Subject, world: World) => Promise<unknown>,
) => ({
  weight,
  arbitrary: arbitrary.map((value): Command => ({
    name: `${name} ${fc.stringify(value)}`,
    run: (subject, world) => run(value, subject, world),
  })),
});

const commands = fc.oneof(
  command(
    'append',
    8,
    fc.uniqueArray(entry, { maxLength: 3, selector: (of) => of.partition }),
    async (batch, { store }) => {
      const outcome = await store.append(batch.map(toAppend));
      // A server says that it failed before it lets go of its locks; what is answered next comes after that.
      await store.append([]);
      // Stores find the first mistake in different orders, and word it differently.
      return outcome.kind === 'conflict' ? outcome.kind : outcome;
    },
  ),
  command('acquire', 2, fc.record({ owner, limit: fc.nat(5) }), (of, subject) =>
    subject.leases.acquire(of.owner, of.limit, anHour),
  ),
  command('renew', 1, fc.record({ owner, leases }), (of, subject) =>
    subject.leases.renew(of.owner, distinct(of.leases), anHour),
  ),
  command('release', 1, fc.record({ owner, leases }), (of, subject) =>
    subject.leases.release(of.owner, distinct(of.leases)),
  ),
  command('list', 1, fc.constant(null), (_, subject) => subject.leases.list()),
  command('announce', 1, owner, (of, subject) => subject.leases.announce(of, anHour)),
  command('leave', 1, owner, (of, subject) => subject.leases.leave(of)),
  command('an hour passes', 1, fc.constant(null), (_, _subject, world) => world.passAnHour()),
  command('backends are killed', 1, fc.constant(null), (_, _subject, world) => world.kill()),
  command(
    'read a stream',
    2,
    fc.record({ workflow, afterVersion: fc.nat(4), upToVersion: fc.nat(12) }),
    (of, { store }) => store.readStream(of.workflow, of),
  ),
  command(
    'read a partition',
    2,
    fc.record({ partition, afterPosition: fc.nat(5), limit: fc.integer({ min: 1, max: 9 }) }),
    (of, { store }) => store.readPartition(of.partition, of),
  ),
  command('heads', 1, fc.constant(null), (_, { store }) => store.heads().then(sorted)),
  command('due', 2, fc.record({ partitions: fc.uniqueArray(partition), before: fc.nat(60) }), async (of, { store }) => {
    const due = await store.due(of.partitions, of.before, 100);
    const times = due.map(({ dueAt }) => dueAt);
    // Which of two that are due at the same moment comes first is left open.
    return [times, due.sort((a, b) => (a.workflow < b.workflow ? -1 : 1))];
  }),
  command('save checkpoints', 1, fc.array(fc.tuple(partition, fc.nat(9))), (of, { store }) =>
    store.saveCheckpoints('f', new Map(of)),
  ),
  command('load checkpoints', 1, fc.constant(null), (_, { store }) => store.loadCheckpoints('f').then(sorted)),
  command(
    'save a snapshot',
    1,
    fc.record({ workflow, version: fc.nat(9), stateSchema: fc.integer({ min: 1, max: 2 }), state: data }),
    (of, { store }) => store.saveSnapshot(of),
  ),
  command('load a snapshot', 1, workflow, (of, { store }) => store.loadSnapshot(of)),
);

function distinct<T extends { readonly partition: number }>(of: readonly T[]): T[] {
  return [...new Map(of.map((lease) => [lease.partition, lease])).values()];
}

function sorted(map: ReadonlyMap<number, number>): [number, number][] {
  return [...map].sort(([a], [b]) => a - b);
}

/**
 * PostgreSQL and the reference implementation are told the same things and must answer the same, at every step. Runs:
 * BRAID_TEST_RUNS, 40 unless told; steps of a run: BRAID_TEST_STEPS, 40 unless told.
 */
describe('the event store on PostgreSQL, beside its reference', () => {
  let database: FreshDatabase;
  let opened: OpenEventStore;
  let admin: Client;

  beforeAll(async () => {
    database = await freshDatabase();
    await runMigrations(database.url);
    await setPartitions(database.url, contractPartitions);
    opened = await openEventStore({ url: database.url, partitions: contractPartitions });
    admin = new Client({ connectionString: database.url });
    await admin.connect();
  });
  afterAll(async () => {
    await admin.end();
    await opened.close();
    await database.drop();
  });

  async function reset(): Promise<void> {
    await admin.query(`
      delete from braid.event; delete from braid.workflow; delete from braid.snapshot; delete from braid.checkpoint;
      delete from braid.orchestrator;
      -- Commits go on counting: the writer remembers them under its epoch, as it would in one long life.
      update braid.partition set epoch = epoch + 1000, seq = 0, owner = null, lease_until = null`);
  }

  it('answers the same', async () => {
    const maxLength = Number(process.env['BRAID_TEST_STEPS'] ?? 40);
    await fc.assert(
      fc.asyncProperty(fc.array(commands, { maxLength, size: 'max' }), async (steps) => {
        await reset();
        const subject = await shifted(opened);
        let now = 1_000_000;
        const reference = new InMemoryEventStore({ partitions: contractPartitions, now: () => now });
        const worlds = {
          real: {
            passAnHour: async () => {
              await admin.query(`update braid.partition set lease_until = lease_until - interval '2 hours';
                update braid.orchestrator set seen_until = seen_until - interval '2 hours'`);
            },
            kill: async () => {
              await admin.query(`select pg_terminate_backend(pid) from pg_stat_activity
                where application_name like 'braid-%' and application_name <> 'braid-views' and datname = current_database()`);
            },
          },
          reference: { passAnHour: async () => void (now += 2 * anHour), kill: async () => undefined },
        };
        for (const step of steps) {
          const expected = await step.run({ store: reference, leases: reference.leases }, worlds.reference);
          const actual = await step.run(subject, worlds.real);
          expect([step.name, actual]).toEqual([step.name, expected]);
        }
      }),
      { numRuns: Number(process.env['BRAID_TEST_RUNS'] ?? 40) },
    );
  }, 3_600_000);

  /** The subject as if its epochs began at 0: within one process an epoch never comes back, so each run has higher ones. */
  async function shifted(real: OpenEventStore): Promise<Subject> {
    const base = (await real.leases.list())[0]?.epoch ?? 0;
    const bases = new Map((await real.leases.list()).map(({ partition: p, epoch: e }) => [p, e]));
    const up = <T extends { partition: number; epoch: number }>(of: T): T => ({
      ...of,
      epoch: of.epoch + (bases.get(of.partition) ?? base),
    });
    const down = <T extends { partition: number; epoch: number }>(of: T): T => ({
      ...of,
      epoch: of.epoch - (bases.get(of.partition) ?? base),
    });
    const store = Object.create(real.store) as EventStore;
    store.append = (batch) => real.store.append(batch.map(up));
    const held: PartitionLeases = {
      announce: (...call) => real.leases.announce(...call),
      leave: (...call) => real.leases.leave(...call),
      acquire: async (...call) => (await real.leases.acquire(...call)).map(down),
      renew: async (of, those, ttl) => (await real.leases.renew(of, those.map(up), ttl)).map(down),
      release: (of, those) => real.leases.release(of, those.map(up)),
      list: async () => (await real.leases.list()).map(down),
    };
    return { store, leases: held };
  }
});
