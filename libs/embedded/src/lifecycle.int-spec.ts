import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { Client } from 'pg';
import { embeddedServers } from './embedded-servers';
import { serverName } from './identity';
import { commandOf, processesLike, startedAt } from './process-table';

jest.setTimeout(60_000);

let dir: string;
const parents: ChildProcess[] = [];
// One directory for all: each start also has to cope with what the test before left behind.
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'braid-lifecycle-spec-'));
});
afterEach(() => {
  for (const parent of parents.splice(0)) parent.kill('SIGKILL');
});
afterAll(async () => {
  await (await embeddedServers({ dataDir: dir, env: process.env })).stop();
  await rm(dir, { recursive: true, force: true });
});

/** A process that starts both servers, prints their process ids and url, and then does what `after` says. */
async function parentThat(after: string) {
  const script = `
    const load = require('jiti').createJiti(${JSON.stringify(__filename)});
    const dir = ${JSON.stringify(dir)};
    (async () => {
      const { startPostgres, startNats } = await load.import('./index.ts');
      const [postgres, nats] = await Promise.all([
        startPostgres({ dataDir: dir + '/postgres' }),
        startNats({ dataDir: dir + '/nats' }),
      ]);
      console.log(JSON.stringify({ postgres: postgres.pid(), nats: nats.pid(), url: postgres.url }));
      ${after}
    })();`;
  const parent = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'pipe'] });
  parents.push(parent);
  const complaint = text(parent.stderr);
  const failed = once(parent, 'exit').then(async () => {
    throw new Error(`the parent ended before its servers were up: ${await complaint}`);
  });
  const [line] = (await Promise.race([once(createInterface(parent.stdout), 'line'), failed])) as [string];
  failed.catch(() => undefined);
  const started = JSON.parse(line) as { readonly postgres: number; readonly nats: number; readonly url: string };
  return { parent, ...started, ended: parent.exitCode === null ? once(parent, 'exit') : Promise.resolve() };
}

const staysUp = 'setInterval(() => undefined, 1000);';

/** Whether all of them have ended; a wait for ever would keep jest from ending too. */
async function gone(pids: readonly number[]): Promise<boolean> {
  for (const until = Date.now() + 30_000; Date.now() < until; await sleep(25)) {
    const left = await Promise.all(pids.map(startedAt));
    if (left.every((one) => one === undefined)) return true;
  }
  return false;
}

async function query(url: string, sql: string): Promise<readonly unknown[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<{ readonly w: string }>(sql)).rows;
  } finally {
    await client.end();
  }
}

describe('the servers end with the process that started them', () => {
  it.each(['SIGKILL', 'SIGTERM', 'SIGINT'] as const)('when it dies of %s', async (signal) => {
    const { parent, postgres, nats, ended } = await parentThat(staysUp);
    parent.kill(signal);
    await ended;
    expect(await gone([postgres, nats])).toBe(true);
  });

  it.each([
    ['exits', 'process.exit(0);'],
    ['throws', 'throw new Error("as the test wants it");'],
    ['has nothing left to do', ''],
  ])('when it %s', async (_how, after) => {
    const { postgres, nats, ended } = await parentThat(
      after.replace('throw', 'process.stderr.write = () => true; throw'),
    );
    await ended;
    expect(await gone([postgres, nats])).toBe(true);
  });
});

it('leads each server’s own process group, which a Ctrl-C in our terminal does not reach', async () => {
  const { postgres, nats } = await parentThat(staysUp);
  for (const pid of [postgres, nats]) expect(() => process.kill(-pid, 0)).not.toThrow();
});

it('stops the servers that a killed run left running, and keeps what they committed', async () => {
  const { parent, postgres, nats, url, ended } = await parentThat(staysUp);
  await query(url, "CREATE TABLE kept AS SELECT 'word' AS w");
  const guards = await processesLike((command) => /braid-guard \w+ \d+$/.test(command));
  const ours = guards.filter(({ command }) => [postgres, nats].some((pid) => command.endsWith(` ${pid}`)));
  expect(ours).toHaveLength(2);
  for (const { pid } of ours) process.kill(pid, 'SIGKILL');
  parent.kill('SIGKILL');
  await ended;
  await sleep(200);
  expect(await Promise.all([postgres, nats].map(commandOf))).not.toContain('');

  const lines: string[] = [];
  const servers = await embeddedServers({ dataDir: dir, log: (line) => lines.push(line) });
  try {
    expect(await gone([postgres, nats])).toBe(true);
    expect(lines).toEqual(expect.arrayContaining([expect.stringContaining(`left behind: process ${postgres}`)]));
    expect(await query(servers.databaseUrl, 'SELECT w FROM kept')).toEqual([{ w: 'word' }]);
  } finally {
    await servers.stop();
  }
});

it('starts nothing where DATABASE_URL and NATS_URL name servers', async () => {
  const env = { DATABASE_URL: 'postgresql://h/d', NATS_URL: 'nats://h' };
  const servers = await embeddedServers({ dataDir: join(dir, 'none'), env });
  expect(servers).toMatchObject({ databaseUrl: 'postgresql://h/d', natsUrl: 'nats://h' });
  await servers.stop();
});

it('stops the one when the other cannot start', async () => {
  const env = { ...process.env, BRAID_NATS_SERVER: join(dir, 'missing') };
  await expect(embeddedServers({ dataDir: dir, env })).rejects.toMatchObject({ code: 'embedded.nats_missing' });
  const name = await serverName(join(dir, 'postgres'));
  expect(await processesLike((command) => command.includes(name))).toEqual([]);
});
