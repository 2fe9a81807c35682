import { freshDatabase, type FreshDatabase } from '@braid/testing';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { StoreSetupError, StoreUnavailableError } from '../errors';
import { openEventStore } from '../open';
import { runMigrations, setPartitions } from './run';

describe('the schema', () => {
  let database: FreshDatabase;

  beforeEach(async () => {
    database = await freshDatabase();
  });
  afterEach(() => database.drop());

  it('is made once, however many processes make it at the same time', async () => {
    const runs = await Promise.all(Array.from({ length: 5 }, () => runMigrations(database.url)));
    expect(runs.filter((names) => names.length > 0)).toHaveLength(1);
    expect(await runMigrations(database.url)).toEqual([]);
  });

  it('gets its partitions once, and refuses another number of them', async () => {
    await runMigrations(database.url);
    await Promise.all([setPartitions(database.url, 6), setPartitions(database.url, 6)]);
    await expect(setPartitions(database.url, 7)).rejects.toThrow(/6 partitions and 7 are configured/);
    await expect(openEventStore({ url: database.url, partitions: 7 })).rejects.toThrow(StoreSetupError);
    const opened = await openEventStore({ url: database.url, partitions: 6 });
    expect((await opened.store.heads()).size).toBe(6);
    await opened.close();
    await expect(setPartitions(database.url, 0)).rejects.toThrow(StoreSetupError);
  });

  it('is asked for with words when it is missing', async () => {
    await expect(openEventStore({ url: database.url })).rejects.toThrow(/run `braid migrate` first/);
    await runMigrations(database.url);
    await expect(openEventStore({ url: database.url })).rejects.toThrow(/run `braid migrate` first/);
  });

  it('is not to be had from a server that is away', async () => {
    const url = new URL(database.url);
    url.port = '1';
    await expect(openEventStore({ url: url.href, patienceMs: 50 })).rejects.toThrow(StoreUnavailableError);
  });
});
