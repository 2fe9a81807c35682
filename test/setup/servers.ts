import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
// jest compiles its global setup without the name mapping of the tests, so the front door is named by its path.
import { startNats, startPostgres } from '../../libs/embedded/src';

type Shared = { users: number; readonly stop: Promise<() => Promise<void>> };

/** jest loads the setup once per project, all in one process. */
const holder = globalThis as typeof globalThis & { braidTestServers?: Shared | undefined };

/** Starts the servers of a test run, or joins those that another jest project started. */
export async function acquireServers(): Promise<void> {
  holder.braidTestServers ??= { users: 0, stop: start() };
  holder.braidTestServers.users += 1;
  await holder.braidTestServers.stop;
}

/** Stops and removes them when the last project is done. */
export async function releaseServers(): Promise<void> {
  const shared = holder.braidTestServers;
  if (shared === undefined) return;
  shared.users -= 1;
  if (shared.users > 0) return;
  holder.braidTestServers = undefined;
  await (
    await shared.stop
  )();
}

async function start(): Promise<() => Promise<void>> {
  const dir = await mkdtemp(join(tmpdir(), 'braid-test-'));
  const log = (line: string) => void process.stderr.write(`${line}\n`);
  const started = await Promise.allSettled([
    startPostgres({ dataDir: join(dir, 'postgres') }),
    startNats({ dataDir: join(dir, 'nats'), log: (line) => (line.startsWith('Fetching') ? log(line) : undefined) }),
  ]);
  const stop = async (): Promise<void> => {
    await Promise.all(started.flatMap((one) => (one.status === 'fulfilled' ? [one.value.stop()] : [])));
    await rm(dir, { recursive: true, force: true });
  };
  const [postgres, nats] = started;
  if (postgres.status === 'rejected' || nats.status === 'rejected') {
    await stop();
    throw postgres.status === 'rejected' ? postgres.reason : nats.status === 'rejected' ? nats.reason : undefined;
  }
  process.env['BRAID_TEST_DATABASE_URL'] = postgres.value.url;
  process.env['BRAID_TEST_NATS_URL'] = nats.value.url;
  return stop;
}
