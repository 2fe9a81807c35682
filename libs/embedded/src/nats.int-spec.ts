import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { startNats, type NatsServer } from './nats';

jest.setTimeout(60_000);

let dir: string;
const running: NatsServer[] = [];

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'braid-nats-spec-'));
});
afterEach(async () => {
  for (const server of running.splice(0)) await server.stop();
  await rm(dir, { recursive: true, force: true });
});

const start = async (options: Partial<Parameters<typeof startNats>[0]> = {}): Promise<NatsServer> => {
  const server = await startNats({ dataDir: dir, ...options });
  running.push(server);
  return server;
};

const address = (server: NatsServer) => {
  const { host, username, password } = new URL(server.url);
  return { servers: host, user: username, pass: password, reconnect: false };
};

async function on<T>(server: NatsServer, act: (connection: NatsConnection) => Promise<T>): Promise<T> {
  const connection = await connect(address(server));
  try {
    return await act(connection);
  } finally {
    await connection.close();
  }
}

const publishOne = (server: NatsServer) =>
  on(server, async (connection) => {
    await (await jetstreamManager(connection)).streams.add({ name: 'KEPT', subjects: ['kept'], storage: 'file' });
    await jetstream(connection).publish('kept', 'word');
  });

const streamNames = (server: NatsServer) =>
  on(server, async (connection) => {
    const names: string[] = [];
    for await (const stream of (await jetstreamManager(connection)).streams.list()) {
      names.push(`${stream.config.name}:${stream.state.messages}`);
    }
    return names;
  });

describe('startNats', () => {
  it('serves JetStream to who has the password, and to nobody else', async () => {
    const server = await start();
    await publishOne(server);
    expect(await streamNames(server)).toEqual(['KEPT:1']);
    await expect(connect({ servers: `127.0.0.1:${server.port}`, reconnect: false })).rejects.toThrow(/authorization/i);
    for (const file of ['secrets.json', 'nats-server.conf']) expect((await stat(join(dir, file))).mode & 0o077).toBe(0);
  });

  it('takes messages up to its limit', async () => {
    const server = await start();
    expect(await on(server, (connection) => Promise.resolve(connection.info?.max_payload))).toBe(1024 * 1024);
  });

  it('keeps streams, address and password over a restart and over kill -9', async () => {
    const server = await start({ syncInterval: 'always' });
    await publishOne(server);
    const before = server.pid();
    await server.restart();
    expect(server.pid()).not.toBe(before);
    expect(await streamNames(server)).toEqual(['KEPT:1']);
    await server.killNow();
    await expect(streamNames(server)).rejects.toThrow(/connection refused/i);
    await server.restart();
    expect(await streamNames(server)).toEqual(['KEPT:1']);
  });

  it('forgets everything when it is wiped, and answers at the same address', async () => {
    const server = await start();
    await publishOne(server);
    await server.killNow();
    await server.restart({ wipe: true });
    expect(await streamNames(server)).toEqual([]);
  });

  it('ends up stopped when it is stopped during a restart', async () => {
    const server = await start();
    await Promise.all([server.restart(), server.stop()]);
    await expect(streamNames(server)).rejects.toThrow(/connection refused/i);
  });

  it('keeps streams for the next run on the same directory', async () => {
    const first = await start();
    await publishOne(first);
    await first.stop();
    await first.stop();
    expect(await streamNames(await start())).toEqual(['KEPT:1']);
  });

  it('refuses a directory that is in use', async () => {
    const first = await start();
    await expect(startNats({ dataDir: dir })).rejects.toMatchObject({ code: 'embedded.in_use' });
    expect(await streamNames(first)).toEqual([]);
  });

  it('refuses a server that is too old, and says what to do', async () => {
    const old = join(dir, 'old-nats-server');
    await writeFile(old, '#!/bin/sh\necho "nats-server: v2.9.10"\n');
    await chmod(old, 0o755);
    const attempt = startNats({ dataDir: join(dir, 'd'), env: { ...process.env, BRAID_NATS_SERVER: old } });
    await expect(attempt).rejects.toMatchObject({ code: 'embedded.nats_missing' });
    await expect(attempt).rejects.toThrow(/2\.9\.10, too old/);
  });

  it('says why a server did not start, with the end of its log', async () => {
    const failing = join(dir, 'failing');
    await writeFile(
      failing,
      '#!/bin/sh\n[ "$1" = --version ] && echo "nats-server: v2.11.0" && exit\necho out of luck >&2; exit 3\n',
    );
    await chmod(failing, 0o755);
    const attempt = startNats({ dataDir: join(dir, 'd'), env: { ...process.env, BRAID_NATS_SERVER: failing } });
    await expect(attempt).rejects.toMatchObject({ code: 'embedded.start_failed' });
    await expect(attempt).rejects.toThrow(/exit code 3[^]*out of luck/);
    expect(await readFile(join(dir, 'd', 'server.log'), 'utf8')).toContain('out of luck');
  });
});
