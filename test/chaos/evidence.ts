import { type Json, type StoredEvent } from '@braid/events';
import { openEventStore, type OpenEventStore, type WorkflowSummary } from '@braid/event-store';
import { BraidClient } from '@braid/sdk';
import { Client } from 'pg';
import { type Evidence } from './checks';
import { type Cluster } from './cluster';
import { differences, readHistory, type Reading, snapshotHolds } from './history';
import { type Ledger } from './ledger';
import { type Load } from './load';
import { setTimeout as sleep } from 'node:timers/promises';

type Run = { readonly cluster: Cluster; readonly databaseUrl: string; readonly load: Load; readonly ledger: Ledger };

const page = 1_000;
/** The list follows the log within moments. */
const listWithinMs = 10_000;
/** What a healthy service never logs, whatever happens around it, except for what it logs about a store that is away. */
const alarming =
  /"msg":"(?:a decision threw|a workflow could not be loaded|an effect failed|an attempt could not be handled|Listening was refused)|the log contradicts this copy|UnhandledPromise|uncaught/i;

/** Reads what is left of a run, past the links and the gateways where the store itself can be asked. */
export async function gather({ cluster, databaseUrl, load, ledger }: Run): Promise<Evidence> {
  const events = await openEventStore({ url: databaseUrl });
  const database = new Client({ connectionString: databaseUrl });
  await database.connect();
  try {
    const streams = await readStreams(events);
    const readings = [...streams].map(([id, history]) => readHistory(id, history));
    const badSnapshots: string[] = [];
    let snapshots = 0;
    for (const [id, history] of streams) {
      const snapshot = await events.store.loadSnapshot(id);
      if (snapshot === undefined) continue;
      snapshots += 1;
      if (!snapshotHolds(snapshot, history)) badSnapshots.push(`${id} at version ${snapshot.version}`);
    }
    const [gateway = ''] = cluster.gateways;
    return {
      starts: load.starts,
      strange: load.strange,
      readings,
      histories: streams,
      ledger,
      listed: await readList(events, readings),
      gaps: await findGaps(database),
      badSnapshots,
      snapshots,
      orphans: (await (await fetch(`${gateway}/v1/health/orphans`)).json()) as Json,
      deadLetters: await readDeadLetters(gateway),
      alarms: cluster.members.flatMap(({ name, log }) =>
        log
          .split('\n')
          .flatMap((line) =>
            alarming.test(line) && !line.includes('StoreUnavailableError') ? [`${name}: ${line.slice(0, 600)}`] : [],
          ),
      ),
    };
  } finally {
    await database.end();
    await events.close();
  }
}

async function readStreams({ store }: OpenEventStore): Promise<ReadonlyMap<string, readonly StoredEvent[]>> {
  const streams = new Map<string, StoredEvent[]>();
  for (const partition of (await store.heads()).keys()) {
    for (let afterPosition = 0; ;) {
      const events = await store.readPartition(partition, { afterPosition, limit: page });
      for (const event of events) {
        const stream = streams.get(event.workflow);
        if (stream === undefined) streams.set(event.workflow, [event]);
        else stream.push(event);
      }
      const last = events.at(-1);
      if (last === undefined) break;
      afterPosition = last.position;
    }
  }
  return streams;
}

/** The list as it stands when it agrees with the histories, or when it had time enough to. */
async function readList(
  events: OpenEventStore,
  readings: readonly Reading[],
): Promise<ReadonlyMap<string, WorkflowSummary>> {
  const end = performance.now() + listWithinMs;
  for (;;) {
    const lines = new Map<string, WorkflowSummary>();
    for (let cursor: string | undefined; ;) {
      const { workflows, next } = await events.summaries.list({
        limit: 500,
        ...(cursor === undefined ? {} : { cursor }),
      });
      for (const line of workflows) lines.set(line.id, line);
      cursor = next;
      if (cursor === undefined) break;
    }
    const agrees = readings.every(
      ({ id, state }) => state === undefined || differences(state, lines.get(id)).length === 0,
    );
    if (agrees || performance.now() > end) return lines;
    await sleep(500);
  }
}

async function findGaps(database: Client): Promise<Evidence['gaps']> {
  const versions = await database.query<{ stream: string }>(
    'select stream from braid.event group by stream having min(version) <> 1 or max(version) <> count(*)',
  );
  const positions = await database.query<{ p: number }>(
    `select p from braid.partition left join braid.event using (p) group by p, partition.seq
     having partition.seq <> count(event.seq) or (count(event.seq) > 0 and (min(event.seq) <> 1 or max(event.seq) <> count(event.seq)))`,
  );
  return {
    versions: versions.rows.map(({ stream }) => stream),
    positions: positions.rows.map(({ p }) => `partition ${p}`),
  };
}

async function readDeadLetters(gateway: string): Promise<string[]> {
  const { deadLetters } = await new BraidClient({ baseUrl: gateway }).deadLetters({ limit: 100 });
  return deadLetters.map((letter) => JSON.stringify(letter).slice(0, 600));
}
