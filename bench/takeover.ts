import 'reflect-metadata';
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CommandMessage, headers, loadConfig, partitionOf, subjects } from '@braid/contracts';
import { startNats, startPostgres } from '@braid/embedded';
import { type RecordedEvent } from '@braid/events';
import { openEventStore, type OpenEventStore, runMigrations, setPartitions } from '@braid/event-store';
import { type Bus, connectBus, provision } from '@braid/messaging';
import { createLogger, createMetrics } from '@braid/service';
import { graphOf, signal } from '@braid/testing';
import { unborn } from '@braid/workflow';
import { decide } from '@braid/workflow/decide';
import { Orchestrator } from '../apps/orchestrator/src/orchestrator';
import { orchestratorMetrics } from '../apps/orchestrator/src/orchestrator-metrics';
import { runProgram } from './run-program';

/**
 * How long it takes until an orchestrator that takes over all partitions serves them, beside how many workflows that wait
 * for a person: node bench/run.mjs takeover [workflows] [rounds]
 *
 * A round begins when the former owner has let go, and ends when each partition has answered a signal to one of its
 * workflows: its receipt says that the workflow was loaded, decided, and recorded by the new owner.
 */
const partitions = 32;
const [most = 100_000, rounds = 5] = process.argv.slice(2).map(Number);
const atOnce = 2_000;
const config = loadConfig({
  BRAID_PARTITIONS: String(partitions),
  BRAID_SECRET: 'a secret that is only used by this measurement',
});
const graph = graphOf([signal('gate', 'approve'), signal('never', 'never')]);

/** What the log has of a workflow that waits for a signal. */
function waiting(workflow: string, now: number): readonly RecordedEvent[] {
  const playbook = { name: graph.name };
  const more = { variables: {}, context: {}, executionMode: 'parallel', requestDigest: 'bench' } as const;
  const decision = decide({ type: 'start', workflow, start: { playbook, graph, ...more } }, unborn, now, {
    maxBranches: config.BRAID_MAX_BRANCHES,
    maxDepth: config.BRAID_MAX_DEPTH,
  });
  if (decision.is !== 'accepted') throw new Error(`The start is ${decision.is}`);
  return decision.events;
}

/** Appends workflows that wait, up to `count` in all; answers a few of each partition. */
async function fill({ store, leases }: OpenEventStore, count: number): Promise<Map<number, string[]>> {
  const held = await leases.acquire('bench', partitions, 600_000);
  const some = new Map(held.map(({ partition }) => [partition, [] as string[]]));
  const dueAt = Date.now() + 3_600_000;
  for (let done = 0; done < count; done += atOnce) {
    const ids = Array.from({ length: Math.min(atOnce, count - done) }, () => randomUUID());
    const appends = held.map(({ partition, epoch }) => {
      const mine = ids.filter((id) => partitionOf(id, partitions) === partition);
      some.get(partition)?.push(...mine.slice(0, rounds));
      const workflows = mine.map((id) => ({ id, open: true, dueAt }));
      return { partition, epoch, events: mine.flatMap((id) => waiting(id, Date.now())), workflows };
    });
    const outcome = await store.append(appends);
    if (outcome.kind !== 'committed') throw new Error(`Not appended: ${outcome.kind}`);
  }
  // The followers of a running installation are at the head of the log.
  const heads = await store.heads();
  for (const name of ['feed', 'summaries']) await store.saveCheckpoints(name, heads);
  await leases.release('bench', held);
  return some;
}

/** Sends an approval and waits until it is confirmed. */
async function approve(bus: Bus, workflow: string): Promise<void> {
  const replyTo = `_INBOX_bench.${randomUUID()}`;
  const message: CommandMessage = { workflow, command: 'signal', name: 'approve', payload: {}, id: randomUUID() };
  const subject = subjects.command(partitionOf(workflow, partitions), workflow);
  await new Promise<void>((resolve, reject) => {
    const end = bus.listen(replyTo, ({ value }) => {
      end();
      if ((value as { readonly ok: boolean }).ok) resolve();
      else reject(new Error(JSON.stringify(value)));
    });
    bus.publisher.publish(subject, JSON.stringify(message), { headers: { [headers.replyTo]: replyTo } }).catch(reject);
  });
}

/** Milliseconds until everything is owned, and until every partition has answered. */
async function takeOver(
  open: { readonly events: OpenEventStore; readonly bus: Bus; readonly ownBus: Bus },
  asked: readonly string[],
): Promise<{ readonly owned: number; readonly served: number }> {
  const logger = createLogger({ level: 'fatal', service: 'orchestrator', instance: 'bench' });
  const metrics = orchestratorMetrics(createMetrics('orchestrator'));
  const orchestrator = new Orchestrator({
    instance: `bench-${randomUUID()}`,
    config,
    events: open.events,
    bus: open.ownBus,
    logger,
    metrics,
  });
  const from = performance.now();
  const answered = Promise.all(asked.map((workflow) => approve(open.bus, workflow)));
  await orchestrator.start();
  const owned = performance.now() - from;
  if (orchestrator.partitions.length !== partitions) throw new Error('It has not taken everything');
  await answered;
  const served = performance.now() - from;
  await orchestrator.stop();
  return { owned, served };
}

async function measure(url: string, natsUrl: string, count: number): Promise<void> {
  await runMigrations(url);
  await setPartitions(url, partitions);
  const events = await openEventStore({ url, partitions });
  const [bus, ownBus] = [
    await connectBus({ url: natsUrl, name: 'bench' }),
    await connectBus({ url: natsUrl, name: 'o' }),
  ];
  await provision(bus, { partitions });
  const some = await fill(events, count);
  const seen: { readonly owned: number; readonly served: number }[] = [];
  for (let round = 0; round < rounds; round++) {
    const asked = [...some.values()].flatMap((ids) => ids[round] ?? []);
    seen.push(await takeOver({ events, bus, ownBus }, asked));
  }
  const figures = (of: 'owned' | 'served') => {
    const sorted = seen.map((one) => one[of]).toSorted((a, b) => a - b);
    return `${of} after ${sorted[Math.floor(sorted.length / 2)]?.toFixed(0)} ms (worst ${sorted.at(-1)?.toFixed(0)})`;
  };
  const open = [...(await events.store.heads()).values()].reduce((sum, head) => sum + head, 0);
  process.stdout.write(`${count} waiting workflows, ${open} events: ${figures('owned')}, ${figures('served')}\n`);
  await Promise.all([bus.close(), ownBus.close(), events.close()]);
}

async function main(): Promise<void> {
  for (const count of [rounds * partitions * 8, most]) {
    const dir = await mkdtemp(join(tmpdir(), 'braid-bench-'));
    const postgres = await startPostgres({ dataDir: join(dir, 'postgres') });
    const nats = await startNats({ dataDir: join(dir, 'nats') });
    try {
      await measure(postgres.url, nats.url, count);
    } finally {
      await Promise.all([nats.stop(), postgres.stop()]);
      await rm(dir, { recursive: true, force: true });
    }
  }
}

runProgram(main);
