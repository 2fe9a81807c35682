import { spawn } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Client } from 'pg';
import { type PostgresOptions, type PostgresServer, startPostgres } from './postgres';
import { serverUser } from './postgres-user';

jest.setTimeout(60_000);

let dir: string;
const running: PostgresServer[] = [];

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'braid-postgres-spec-'));
});
afterEach(async () => {
  for (const server of running.splice(0)) await server.stop();
  await rm(dir, { recursive: true, force: true });
});

const start = async (options: Partial<PostgresOptions> = {}): Promise<PostgresServer> => {
  const server = await startPostgres({ dataDir: dir, ...options });
  running.push(server);
  return server;
};

async function query(url: string, sql: string): Promise<readonly unknown[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<unknown[]>({ text: sql, rowMode: 'array' })).rows.flat();
  } finally {
    await client.end();
  }
}

const remember = (server: PostgresServer) => query(server.url, "CREATE TABLE kept AS SELECT 'word' AS w");
const recall = (server: PostgresServer) => query(server.url, 'SELECT w FROM kept');

describe('startPostgres', () => {
  it('serves an unprivileged role that owns its database, in UTF-8, durably', async () => {
    const server = await start();
    const [superuser, database, encoding, fsync, checksums] = await query(
      server.url,
      `SELECT current_setting('is_superuser'), current_database(), current_setting('server_encoding'),
              current_setting('fsync'), current_setting('data_checksums')`,
    );
    expect([superuser, database, encoding, fsync, checksums]).toEqual(['off', 'braid', 'UTF8', 'on', 'on']);
    await query(server.url, 'CREATE DATABASE another');
    expect(await query(server.adminUrl, "SELECT current_setting('is_superuser')")).toEqual(['on']);
  });

  it('refuses a wrong password, and hides the right one', async () => {
    const server = await start();
    const wrong = server.url.replace(/braid:[^@]+@/, 'braid:wrong@');
    await expect(query(wrong, 'SELECT 1')).rejects.toThrow(/password authentication failed/);
    expect((await stat(join(dir, 'secrets.json'))).mode & 0o077).toBe(0);
  });

  it('never runs as root', async () => {
    const server = await start();
    const status = await readFile(`/proc/${server.pid()}/status`, 'utf8');
    expect(/^Uid:\s+(\d+)/m.exec(status)?.[1]).not.toBe('0');
    expect(/^CapEff:\s+(\S+)/m.exec(status)?.[1]).toMatch(/^0+$/);
  });

  it('keeps data over a restart on the same address, and over kill -9 with the stale pid file', async () => {
    const server = await start();
    await remember(server);
    const before = server.pid();
    await server.restart();
    expect(server.pid()).not.toBe(before);
    expect(await recall(server)).toEqual(['word']);
    await server.killNow();
    expect(await readFile(join(dir, 'data', 'postmaster.pid'), 'utf8')).toContain(String(server.port));
    await server.restart();
    expect(await recall(server)).toEqual(['word']);
  });

  it('starts although the stale pid file names a process that has nothing to do with it', async () => {
    const first = await start();
    await remember(first);
    await first.killNow();
    await first.stop();
    const pidFile = join(dir, 'data', 'postmaster.pid');
    const stale = await readFile(pidFile, 'utf8');
    // PostgreSQL itself sees through this when the process belongs to another user.
    const other = spawn('sleep', ['60'], { ...(await serverUser(join(dir, 'data'))), cwd: '/' });
    try {
      await writeFile(pidFile, stale.replace(/^\d+/, String(other.pid)));
      expect(await recall(await start())).toEqual(['word']);
      expect(other.exitCode ?? other.signalCode).toBeNull();
    } finally {
      other.kill('SIGKILL');
    }
  });

  it('starts afresh after an initialisation that was cut short', async () => {
    await mkdir(join(dir, 'init-half', 'data'), { recursive: true });
    await writeFile(join(dir, 'init-half', 'data', 'PG_VERSION'), '18\n');
    await remember(await start());
    await expect(stat(join(dir, 'init-half'))).rejects.toThrow('ENOENT');
  });

  it('makes new passwords when the old ones are lost', async () => {
    const first = await start();
    await remember(first);
    await first.stop();
    await rm(join(dir, 'secrets.json'));
    const second = await start();
    expect(second.url).not.toContain(new URL(first.url).password);
    expect(await recall(second)).toEqual(['word']);
  });

  it('refuses data of another major version and leaves them alone', async () => {
    await (await start()).stop();
    const version = join(dir, 'data', 'PG_VERSION');
    const right = await readFile(version, 'utf8');
    await writeFile(version, '9.6\n');
    await expect(startPostgres({ dataDir: dir })).rejects.toMatchObject({ code: 'embedded.data_unusable' });
    await writeFile(version, right);
    await start();
  });

  it('refuses a directory that is in use, and does not disturb who uses it', async () => {
    const first = await start();
    await remember(first);
    await expect(startPostgres({ dataDir: dir })).rejects.toMatchObject({ code: 'embedded.in_use' });
    expect(await recall(first)).toEqual(['word']);
  });

  it('says why it did not start, with the end of its log', async () => {
    const attempt = startPostgres({ dataDir: dir, settings: { shared_buffers: 'many' } });
    await expect(attempt).rejects.toMatchObject({ code: 'embedded.start_failed' });
    await expect(attempt).rejects.toThrow(/shared_buffers/);
  });

  it('says when the port that was asked for is taken', async () => {
    const first = await start();
    const attempt = startPostgres({ dataDir: join(dir, 'second'), port: first.port });
    await expect(attempt).rejects.toThrow(new RegExp(`port ${first.port}[^]*could not bind`));
  });

  it('works in a directory that the server’s user cannot reach', async () => {
    await chmod(dir, 0o700);
    const server = await start({ dataDir: join(dir, 'deep', 'er') });
    await remember(server);
    await query(server.adminUrl, 'SELECT pg_reload_conf()');
    await query(server.adminUrl, 'CHECKPOINT');
    await server.restart();
    expect(await recall(server)).toEqual(['word']);
  });
});
