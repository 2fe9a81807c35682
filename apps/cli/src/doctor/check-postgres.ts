import { openEventStore, StoreSetupError } from '@braid/event-store';
import { Client } from 'pg';
import { type Finding, messageOf } from './finding';

/** The clocks only order what people read; leases use the database's alone. Beyond this, times look wrong. */
const skewMs = 2_000;
const overdueMs = 60_000;

export async function checkPostgres(url: string | undefined, partitions: number): Promise<readonly Finding[]> {
  const subject = 'PostgreSQL';
  if (url === undefined) {
    const advice = 'Set DATABASE_URL, or start an embedded server with "npm start".';
    return [{ subject, state: 'bad', message: 'there is none', advice }];
  }
  let reached: readonly Finding[];
  try {
    reached = await checkServer(url);
  } catch (error) {
    const advice = 'Start it, or correct DATABASE_URL.';
    return [{ subject, state: 'bad', message: `cannot be reached: ${messageOf(error)}`, advice }];
  }
  return [...reached, ...(await checkStore(url, partitions))];
}

async function checkServer(url: string): Promise<readonly Finding[]> {
  const client = new Client({
    connectionString: url,
    connectionTimeoutMillis: 5_000,
    application_name: 'braid-doctor',
  });
  client.on('error', () => undefined);
  await client.connect();
  try {
    const asked = Date.now();
    const { rows } = await client.query<{ now: number; version: string; fsync: string }>(
      "select extract(epoch from clock_timestamp())::float8 * 1000 as now, current_setting('server_version') as version, current_setting('fsync') as fsync",
    );
    const halfway = (asked + Date.now()) / 2;
    const { now = halfway, version = '', fsync = 'on' } = rows[0] ?? {};
    return [durability(version, fsync), clock(Math.round(now - halfway))];
  } finally {
    await client.end();
  }
}

function durability(version: string, fsync: string): Finding {
  const subject = 'PostgreSQL';
  if (fsync === 'on') return { subject, state: 'good', message: `version ${version} answers` };
  const advice = 'Set fsync = on: without it, a power cut loses workflows that were accepted.';
  return { subject, state: 'bad', message: `version ${version} answers, but does not flush to disk`, advice };
}

function clock(ms: number): Finding {
  const subject = 'Clock';
  if (Math.abs(ms) <= skewMs) return { subject, state: 'good', message: `${Math.abs(ms)} ms from PostgreSQL's` };
  const message = `${Math.abs(ms)} ms ${ms > 0 ? 'behind' : 'ahead of'} PostgreSQL's`;
  return { subject, state: 'doubtful', message, advice: 'Let both machines set their clocks by NTP.' };
}

async function checkStore(url: string, partitions: number): Promise<readonly Finding[]> {
  const subject = 'Database';
  try {
    const opened = await openEventStore({ url, partitions, readConnections: 1, viewConnections: 1, patienceMs: 5_000 });
    try {
      const leases = await opened.leases.list();
      const message = `migrated, ${partitions} partitions`;
      return [{ subject, state: 'good', message }, owners(leases), overdue(await opened.store.overdue(overdueMs))];
    } finally {
      await opened.close();
    }
  } catch (error) {
    const advice = error instanceof StoreSetupError ? {} : { advice: 'Run "braid migrate".' };
    return [{ subject, state: 'bad', message: messageOf(error), ...advice }];
  }
}

function owners(leases: readonly { readonly owner?: string; readonly live: boolean }[]): Finding {
  const subject = 'Orchestrators';
  const unowned = leases.filter(({ live }) => !live).length;
  const names = new Set(leases.flatMap(({ live, owner }) => (live && owner !== undefined ? [owner] : [])));
  if (unowned === 0) return { subject, state: 'good', message: `${[...names].sort().join(', ')} own all partitions` };
  const message = `${unowned} of ${leases.length} partitions have no owner`;
  return {
    subject,
    state: 'bad',
    message,
    advice: 'Start an orchestrator: without an owner, workflows of a partition wait.',
  };
}

function overdue(count: number): Finding {
  const subject = 'Due workflows';
  if (count === 0) return { subject, state: 'good', message: 'none was due for over a minute' };
  const message = `${count} were due more than a minute ago and nobody has looked at them`;
  return { subject, state: 'bad', message, advice: 'See that orchestrators run, and read their logs.' };
}
