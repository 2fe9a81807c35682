import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';

async function asked<T>(url: string, ask: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 5_000 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    return await ask(client);
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** Ends each connection to the database with this chance, whatever is under way on it. */
export async function endBackends(url: string, share: number): Promise<void> {
  await asked(url, (client) =>
    client.query(
      `select pg_terminate_backend(pid) from pg_stat_activity
       where backend_type = 'client backend' and pid <> pg_backend_pid() and random() < $1`,
      [share],
    ),
  );
}

/** The most that PostgreSQL rests before it flushes a commit, in microseconds. */
const commitDelay = 100_000;
const dropEveryMs = 250;

/**
 * For a while every commit takes long, and connections are dropped while theirs is under way: it happens, and nobody is told.
 * A backend that is ended would first send its answer, so the connection is dropped instead. Answers how many were.
 */
export function dropCommits(url: string, ms: number, drop: (port: number) => boolean): Promise<number> {
  return asked(url, async (client) => {
    const end = performance.now() + ms;
    let dropped = 0;
    await client.query(`alter system set commit_delay = ${commitDelay}`);
    await client.query('alter system set commit_siblings = 0');
    await client.query('select pg_reload_conf()');
    try {
      while (performance.now() < end) {
        const { rows } = await client.query<{ client_port: number }>(
          `select client_port from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid()
           and state = 'active' and backend_xid is not null and wait_event is null and now() - query_start > '10 ms'`,
        );
        const [port] = rows;
        if (port !== undefined && drop(port.client_port)) {
          dropped += 1;
          await sleep(dropEveryMs);
        } else await sleep(10);
      }
    } finally {
      await client.query('alter system reset commit_delay').catch(() => undefined);
      await client.query('alter system reset commit_siblings').catch(() => undefined);
      await client.query('select pg_reload_conf()').catch(() => undefined);
    }
    return dropped;
  });
}

/**
 * A transaction that has read everything stays open; with `locks` it also holds the rows of half of the partitions. False when
 * the server ended it before its time, or could not be reached.
 */
export async function holdTransaction(url: string, ms: number, locks: boolean): Promise<boolean> {
  const held = asked(url, async (client) => {
    await client.query('begin');
    await client.query('select pg_current_xact_id(), count(*) from braid.event');
    if (locks) await client.query('select p from braid.partition where p % 2 = 0 for update');
    // A snapshot that stays: nothing that is deleted from now on can be cleaned up.
    await client.query('declare everything cursor for select * from braid.event');
    await client.query('fetch 1 from everything');
    await sleep(ms);
    await client.query('rollback');
    return true;
  });
  return held.catch(() => false);
}
