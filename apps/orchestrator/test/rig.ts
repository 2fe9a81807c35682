import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach } from '@jest/globals';
import {
  type CommandMessage,
  headers,
  parseMessage,
  partitionOf,
  type Receipt,
  type ReportMessage,
  type StartMessage,
  subjects,
  type WorkMessage,
} from '@braid/contracts';
import { type Graph, type Json, type StoredEvent } from '@braid/events';
import { type EventStore, openEventStore, type OpenEventStore, runMigrations, setPartitions } from '@braid/event-store';
import { agentConsumer, type Bus, connectBus, type Intake, provision } from '@braid/messaging';
import { type Clock, systemClock } from '@braid/clock';
import { createLogger, createMetrics, type Registry } from '@braid/service';
import {
  agent,
  branch,
  freshDatabase,
  type FreshDatabase,
  freshNats,
  type FreshNats,
  graphOf,
  parallel,
} from '@braid/testing';
import { fold, isOpen } from '@braid/workflow';
import { Orchestrator } from '../src/orchestrator';
import { orchestratorMetrics } from '../src/orchestrator-metrics';

export const partitions = 8;
export const config = {
  BRAID_PARTITIONS: partitions,
  BRAID_LEASE_TTL: 3_000,
  BRAID_REDISPATCH_AFTER: 2_000,
  BRAID_CACHE_WORKFLOWS: 1_000,
  BRAID_MAX_DEPTH: 3,
  BRAID_CHILD_CHECK: 1_500,
  BRAID_MAX_BRANCHES: 20_000,
  BRAID_DRAIN_TIMEOUT: 5_000,
  BRAID_SECRET: 'a secret that is only used in this test file',
  BRAID_RETENTION: 0,
  BRAID_ARCHIVE_DIR: '',
};

export let database: FreshDatabase;
export let nats: FreshNats;
export let events: OpenEventStore;
export let bus: Bus;
export const running = new Set<{ stop(): Promise<void> }>();
const registries = new Map<string, Registry>();

/** Gives every test of the file a database and a NATS of its own, and stops whatever it started. */
export function useServers(): void {
  beforeEach(async () => {
    [database, nats] = await Promise.all([freshDatabase(), freshNats()]);
    await runMigrations(database.url);
    await setPartitions(database.url, partitions);
    events = await openEventStore({ url: database.url, partitions });
    bus = await connectBus({ url: nats.url, name: 'test' });
    await provision(bus, { partitions });
  });

  afterEach(async () => {
    for (const each of [...running].reverse()) await each.stop();
    running.clear();
    await bus.close();
    await events.close();
    await nats.stop();
    await database.drop();
  });
}

export async function startOrchestrator(
  instance: string,
  over: (store: EventStore) => EventStore = (store) => store,
  settings: Partial<typeof config> = {},
  overBus: (bus: Bus) => Bus = (own) => own,
  clock: Clock = systemClock,
): Promise<Orchestrator> {
  const opened = await openEventStore({ url: database.url, partitions });
  const own = { ...opened, store: over(opened.store) };
  const ownBus = await connectBus({ url: nats.url, name: instance });
  const logger = createLogger({ level: 'fatal', service: 'orchestrator', instance });
  const registry = createMetrics('orchestrator');
  registries.set(instance, registry);
  const metrics = orchestratorMetrics(registry);
  const orchestrator = new Orchestrator({
    instance,
    config: { ...config, ...settings },
    events: own,
    bus: overBus(ownBus),
    logger,
    metrics,
    clock,
  });
  const unlisten = ownBus.listen(subjects.heartbeats, ({ value }) => {
    const parsed = parseMessage('heartbeat', Buffer.from(JSON.stringify(value)));
    if (parsed.ok) orchestrator.heard(parsed.value);
  });
  await orchestrator.start();
  running.add({
    stop: async () => {
      unlisten();
      await orchestrator.stop();
      await ownBus.close();
      await own.close();
    },
  });
  return orchestrator;
}

/** What an orchestrator counted under this name so far. */
export async function counted(instance: string, name: string): Promise<number> {
  const metric = await registries.get(instance)?.getSingleMetric(name)?.get();
  return metric?.values.reduce((sum, { value }) => sum + value, 0) ?? NaN;
}

type Answer = Pick<ReportMessage, 'type'> & { readonly output?: Json; readonly failure?: unknown };

/** A runner in a few lines: answers every attempt of an agent as it is told to. */
export function startRunner(
  name: string,
  answer: (work: WorkMessage) => Answer | undefined | Promise<Answer | undefined> = (work) => ({
    type: 'BranchCompleted',
    output: work.input,
  }),
): WorkMessage[] {
  const seen: WorkMessage[] = [];
  const intake: Intake = bus.openIntake({
    consumer: agentConsumer(name),
    slots: 64,
    handler: (delivery) => {
      const parsed = parseMessage('work', delivery.body);
      if (!parsed.ok) throw new Error(parsed.reason);
      const work = parsed.value;
      seen.push(work);
      void (async () => {
        const given = await answer(work);
        const { workflow, branch: path, step, attempt, token, partition } = work;
        const report = {
          workflow,
          branch: path,
          step,
          attempt,
          token,
          runner: 'r1',
          startedAt: Date.now(),
          endedAt: Date.now(),
          ...given,
        };
        if (given) await bus.publisher.publish(subjects.report(partition, workflow), JSON.stringify(report));
        delivery.ack();
        intake.release();
      })();
    },
  });
  running.add(intake);
  return seen;
}

export async function start(graph: Graph, more: Partial<StartMessage> = {}): Promise<Receipt> {
  const workflow = more.workflow ?? randomUUID();
  const message: StartMessage = {
    workflow,
    playbook: { name: graph.name },
    graph,
    variables: {},
    context: {},
    executionMode: 'parallel',
    requestDigest: 'digest',
    ...more,
  };
  return confirmed(subjects.start(partitionOf(workflow, partitions), workflow), message);
}

/** Sends a command to a workflow and waits for its receipt. */
export async function command(message: CommandMessage): Promise<Receipt> {
  return confirmed(subjects.command(partitionOf(message.workflow, partitions), message.workflow), message);
}

async function confirmed(subject: string, message: object): Promise<Receipt> {
  const replyTo = `_INBOX_test.${randomUUID()}`;
  const receipt = new Promise<Receipt>((resolve) => {
    const end = bus.listen(replyTo, ({ value }) => {
      end();
      resolve(value as Receipt);
    });
  });
  await bus.publisher.publish(subject, JSON.stringify(message), { headers: { [headers.replyTo]: replyTo } });
  return receipt;
}

export async function until<T>(what: () => Promise<T | undefined>, ms = 20_000): Promise<T> {
  const end = Date.now() + ms;
  for (;;) {
    const value = await what();
    if (value !== undefined) return value;
    if (Date.now() > end) throw new Error('It did not happen in time');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

export const history = (workflow: string): Promise<StoredEvent[]> => events.store.readStream(workflow);

export const ended = (workflow: string) =>
  until(async () => {
    const state = fold(await history(workflow));
    return state.status === 'unborn' || isOpen(state) ? undefined : state;
  });

export const threeBranches = graphOf([
  parallel(
    'f',
    ['a', 'b', 'c'].map((name) => branch(name, [agent(name, { agent: 'echo', with: name })])),
  ),
]);
