import 'reflect-metadata';
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CommandMessage, defaultPartitions, headers, partitionOf, subjects } from '@braid/contracts';
import { startNats, startPostgres } from '@braid/embedded';
import { type RecordedEvent } from '@braid/events';
import { openEventStore, runMigrations, setPartitions } from '@braid/event-store';
import { WorkflowSnapshots } from '@braid/history';
import { type Bus, connectBus, provision } from '@braid/messaging';
import { agent, graphOf, map, signal } from '@braid/testing';
import { fold, unborn, type WorkflowState } from '@braid/workflow';
import { type Command, decide } from '@braid/workflow/decide';
import { type App, ServiceProcess } from '../test/e2e/rig/service-process';
import { cpuSeconds } from './engine/processes';
import { median } from './measure';
import { runProgram } from './run-program';

/**
 * How long a history of 50 000 events takes to load, in processes that have just been started:
 * node bench/run.mjs load [events] [rounds]
 *
 * - The orchestrator: from sending a signal to its receipt, which says that the workflow was loaded (snapshot and the events
 *   after it), decided and recorded; beside the same for a workflow of a few events. The snapshot is as old as one can be.
 * - The gateway: `GET /v1/workflows/:id`, to the last byte; beside the same for the small one.
 *
 * `Cpu` is the processor time that the process used for the long one. `npm run build` comes before.
 */
const [length = 50_000, rounds = 5] = process.argv.slice(2).map(Number);
/** The next snapshot is taken when a history has grown by half. */
const snapshotAt = Math.floor(length / 1.5) + 1;
const limits = { maxBranches: 20_000, maxDepth: 16 };
const stepsPerItem = 3;
const eventsPerItem = stepsPerItem * 2;
const text = 'a hundred bytes or so, as the result of an agent that does nothing at all';

/** A map whose items go through three steps each, and then a wait for a person; as many items as make the events. */
function history(workflow: string, events: number): readonly RecordedEvent[] {
  const width = Math.max(1, Math.floor((events - 4) / eventsPerItem));
  const items = Array.from({ length: width }, (_, n) => n);
  const steps = ['one', 'two', 'three'].map((id) => agent(id));
  const graph = graphOf([map('all', items, steps), signal('gate', 'approve'), signal('never', 'never')]);
  const recorded: RecordedEvent[] = [];
  let state: WorkflowState = unborn;
  const send = (command: Command): void => {
    const decision = decide(command, state, Date.now(), limits);
    if (decision.is !== 'accepted') throw new Error(`${command.type} is ${decision.is}`);
    recorded.push(...decision.events);
    state = decision.state;
  };
  const more = { variables: {}, context: {}, executionMode: 'parallel', requestDigest: 'bench' } as const;
  send({ type: 'start', workflow, start: { playbook: { name: graph.name }, graph, ...more } });
  for (const step of ['one', 'two', 'three']) {
    for (const n of items) {
      const run = { attempt: 1, runner: 'r', startedAt: Date.now(), endedAt: Date.now() };
      const outcome = { is: 'completed', output: { n, text } } as const;
      send({ type: 'report', report: { branch: `all/${n}`, step, run, outcome } });
    }
  }
  return recorded;
}

async function fill(url: string, workflow: string, events: readonly RecordedEvent[]): Promise<void> {
  const opened = await openEventStore({ url });
  const { store, leases } = opened;
  const partition = partitionOf(workflow, defaultPartitions);
  const held = await leases.acquire('bench', defaultPartitions, 600_000);
  const epoch = held.find((lease) => lease.partition === partition)?.epoch ?? 0;
  const workflows = [{ id: workflow, open: true, dueAt: Date.now() + 3_600_000 }];
  for (let from = 0; from < events.length; from += 1_000) {
    const outcome = await store.append([{ partition, epoch, events: events.slice(from, from + 1_000), workflows }]);
    if (outcome.kind !== 'committed') throw new Error(`Not appended: ${outcome.kind}`);
  }
  const state = fold(await store.readStream(workflow, { upToVersion: snapshotAt }));
  if (state.status !== 'unborn' && events.length > 500) await new WorkflowSnapshots(store).save(state);
  const heads = await store.heads();
  for (const name of ['feed', 'summaries']) await store.saveCheckpoints(name, heads);
  await leases.release('bench', held);
  await opened.close();
}

