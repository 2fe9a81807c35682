import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type NatsOptions, type NatsServer, startNats } from '@braid/embedded';
import { Client } from 'pg';

export type FreshDatabase = {
  readonly url: string;
  /** Removes it, cutting the connections that are still open. */
  drop(): Promise<void>;
};

export type FreshNats = NatsServer & {
  /** Kills the server, throws away everything it held and starts it again at the same address: a lost disk. */
  wipe(): Promise<void>;
};

/** An empty database of its own on the PostgreSQL of this test run. */
export async function freshDatabase(): Promise<FreshDatabase> {
  const server = testDatabaseUrl();
  const name = `test_${randomBytes(8).toString('hex')}`;
  await execute(server, `CREATE DATABASE ${name}`);
  const url = new URL(server);
  url.pathname = `/${name}`;
  return { url: url.href, drop: () => execute(server, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`) };
}

/** A NATS server of its own, in a directory that `stop` removes. */
export async function freshNats(options: Omit<NatsOptions, 'dataDir'> = {}): Promise<FreshNats> {
  const dir = await mkdtemp(join(tmpdir(), 'braid-nats-'));
  const remove = () => rm(dir, { recursive: true, force: true });
  try {
    const server = await startNats({ ...options, dataDir: dir });
    return {
      ...server,
      async wipe() {
        await server.killNow();
        await server.restart({ wipe: true });
      },
      async stop() {
        await server.stop();
        await remove();
      },
    };
  } catch (error) {
    await remove();
    throw error;
  }
}

/** The role and database that the test run's global setup made. */
function testDatabaseUrl(): string {
  const url = process.env['BRAID_TEST_DATABASE_URL'];
  if (url === undefined) {
    throw new Error(
      'BRAID_TEST_DATABASE_URL is not set: name the file .int-spec.ts or .e2e-spec.ts, and run it with jest',
    );
  }
  return url;
}

async function execute(url: string, statement: string): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
