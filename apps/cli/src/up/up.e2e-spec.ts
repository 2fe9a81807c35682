import { endProcesses, processesLike } from '@braid/embedded';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const cli = resolve(__dirname, '../../../../dist/apps/cli/src/main.js');
/** Two cores bring up nine processes and compile a dozen agents. */
const patienceMs = 240_000;

type Up = {
  readonly child: ChildProcess;
  output(): string;
  /** The exit code, or the signal that ended it. */
  ended(): Promise<number | string>;
  /** Waits until the output matches. */
  says(pattern: RegExp): Promise<void>;
};

let dataDir: string;
const started: ChildProcess[] = [];

beforeEach(async () => {
  dataDir = await realpath(await mkdtemp(join(tmpdir(), 'braid-up-')));
});

afterEach(async () => {
  for (const child of started.splice(0)) if (child.exitCode === null) child.kill('SIGKILL');
  // A test that failed may have left something; the next one starts from nothing all the same.
  await endProcesses(left, ['SIGTERM'], 10_000);
  await rm(dataDir, { recursive: true, force: true });
}, 60_000);

function braid(argv: readonly string[], settings: NodeJS.ProcessEnv = {}): Up {
  const own = (name: string) => name.startsWith('BRAID_') || name === 'DATABASE_URL' || name === 'NATS_URL';
  const inherited = Object.entries(process.env).filter(([name]) => !own(name) || name === 'BRAID_NATS_SERVER');
  const env = { ...Object.fromEntries(inherited), BRAID_DATA_DIR: dataDir, ...settings };
  const child = spawn(process.execPath, [cli, ...argv], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  started.push(child);
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (text += chunk.toString()));
  const exit = once(child, 'close').then(() => child.signalCode ?? child.exitCode ?? -1);
  return {
    child,
    output: () => text,
    ended: () => exit,
    async says(pattern) {
      while (!pattern.test(text)) {
        if (child.exitCode !== null) throw new Error(`it ended and never said ${String(pattern)}:\n${text}`);
        await sleep(50);
      }
    },
  };
}

/** The processes that were started for this data folder. */
const left = () => processesLike((command) => command.includes(dataDir));

/** Services may finish what they do before they stop. */
async function nothingLeft(): Promise<void> {
  for (const until = Date.now() + 40_000; Date.now() < until; await sleep(200)) {
    if ((await left()).length === 0) return;
  }
  expect(await left()).toEqual([]);
}

async function occupy(port: number): Promise<Server | undefined> {
  const server = createServer();
  server.listen(port, '127.0.0.1');
  // When something else holds the port already, it is as taken as it has to be.
  const listening = await Promise.race([
    once(server, 'listening').then(() => true),
    once(server, 'error').then(() => false),
  ]);
  return listening ? server : undefined;
}

async function vacate(server: Server | undefined): Promise<void> {
  if (server === undefined) return;
  server.close();
  await once(server, 'close');
}

it(
  'runs the example on runners of its own, although others hold port 3000, and leaves nothing behind',
  async () => {
    const other = await occupy(3000);
    try {
      const up = braid(['up', '--once']);
      const code = await up.ended();
      const output = up.output();

      expect({ code, output }).toEqual({ code: 0, output: expect.stringMatching(/^Size$/m) });
      expect(output).toContain('Port 3000 is taken');
      for (const section of ['Folders', 'Dependencies', 'Tests', 'Marks in comments', 'Copied code']) {
        expect(output).toMatch(new RegExp(`^${section}$`, 'm'));
      }
      expect(output).toMatch(/\| TypeScript +\| +\d+/);
      const [, atOnce] = /(\d+) attempts ran at the same time: .* on runner-/.exec(output) ?? [];
      expect(Number(atOnce)).toBeGreaterThanOrEqual(5);
      expect(output).toMatch(/In all, runner-1 ran \d+, runner-2 ran \d+/);
      await nothingLeft();
    } finally {
      await vacate(other);
    }
  },
  patienceMs,
);

it(
  'goes on after kill -9 with the example that was under way, and its services do not outlive it',
  async () => {
    const first = braid(['up']);
    await first.says(/requested +audit\/languages/);
    first.child.kill('SIGKILL');
    await first.ended();
    await nothingLeft();

    const again = braid(['up', '--once']);
    expect({ code: await again.ended(), output: again.output() }).toMatchObject({ code: 0 });
    expect(again.output()).toContain('Going on with the unfinished example');
  },
  patienceMs,
);

it(
  'serves other commands until it is told to stop, and starts a service again that died',
  async () => {
    const up = braid(['up', '--no-example'], { BRAID_HTTP_PORT: '0' });
    await up.says(/Ctrl-C stops it/);
    const doctor = braid(['doctor']);
    expect({ code: await doctor.ended(), output: doctor.output() }).toMatchObject({ code: 0 });
    const second = braid(['up', '--no-example'], { BRAID_HTTP_PORT: '0' });
    expect(await second.ended()).toBe(1);
    expect(second.output()).toContain(`in use by process ${up.child.pid}`);

    const [runner] = await processesLike((command) => command.includes('agent-runner') && command.includes(dataDir));
    process.kill(runner?.pid ?? 0, 'SIGKILL');
    await up.says(/runner-\d ended \(SIGKILL\); it is started again/);

    up.child.kill('SIGINT');
    expect({ code: await up.ended(), output: up.output() }).toMatchObject({ code: 0 });
    expect(up.output()).toContain('Everything is stopped');
    await nothingLeft();
  },
  patienceMs,
);

it('refuses a port that was asked for and is taken, and says what to do', async () => {
  const other = createServer();
  other.listen(0, '127.0.0.1');
  await once(other, 'listening');
  const { port } = other.address() as AddressInfo;
  try {
    const up = braid(['up', '--once'], { BRAID_HTTP_PORT: String(port) });

    expect(await up.ended()).toBe(2);
    expect(up.output()).toContain(`127.0.0.1:${port} already; set BRAID_HTTP_PORT`);
  } finally {
    await vacate(other);
  }
});