/** Milliseconds until a signal is confirmed. */
async function approve(bus: Bus, workflow: string): Promise<number> {
  const replyTo = `_INBOX_bench.${randomUUID()}`;
  const message: CommandMessage = { workflow, command: 'signal', name: 'approve', payload: {}, id: randomUUID() };
  const subject = subjects.command(partitionOf(workflow, defaultPartitions), workflow);
  const from = performance.now();
  await new Promise<void>((resolve, reject) => {
    const end = bus.listen(replyTo, ({ value }) => {
      end();
      if ((value as { readonly ok: boolean }).ok) resolve();
      else reject(new Error(JSON.stringify(value)));
    });
    bus.publisher.publish(subject, JSON.stringify(message), { headers: { [headers.replyTo]: replyTo } }).catch(reject);
  });
  return performance.now() - from;
}

async function get(gateway: string, workflow: string): Promise<number> {
  const from = performance.now();
  const response = await fetch(`${gateway}/v1/workflows/${workflow}`);
  const { length: characters } = await response.text();
  if (!response.ok || characters === 0) throw new Error(`${response.status}`);
  return performance.now() - from;
}

async function main(): Promise<void> {
  const home = await mkdtemp(join(tmpdir(), 'braid-bench-'));
  const [postgres, nats] = await Promise.all([
    startPostgres({ dataDir: join(home, 'postgres') }),
    startNats({ dataDir: join(home, 'nats') }),
  ]);
  const bus = await connectBus({ url: nats.url, name: 'bench' });
  try {
    await runMigrations(postgres.url);
    await setPartitions(postgres.url, defaultPartitions);
    await provision(bus, { partitions: defaultPartitions });
    const [long, small] = [randomUUID(), randomUUID()];
    const events = history(long, length);
    await fill(postgres.url, long, events);
    await fill(postgres.url, small, history(small, 10));
    const seen = {
      signal: [] as number[],
      signalSmall: [] as number[],
      signalCpu: [] as number[],
      get: [] as number[],
      getSmall: [] as number[],
      getCpu: [] as number[],
    };
    const environment = {
      PATH: process.env['PATH'] ?? '',
      DATABASE_URL: postgres.url,
      NATS_URL: nats.url,
      BRAID_SECRET: 'a secret that is only used by this measurement',
      BRAID_HTTP_PORT: '0',
    };
    const started = async (app: App) => {
      const service = new ServiceProcess({ app, name: app, environment, cwd: home });
      await service.start();
      return service;
    };
    for (let round = 0; round < rounds; round++) {
      const orchestrator = await started('orchestrator');
      seen.signalSmall.push(await approve(bus, small));
      const before = cpuSeconds(orchestrator.pid);
      seen.signal.push(await approve(bus, long));
      seen.signalCpu.push((cpuSeconds(orchestrator.pid) - before) * 1_000);
      await orchestrator.kill('SIGTERM');
      const gateway = await started('gateway');
      seen.getSmall.push(await get(gateway.address, small));
      const from = cpuSeconds(gateway.pid);
      seen.get.push(await get(gateway.address, long));
      seen.getCpu.push((cpuSeconds(gateway.pid) - from) * 1_000);
      await gateway.kill('SIGTERM');
    }
    process.stdout.write(`${events.length} events, snapshot of version ${snapshotAt}, ${rounds} rounds\n`);
    for (const [name, all] of Object.entries(seen)) {
      const worst = Math.max(...all).toFixed(0);
      process.stdout.write(`${name}: median ${median(all).toFixed(0)} ms, worst ${worst} ms\n`);
    }
  } finally {
    await bus.close();
    await Promise.all([nats.stop(), postgres.stop()]);
    await rm(home, { recursive: true, force: true });
  }
}

runProgram(main);
