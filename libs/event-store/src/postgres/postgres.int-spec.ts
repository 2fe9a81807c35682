import { freshDatabase, type FreshDatabase } from '@braid/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Client } from 'pg';
import { eventStoreContract } from '../contract/event-store-contract';
import { contractPartitions } from '../contract/fixtures';
import { leasesContract } from '../contract/leases-contract';
import { runMigrations, setPartitions } from '../migrations/run';
import { openEventStore } from '../open';

describe('the event store on PostgreSQL', () => {
  let database: FreshDatabase;

  beforeAll(async () => {
    database = await freshDatabase();
    await runMigrations(database.url);
    await setPartitions(database.url, contractPartitions);
  });
  afterAll(() => database.drop());

  beforeEach(async () => {
    const client = new Client({ connectionString: database.url });
    await client.connect();
    await client.query(`
      truncate braid.event, braid.workflow, braid.snapshot, braid.checkpoint, braid.orchestrator;
      update braid.partition set epoch = 0, seq = 0, commits = 0, owner = null, lease_until = null`);
    await client.end();
  });

  it.each(Object.entries({ ...eventStoreContract, ...leasesContract }))('%s', async (_, check) => {
    const opened = await openEventStore({ url: database.url, partitions: contractPartitions });
    try {
      await expect(check(opened)).resolves.toBeUndefined();
    } finally {
      await opened.close();
    }
  });
});
