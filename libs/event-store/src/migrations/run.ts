import { Client } from 'pg';
import { DataSource } from 'typeorm';
import { StoreSetupError } from '../errors';
import { EventLog1764000000000 } from './1764000000000-event-log';
import { ReadSide1764000000001 } from './1764000000001-read-side';
import { Retention1764000000002 } from './1764000000002-retention';
import { Verification1764000000010 } from './1764000000010-verification';

export const migrations = [
  EventLog1764000000000,
  ReadSide1764000000001,
  Retention1764000000002,
  Verification1764000000010,
];

/** Any number that nobody else in this database uses for an advisory lock. */
const lockKey = 7_236_143_501;

/**
 * Brings the schema `braid` to the shape of this release. Any number of processes may do so at once: one works, the others
 * wait and then find nothing left to do. The lock belongs to a transaction, so it also works behind a connection pooler.
 * @returns the names of the migrations that ran.
 */
export async function runMigrations(url: string): Promise<string[]> {
  return exclusively(url, async () => {
    const source = new DataSource({
      type: 'postgres',
      url,
      schema: 'braid',
      migrations,
      migrationsTableName: 'migration',
      installExtensions: false,
      extra: { max: 2 },
    });
    await source.initialize();
    try {
      await source.query('create schema if not exists braid');
      const ran = await source.runMigrations({ transaction: 'each' });
      return ran.map(({ name }) => name);
    } finally {
      await source.destroy();
    }
  });
}

/**
 * Creates the partitions of an installation. Their number is fixed from then on, because it decides to which partition a
 * workflow belongs.
 * @throws StoreSetupError when there are partitions already, in another number.
 */
export async function setPartitions(url: string, count: number): Promise<void> {
  if (!Number.isInteger(count) || count < 1 || count > 1024) {
    throw new StoreSetupError(`${count} is not a number of partitions; use a whole number from 1 to 1024`);
  }
  await exclusively(url, async (client) => {
    const { rows } = await client.query<{ count: number }>('select count(*)::integer as count from braid.partition');
    const existing = rows[0]?.count ?? 0;
    if (existing !== 0) {
      requirePartitions(existing, count);
      return;
    }
    await client.query('insert into braid.partition (p) select generate_series(0, $1 - 1)', [count]);
  });
}

/** @throws StoreSetupError when the numbers differ. */
export function requirePartitions(existing: number, wanted: number): void {
  if (existing === 0) {
    throw new StoreSetupError('The database has no partitions yet; run `braid migrate` first');
  }
  if (existing !== wanted) {
    throw new StoreSetupError(
      `The database was set up with ${existing} partitions and ${wanted} are configured. The number cannot change once it is set: configure ${existing}, or use an empty database`,
    );
  }
}

async function exclusively<Result>(url: string, run: (client: Client) => Promise<Result>): Promise<Result> {
  const client = new Client({
    connectionString: url,
    application_name: 'braid-migrate',
    connectionTimeoutMillis: 10_000,
  });
  client.on('error', () => undefined);
  await client.connect();
  try {
    await client.query('begin');
    await client.query('select pg_advisory_xact_lock($1)', [lockKey]);
    const result = await run(client);
    await client.query('commit');
    return result;
  } finally {
    await client.end();
  }
}
