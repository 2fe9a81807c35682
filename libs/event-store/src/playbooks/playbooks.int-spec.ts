import { type Graph } from '@braid/events';
import { freshDatabase, type FreshDatabase } from '@braid/testing';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Client } from 'pg';
import { runMigrations, setPartitions } from '../migrations/run';
import { openEventStore, type OpenEventStore } from '../open';
import { PlaybookVersionTakenError } from './playbooks';

const graph = (name: string): Graph => ({
  format: 1,
  name,
  executionType: 'mixed',
  fallbackToSequential: false,
  variables: {},
  steps: [],
});

describe('published playbooks', () => {
  let database: FreshDatabase;
  let opened: OpenEventStore;

  beforeAll(async () => {
    database = await freshDatabase();
    await runMigrations(database.url);
    await setPartitions(database.url, 1);
    opened = await openEventStore({ url: database.url });
  });
  afterAll(async () => {
    await opened.close();
    await database.drop();
  });

  const publish = async (name: string, source: string, version?: string) => {
    const { playbook, created } = await opened.playbooks.publish({
      name,
      source,
      graph: graph(name),
      ...(version === undefined ? {} : { version }),
    });
    return { version: playbook.version, created };
  };

  it('get whole numbers as versions, and the same source is the same version', async () => {
    expect(await publish('review', 'a')).toEqual({ version: '1', created: true });
    expect(await publish('review', 'a')).toEqual({ version: '1', created: false });
    expect(await publish('review', 'b')).toEqual({ version: '2', created: true });
    // Going back to an earlier source makes it the latest again, so it is a version of its own.
    expect(await publish('review', 'a')).toEqual({ version: '3', created: true });
    expect(await opened.playbooks.get('review')).toMatchObject({ version: '3', source: 'a', graph: graph('review') });
    expect(await opened.playbooks.get('review', '2')).toMatchObject({ version: '2', source: 'b' });
    expect(await opened.playbooks.get('review', '9')).toBeUndefined();
  });

  it('never change under an explicit version', async () => {
    expect(await publish('named', 'a', '1.0.0')).toEqual({ version: '1.0.0', created: true });
    expect(await publish('named', 'a', '1.0.0')).toEqual({ version: '1.0.0', created: false });
    await expect(publish('named', 'b', '1.0.0')).rejects.toThrow(PlaybookVersionTakenError);
    expect(await publish('named', 'b')).toEqual({ version: '1', created: true });
  });

  it("do not get in each other's way when published at once", async () => {
    const versions = await Promise.all(Array.from({ length: 8 }, (_, index) => publish('busy', `source ${index}`)));
    expect(versions.map(({ version }) => Number(version)).sort((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    const listed = await opened.playbooks.list({ name: 'busy' });
    expect(listed.map(({ version }) => version)).toEqual(['8', '7', '6', '5', '4', '3', '2', '1']);
    const same = await Promise.all(Array.from({ length: 4 }, () => publish('same', 'one')));
    expect(same.filter(({ created }) => created)).toHaveLength(1);
  });

  it('keep any text, and are not found under impossible names', async () => {
    const source = '\0 \ud800 ${{ "quotes" }}';
    await publish(`o'dd "name`, source);
    expect((await opened.playbooks.get(`o'dd "name`))?.source).toBe(source);
    expect(await opened.playbooks.get('no\0pe')).toBeUndefined();
    expect((await opened.playbooks.list()).length).toBeGreaterThan(0);
  });

  it('are there again when every connection was cut', async () => {
    const admin = new Client({ connectionString: database.url });
    await admin.connect();
    for (let round = 0; round < 5; round++) {
      await admin.query(`select pg_terminate_backend(pid) from pg_stat_activity
        where application_name like 'braid-%' and datname = current_database()`);
      const answers = await Promise.all([
        publish('cut', 'a'),
        opened.playbooks.list({ name: 'cut' }),
        opened.summaries.list({}),
        opened.summaries.counts(),
        opened.store.heads(),
      ]);
      expect(answers[0].version).toBe('1');
    }
    await admin.end();
  });
});
