import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Agent, createAgents } from '@braid/agents';
import {
  type HeartbeatMessage,
  parseMessage,
  parseReports,
  type ReportMessage,
  type RunnerPresence,
  streams,
  subjects,
  type WorkMessage,
} from '@braid/contracts';
import { type Bus, connectBus, partitionConsumer, provision } from '@braid/messaging';
import { createLogger, createMetrics } from '@braid/service';
import { type FreshNats, freshNats } from '@braid/testing';
import { Runner, type RunnerOptions } from './runner';
import { openScratch } from './scratch';

/** A NATS server with a test in the place of the orchestrator: it sends work and collects what runners say. */
export type Stage = {
  readonly nats: FreshNats;
  readonly bus: Bus;
  readonly reports: ReportMessage[];
  readonly beats: HeartbeatMessage[];
  readonly presence: RunnerPresence[];
  readonly scratchBase: string;
  send(given: Partial<WorkMessage>): Promise<WorkMessage>;
  /** How many messages lie in the stream of work, being worked on or not. */
  queued(): Promise<number>;
  deadLetters(): Promise<number>;
  /** Starts a runner in this process; the stage stops it. */
  runner(given?: Partial<RunnerOptions> & { readonly agents?: readonly Agent[] }): Promise<StagedRunner>;
  close(): Promise<void>;
};

export type StagedRunner = {
  readonly runner: Runner;
  readonly bus: Bus;
  readonly lines: () => string;
  stop(): Promise<void>;
};

export async function openStage(): Promise<Stage> {
  const nats = await freshNats();
  const bus = await connectBus({ url: nats.url, name: 'stage' });
  await provision(bus, { partitions: 1 });
  const reports: ReportMessage[] = [];
  const beats: HeartbeatMessage[] = [];
  const presence: RunnerPresence[] = [];
  const intake = bus.openIntake({
    consumer: partitionConsumer(0),
    slots: 1_000,
    handler: (delivery) => {
      const one = () => ({ ok: true, value: [parseMessage('report', delivery.body)] }) as const;
      const read = delivery.subject === subjects.reports(0) ? parseReports(delivery.body) : one();
      for (const parsed of read.ok ? read.value : [read]) {
        if (!parsed.ok) throw new Error(parsed.reason);
        reports.push(parsed.value);
      }
      delivery.ack();
      intake.release();
    },
  });
  bus.listen(subjects.heartbeats, ({ value }) => void beats.push(value as HeartbeatMessage));
  bus.listen(subjects.runner, ({ value }) => void presence.push(value as RunnerPresence));
  const scratchBase = await mkdtemp(join(tmpdir(), 'braid-scratch-test-'));
  const started: StagedRunner[] = [];
  const count = async (stream: string) =>
    (await bus.nc.request(`$JS.API.STREAM.INFO.${stream}`)).json<{ state: { messages: number } }>().state.messages;
  return {
    nats,
    bus,
    reports,
    beats,
    presence,
    scratchBase,
    async send(given) {
      const work = workMessage(given);
      await bus.publisher.publish(subjects.work(work.agent), JSON.stringify(work));
      return work;
    },
    queued: () => count(streams.work),
    deadLetters: () => count(streams.dead),
    async runner(given = {}) {
      const staged = await startRunner(nats.url, scratchBase, given);
      started.push(staged);
      return staged;
    },
    async close() {
      await Promise.all(started.map((one) => one.stop()));
      await intake.stop();
      await bus.close();
      await nats.stop();
      await rm(scratchBase, { recursive: true, force: true });
    },
  };
}

async function startRunner(
  url: string,
  scratchBase: string,
  given: Partial<RunnerOptions> & { readonly agents?: readonly Agent[] },
): Promise<StagedRunner> {
  const lines: string[] = [];
  const name = given.name ?? `runner-${randomUUID()}`;
  const logger = createLogger(
    { level: 'info', service: 'agent-runner', instance: name },
    { write: (line) => void lines.push(line) },
  );
  const bus = await connectBus({ url, name, log: logger });
  const builtIn = await createAgents({
    only: [],
    dir: '',
    cacheDir: '',
    slots: 4,
    maxOutputBytes: 100_000,
    httpAllow: ['127.0.0.1'],
    commandAllow: ['sh', 'sleep'],
    environment: process.env,
    onError: () => undefined,
  });
  const runner = new Runner(
    {
      bus,
      agents: [...builtIn.agents, ...(given.agents ?? [])],
      scratch: await openScratch(scratchBase),
      secrets: (secret) => (secret === 'TOKEN' ? 'canary-3f9a' : undefined),
      logger,
      registry: createMetrics('agent-runner'),
    },
    {
      slots: 4,
      heartbeatIntervalMs: 300,
      drainTimeoutMs: 1_000,
      maxOutputBytes: 100_000,
      ...given,
      name,
    },
  );
  await runner.start();
  let stopped = false;
  return {
    runner,
    bus,
    lines: () => lines.join(''),
    async stop() {
      if (stopped) return;
      stopped = true;
      await runner.drain();
      await bus.close();
    },
  };
}

export function workMessage(given: Partial<WorkMessage> = {}): WorkMessage {
  const work = {
    type: 'BranchRequested' as const,
    workflow: randomUUID(),
    partition: 0,
    playbook: 'test',
    branch: 'root',
    step: 's1',
    attempt: 1,
    agent: 'builtin.echo',
    input: { n: 1 },
    context: {},
    token: 'task-token',
    timeout: 60_000,
    ...given,
  };
  return { idempotencyKey: `${work.workflow}/${work.branch}/${work.step}`, ...work };
}

/** Waits until `check` gives something else than undefined or false. */
export async function eventually<T>(
  check: () => T | undefined | false | Promise<T | undefined | false>,
  ms = 10_000,
): Promise<T> {
  const until = Date.now() + ms;
  for (;;) {
    const value = await check();
    if (value !== undefined && value !== false) return value;
    if (Date.now() > until) throw new Error(`did not happen within ${ms} ms: ${String(check)}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
