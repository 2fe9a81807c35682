import { Client } from 'pg';
import { type Engine } from './engine';
import { install, type InstallationOptions } from './installation';
import { fanOut, Load } from './load';

const counted = `
  select (select xact_commit from pg_stat_database where datname = current_database())::float8 as commits,
         (select count from (select sum(wal_sync) as count from (select fsyncs as wal_sync from pg_stat_io where object = 'wal') w) s)::float8 as fsyncs,
         (select sum(seq) from braid.partition)::float8 as events,
         pg_current_wal_lsn() - '0/0'::pg_lsn as wal_bytes`;

/** Braid as it is installed: every service a process, PostgreSQL and NATS on files, projections and the public feed on. */
export async function braidEngine(options: InstallationOptions = {}): Promise<Engine> {
  const { gateways = 1, orchestrators = 1, runners = 2 } = options;
  const braid = await install(options);
  const load = new Load(braid.gateways[0] ?? '');
  const client = new Client({ connectionString: braid.databaseUrl });
  await client.connect();
  const bodies = new Map<number, string>();
  return {
    name: 'braid',
    settings: { gateways, orchestrators, runners, ...options.env, postgres: 'fsync on', nats: 'file storage' },
    pids: braid.pids,
    async complete(width) {
      const body = bodies.get(width) ?? fanOut(width);
      bodies.set(width, body);
      await load.complete(body);
    },
    async counters() {
      const { rows } = await client.query<Record<string, number | string>>(counted);
      return Object.fromEntries(Object.entries(rows[0] ?? {}).map(([name, value]) => [name, Number(value)]));
    },
    async stop() {
      load.close();
      await client.end();
      await braid.stop();
    },
  };
}
