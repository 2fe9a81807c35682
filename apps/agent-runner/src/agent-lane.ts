import { type Agent, type SecretSource } from '@braid/agents';
import { type Clock } from '@braid/clock';
import { type CancelSignal, parseMessage, type WorkMessage } from '@braid/contracts';
import { type Failure } from '@braid/events';
import { type Delivery, type Intake } from '@braid/messaging';
import { type Logger } from '@braid/service';
import { attemptKey } from './attempt-key';
import { attemptLog } from './attempt-log';
import { type Cancellations, cancels } from './cancellations';
import { type Heartbeats } from './heartbeats';
import { LiveAttempt } from './live-attempt';
import { type Outcome } from './outcome';
import { type Reporter } from './reporter';
import { runAttempt } from './run-attempt';
import { type RunnerMetrics } from './runner-metrics';
import { type Scratch } from './scratch';
import { StopReason } from './stop-reason';

/** Work that was delivered more often has killed a runner each time. */
const mostDeliveries = 5;
const handBackMs = 1;

/** What all agents of a runner share. */
export type LaneServices = {
  readonly logger: Logger;
  readonly scratch: Scratch;
  readonly secrets: SecretSource;
  readonly cancellations: Cancellations;
  readonly heartbeats: Heartbeats;
  readonly reporter: Reporter;
  readonly metrics: RunnerMetrics;
  readonly maxOutputBytes: number;
  readonly onChange: () => void;
  readonly clock: Clock;
};

/** The work of one agent on this runner, from delivery to report. */
export class AgentLane {
  readonly #live = new Map<string, LiveAttempt>();
  #intake: Intake | undefined;
  #closing = false;

  constructor(
    readonly agent: Agent,
    /** Attempts at once. */
    readonly slots: number,
    private readonly services: LaneServices,
  ) {}

  get busy(): number {
    return this.#live.size;
  }

  /** Starts pulling. `open` gets the handler of deliveries. */
  begin(open: (handler: (delivery: Delivery) => void) => Intake): void {
    this.#intake = open((delivery) => this.#take(delivery));
  }

  /** Stops pulling; what was delivered and has not begun goes back to the queue. */
  async stopTaking(): Promise<void> {
    this.#closing = true;
    await this.#intake?.stop();
  }

  cancel(signal: CancelSignal): void {
    for (const attempt of this.#live.values()) {
      if (cancels(signal, attempt.work)) attempt.stop(new StopReason('cancelled', `cancelled: ${signal.reason}`));
    }
  }

  /** Ends every attempt; its work goes back to the queue. */
  abortAll(): void {
    for (const attempt of this.#live.values()) attempt.stop(new StopReason('shutdown', 'the runner is stopping'));
  }

  /** Tells the queue that the work is still being done. */
  working(): void {
    for (const attempt of this.#live.values()) attempt.working();
  }

  #take(delivery: Delivery): void {
    if (this.#closing) {
      delivery.nak(handBackMs);
      this.#release();
      return;
    }
    const parsed = parseMessage('work', delivery.body);
    if (!parsed.ok || parsed.value.agent !== this.agent.name) {
      const reason = parsed.ok ? `it asks for agent "${parsed.value.agent}"` : parsed.reason;
      this.#refuse(delivery, `not work for agent "${this.agent.name}": ${reason}`);
      return;
    }
    const work = parsed.value;
    const key = attemptKey(work);
    const running = this.#live.get(key);
    if (running !== undefined) {
      running.deliveredAgain(delivery);
      return;
    }
    if (this.services.cancellations.includes(work, this.services.clock.monotonic())) {
      delivery.ack();
      this.#release();
      return;
    }
    const attempt = new LiveAttempt(work, delivery, this.services.clock);
    this.#live.set(key, attempt);
    void this.#finish(key, attempt, this.#outcomeOf(key, attempt, delivery));
    if (this.busy === 1) this.services.onChange();
  }

  #refuse(delivery: Delivery, reason: string): void {
    this.services.metrics.deadLetter();
    this.services.logger.error({ reason }, 'a message was set aside as a dead letter');
    void delivery.deadLetter(reason).finally(() => this.#release());
  }

  async #outcomeOf(key: string, attempt: LiveAttempt, delivery: Delivery): Promise<Outcome | undefined> {
    const { work } = attempt;
    const refusal = this.#refusal(work, delivery.deliveryCount);
    if (refusal !== undefined) return { is: 'failed', failure: refusal };
    const { clock, heartbeats, logger, scratch, secrets, maxOutputBytes } = this.services;
    const folder = scratch.folder();
    heartbeats.begin(key, work, attempt.startedAt);
    const { token: _token, ...given } = work;
    const outcome = await runAttempt(this.agent, given, {
      maxOutputBytes,
      secrets,
      signal: attempt.signal,
      deadline: attempt.deadline,
      scratch: folder,
      log: attemptLog(logger, work),
      clock,
    });
    heartbeats.end(key);
    await folder.remove().catch((error: unknown) => logger.warn({ error }, 'a scratch folder could not be removed'));
    return outcome;
  }

  /** Why work must not be begun, if it must not. */
  #refusal(work: WorkMessage, deliveryCount: number): Failure | undefined {
    if (work.startBefore !== undefined && this.services.clock.now() > work.startBefore) {
      const message = `no runner had a free slot for agent "${work.agent}" in time`;
      return { type: 'NoSlot', message, code: 'no-slot', retryable: true };
    }
    if (deliveryCount > mostDeliveries) {
      const message = `the work was given to runners ${mostDeliveries} times and none of them came to report it`;
      return { type: 'RunnerLost', message, code: 'runner-lost', retryable: false };
    }
    if (deliveryCount > 1 && this.agent.idempotent === false) {
      const message = `the runner of the work was lost, and agent "${work.agent}" must not be run twice (idempotent: false)`;
      return { type: 'RunnerLost', message, code: 'runner-lost', retryable: false };
    }
    return undefined;
  }

  /** The work leaves the queue only when its report is stored, so that whatever happens before brings it back. */
  async #finish(key: string, attempt: LiveAttempt, ending: Promise<Outcome | undefined>): Promise<void> {
    const { logger, metrics, reporter } = this.services;
    const { work } = attempt;
    try {
      const outcome = await ending;
      attempt.ended();
      if (outcome === undefined) {
        if (attempt.stopReason?.why === 'shutdown') attempt.nak(handBackMs);
        else attempt.ack();
      } else {
        const { startedAt } = attempt;
        const endedAt = startedAt + Math.round(attempt.seconds * 1_000);
        if (await reporter.report({ work, outcome, startedAt, endedAt })) attempt.ack();
      }
      metrics.ended(this.agent.name, outcome?.is ?? 'stopped', attempt.seconds);
    } catch (error) {
      // Whatever this is, it is a mistake of the runner and not of the agent: somebody else may do better.
      logger.error({ error, workflow: work.workflow, branch: work.branch }, 'an attempt could not be handled');
      attempt.nak(1_000);
    } finally {
      this.#live.delete(key);
      this.#release(attempt.deliveries);
      if (this.busy === 0) this.services.onChange();
    }
  }

  #release(count = 1): void {
    this.#intake?.release(count);
  }
}
