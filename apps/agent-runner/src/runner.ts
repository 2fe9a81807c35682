import { hostname } from 'node:os';
import { type Clock, sleep, systemClock, type Timer } from '@braid/clock';
import { type Agent, type SecretSource } from '@braid/agents';
import { type CancelSignal, type RunnerPresence, subjects } from '@braid/contracts';
import { type Bus, ensureAgentConsumer } from '@braid/messaging';
import { type Logger, type Registry } from '@braid/service';
import { AgentLane, type LaneServices } from './agent-lane';
import { Cancellations } from './cancellations';
import { Heartbeats } from './heartbeats';
import { Reporter } from './reporter';
import { runnerMetrics } from './runner-metrics';
import { type Scratch } from './scratch';

export type RunnerOptions = {
  /** The name of this runner among all. */
  readonly name: string;
  readonly slots: number;
  readonly heartbeatIntervalMs: number;
  readonly drainTimeoutMs: number;
  readonly maxOutputBytes: number;
};

export type RunnerServices = {
  readonly bus: Bus;
  readonly agents: readonly Agent[];
  readonly scratch: Scratch;
  readonly secrets: SecretSource;
  readonly logger: Logger;
  readonly registry: Registry;
  readonly clock?: Clock;
};

const presenceEveryMs = 3_000;
/** Changes within this time make one presence message. */
const presenceDelayMs = 100;
const stopWithinMs = 5_000;

/** Pulls work for its agents, as much as it has free slots, runs it and reports. */
export class Runner {
  readonly #lanes: readonly AgentLane[];
  readonly #cancellations = new Cancellations();
  readonly #reporter: Reporter;
  readonly #clock: Clock;
  readonly #startedAt: number;
  readonly #timers: Timer[] = [];
  #presenceSoon: Timer | undefined;
  #state: 'new' | 'running' | 'draining' = 'new';

  constructor(
    private readonly services: RunnerServices,
    private readonly options: RunnerOptions,
  ) {
    const { bus, logger, registry, scratch, secrets } = services;
    const clock = (this.#clock = services.clock ?? systemClock);
    this.#startedAt = clock.now();
    this.#reporter = new Reporter(bus.publisher, options.name, logger, clock);
    const shared: LaneServices = {
      logger,
      scratch,
      secrets,
      cancellations: this.#cancellations,
      heartbeats: new Heartbeats(
        options.name,
        options.heartbeatIntervalMs,
        (subject, beat) => bus.emit(subject, beat),
        clock,
      ),
      reporter: this.#reporter,
      metrics: runnerMetrics(registry, () => new Map(this.#lanes.map((lane) => [lane.agent.name, lane.busy]))),
      maxOutputBytes: options.maxOutputBytes,
      onChange: () => this.#presentSoon(),
      clock,
    };
    this.#lanes = services.agents.map(
      (agent) => new AgentLane(agent, Math.min(options.slots, agent.concurrency ?? options.slots), shared),
    );
  }

  /** Begins to take work. */
  async start(): Promise<void> {
    const { bus } = this.services;
    let ackWaitMs = Infinity;
    // The server serves whoever asked first: in an order of its own, each runner comes first for some of the agents.
    for (const lane of shuffled(this.#lanes, this.#clock)) {
      const { concurrency } = lane.agent;
      const limit = concurrency === undefined ? {} : { concurrency };
      const consumer = await ensureAgentConsumer(bus, lane.agent.name, limit);
      ackWaitMs = Math.min(ackWaitMs, (consumer.config.ack_wait ?? Infinity) / 1e6);
      lane.begin((handler) => bus.openIntake({ consumer, slots: lane.slots, handler }));
    }
    const working = () => this.#lanes.forEach((lane) => lane.working());
    if (Number.isFinite(ackWaitMs)) this.#timers.push(this.#clock.every(ackWaitMs / 3, working));
    this.#timers.push(this.#clock.every(presenceEveryMs, () => this.#present()));
    this.#state = 'running';
    this.#present();
  }

  get running(): boolean {
    return this.#state === 'running';
  }

  /** Stops what the signal means, and what of it is still on its way. */
  cancel(signal: CancelSignal): void {
    this.#cancellations.remember(signal, this.#clock.monotonic());
    for (const lane of this.#lanes) lane.cancel(signal);
  }

  /**
   * Takes no more work and lets what runs finish; what has not finished within the drain timeout is stopped and goes back to
   * the queue for others.
   */
  async drain(): Promise<void> {
    this.#state = 'draining';
    this.#present();
    await Promise.all(this.#lanes.map((lane) => lane.stopTaking()));
    if (!(await this.#idleWithin(this.options.drainTimeoutMs))) {
      this.services.logger.warn({ busy: this.#busy }, 'attempts did not finish in time; their work goes back');
      this.#lanes.forEach((lane) => lane.abortAll());
      await this.#idleWithin(stopWithinMs);
    }
    this.#reporter.close();
    this.#timers.forEach((timer) => timer.stop());
    this.#presenceSoon?.stop();
    await Promise.all(this.services.agents.map(async (agent) => agent.close?.()));
    await this.services.scratch.close();
  }

  get #busy(): number {
    return this.#lanes.reduce((sum, lane) => sum + lane.busy, 0);
  }

  async #idleWithin(ms: number): Promise<boolean> {
    const until = this.#clock.monotonic() + ms;
    while (this.#busy > 0 && this.#clock.monotonic() < until) await sleep(this.#clock, 10);
    return this.#busy === 0;
  }

  #presentSoon(): void {
    if (this.#state !== 'running') return;
    this.#presenceSoon ??= this.#clock.after(presenceDelayMs, () => {
      this.#presenceSoon = undefined;
      this.#present();
    });
  }

  #present(): void {
    const presence: RunnerPresence = {
      runner: this.options.name,
      host: hostname(),
      pid: process.pid,
      startedAt: this.#startedAt,
      draining: this.#state === 'draining',
      agents: this.#lanes.map(({ agent, slots, busy }) => ({ agent: agent.name, slots, busy })),
    };
    this.services.bus.emit(subjects.runner, presence);
  }
}

function shuffled<T>(items: readonly T[], clock: Clock): T[] {
  return items
    .map((item) => ({ item, at: clock.random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ item }) => item);
}
