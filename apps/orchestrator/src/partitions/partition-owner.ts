import { type RecordedEvent } from '@braid/events';
import { type LiveAttempt, type Receipt } from '@braid/contracts';
import { type Lease, StoreUnavailableError } from '@braid/event-store';
import { type Delivery, type Intake, partitionConsumer } from '@braid/messaging';
import { unborn, type Workflow } from '@braid/workflow';
import { type Command, decide } from '@braid/workflow/decide';
import { answerTo, answerToRefused, type News, newsOf } from '../children/family-news';
import { cancelSignalOf, requestedWork, tooLargeReport, type Work } from '../effects/work';
import { dueExactly } from '../workflows/due';
import { type Parsed, parseInputs } from '../workflows/inputs';
import { WorkflowCache } from '../workflows/workflow-cache';
import { isIdle, isUnderWay, type WorkflowEntry } from '../workflows/workflow-entry';
import { dueRow } from './due-row';
import { isKnownToBeOver } from './known-to-be-over';
import { type Letter, letterOf, partsOf } from './letter';
import { type OwnerContext } from './owner-context';
import { type OpenAttempt, openAttempts, silentWork } from './resend';
import { familyChecks, nothingRecent, type Recent, recentOf, recognisedFor } from './retell';

/** Messages of one partition that may be in hand at once. */
const slots = 1_024;
/** Deliveries after which a message whose handling throws is set aside. */
const tries = 3;
type Input = { readonly command: Command; readonly letter: Letter | undefined };

/**
 * The one writer of a partition, for as long as its lease holds. Each workflow's inputs are decided one by one in memory;
 * what was decided is committed together with that of other workflows, and only then told to anybody.
 */
export class PartitionOwner {
  private readonly cache: WorkflowCache<Input>;
  private readonly since: number;
  private intake: Intake | undefined;
  private state: 'owning' | 'draining' | 'gone' = 'owning';
  private readonly unfinished = new Set<Promise<void>>();
  /** Workflows that have nothing to be told again: this owner has done so, and has told what it recorded since. */
  private readonly told = new Set<string>();

  constructor(
    readonly lease: Lease,
    private readonly context: OwnerContext,
  ) {
    this.cache = new WorkflowCache<Input>(context.cacheCapacity, context.clock);
    this.since = context.clock.now();
  }

  get workflowsInMemory(): number {
    return this.cache.size;
  }

  start(): void {
    this.intake = this.context.bus.openIntake({
      consumer: partitionConsumer(this.lease.partition),
      slots,
      handler: (delivery) => this.receive(delivery),
    });
  }

  /** Looks at a workflow because its due moment has come. */
  tick(workflow: string): void {
    if (this.state !== 'owning') return;
    const entry = this.cache.use(workflow);
    if (entry.queue.some(({ command }) => command.type === 'tick')) return;
    const signs = this.context.signs.of(workflow);
    this.enqueue(entry, { command: { type: 'tick', signs }, letter: undefined });
  }

  /** A runner says that it works on this. When that is known to be over, it is told so: its cancel signal may have been lost. */
  heard(attempt: LiveAttempt): void {
    const { workflow, branch, step } = attempt;
    const over = this.cache.isClosed(workflow) || isKnownToBeOver(this.cache.peek(workflow), attempt);
    if (!over || !this.context.surelyOwner() || this.state !== 'owning') return;
    const attempts = [{ branch, step, attempt: attempt.attempt }];
    this.context.dispatcher.cancel({ workflow, attempts, reason: 'its outcome is not waited for any more' });
  }

  /** Finishes what is in hand and takes nothing new: afterwards the lease may be given to somebody else. */
  async drain(): Promise<void> {
    if (this.state !== 'owning') return;
    this.state = 'draining';
    await this.intake?.stop();
    while (this.unfinished.size > 0) await Promise.all(this.unfinished);
    this.leave();
  }

  /** The lease is lost: whatever is in hand belongs to somebody else, and nothing is told to anybody any more. */
  abandon(): void {
    if (this.state === 'gone') return;
    void this.intake?.stop();
    this.leave();
  }

  private leave(): void {
    this.state = 'gone';
    this.cache.clear();
  }

  private receive(delivery: Delivery): void {
    const letter = letterOf(delivery, () => this.intake?.release());
    if (this.state !== 'owning') return letter.again(1);
    const inputs = parseInputs(delivery.subject, delivery.body, this.context);
    const letters = partsOf(letter, inputs.length);
    for (const [index, part] of letters.entries()) this.admit(delivery.subject, inputs[index], part);
  }

  private admit(subject: string, parsed: Parsed | undefined, letter: Letter): void {
    const { dispatcher, logger, metrics } = this.context;
    if (parsed?.ok !== true) {
      const reason = parsed?.reason ?? '';
      metrics.deadLetters.inc();
      logger.warn({ subject, reason }, 'a message cannot be handled');
      dispatcher.answer(letter.replyTo, { ok: false, workflow: '', code: 'message.invalid', message: reason });
      return letter.setAside(reason);
    }
    const { command, workflow } = parsed;
    const input = { command, letter };
    if ((command.type === 'report' || command.type === 'child-ended') && this.cache.isClosed(workflow)) {
      metrics.staleReports.inc();
      return this.vouched(input, () => letter.done());
    }
    this.enqueue(this.cache.use(workflow), input);
  }

  private enqueue(entry: WorkflowEntry<Input>, input: Input): void {
    entry.queue.push(input);
    if (!entry.loading) this.work(entry);
  }

  private work(entry: WorkflowEntry<Input>): void {
    while (entry.queue.length > 0 && this.state !== 'gone') {
      if (entry.broken) {
        if (entry.inFlight > 0) return;
        entry.broken = false;
        entry.state = undefined;
      }
      if (entry.state === undefined) {
        this.load(entry);
        return;
      }
      const input = entry.queue.shift();
      if (input) this.handle(entry, input);
    }
    if (this.state !== 'gone') this.cache.trim();
  }

  private load(entry: WorkflowEntry<Input>): void {
    entry.loading = true;
    const loaded = this.context.snapshots.load(entry.id).then(
      (state) => {
        entry.loading = false;
        entry.state = state;
        entry.nextSnapshot = this.context.snapshots.nextAfter(state.version);
        if (isUnderWay(state)) this.resume(entry, state);
        this.work(entry);
      },
      (error: unknown) => {
        entry.loading = false;
        this.context.logger.error({ error, workflow: entry.id }, 'a workflow could not be loaded');
        const queue = entry.queue.splice(0);
        this.cache.drop(entry);
        for (const input of queue) this.failed(input, error);
      },
    );
    this.track(loaded);
  }

  /** A workflow that is under way was loaded: its clock is set, and what a former owner may not have told is told again. */
  private resume(entry: WorkflowEntry<Input>, state: Workflow): void {
    const { clock, signs } = this.context;
    entry.dueAt = dueExactly(state, signs.of(entry.id), clock.now(), this.context);
    this.cache.arm(entry, () => this.tick(entry.id));
    if (clock.now() - this.since < recognisedFor) this.track(this.tellAgain(entry, this.untold(state)));
  }

  /**
   * What may have been recorded and never told. Looking costs as much as the workflow has open, and a fork may have thousands of
   * messages that come again, so it is looked for once.
   */
  private untold(state: Workflow): Recent {
    if (this.told.has(state.id)) return nothingRecent;
    this.told.add(state.id);
    return recentOf(state, this.lease.partition, this.context);
  }

  private handle(entry: WorkflowEntry<Input>, input: Input): void {
    const { clock, limits, metrics } = this.context;
    try {
      const decision = decide(input.command, entry.state ?? unborn, clock.now(), limits);
      switch (decision.is) {
        case 'accepted':
          entry.state = decision.state;
          this.accepted(entry, decision.state, decision.events, input);
          return;
        case 'stale':
          metrics.staleReports.inc();
          this.repeated(entry, input);
          return;
        case 'rejected':
          metrics.rejections.inc({ code: decision.rejection.code });
          this.onceOnDisk(entry, input, async () => {
            this.answer(input, { ok: false, workflow: entry.id, ...decision.rejection });
            await this.tell(entry, answerToRefused(input.command, entry.id, decision.rejection.message));
            input.letter?.done();
          });
          return;
      }
    } catch (error) {
      this.context.logger.error({ error, workflow: entry.id, command: input.command.type }, 'a decision threw');
      entry.broken = true;
      this.failed(input, error);
    }
  }

  private accepted(entry: WorkflowEntry<Input>, state: Workflow, events: readonly RecordedEvent[], input: Input): void {
    const ticked = input.command.type === 'tick';
    if (events.length === 0 && !ticked) return this.repeated(entry, input);
    const { partition, epoch } = this.lease;
    const { tokens, committer } = this.context;
    const work = requestedWork(state, events, partition, tokens);
    const signal = cancelSignalOf(state, events);
    const news = newsOf(input.command, state, events);
    if (events.some(({ type }) => type === 'WorkflowRetried')) this.cache.reopen(entry.id);
    const row = dueRow(entry, state, events, ticked, this.context);
    if (row?.open === true) this.cache.arm(entry, () => this.tick(entry.id));
    const receipt: Receipt = { ok: true, workflow: entry.id, version: state.version, repeated: false };
    const suspects = ticked ? openAttempts(state) : [];
    const checks = ticked ? familyChecks(entry, state, this.context) : [];
    entry.inFlight += 1;
    const commit = committer.commit({ partition, epoch, events, workflows: row ? [row] : [] });
    entry.committed = commit.then(
      ({ kind }) => kind === 'committed',
      () => false,
    );
    const told = commit.then(
      async (outcome) => {
        entry.inFlight -= 1;
        if (this.state === 'gone') return;
        if (outcome.kind === 'fenced') {
          this.abandon();
          return this.context.onFenced(this.lease);
        }
        if (outcome.kind === 'conflict') {
          this.context.metrics.conflicts.inc();
          return this.notRecorded(entry, input, new Error(`the log contradicts this copy: ${outcome.message}`));
        }
        // First what somebody waits for by the millisecond: each loser costs until it is stopped.
        if (signal) this.context.dispatcher.cancel(signal);
        if (row?.open === false) this.context.dispatcher.ended(entry.id);
        this.answer(input, receipt);
        this.context.recorded(partition, outcome.position, events, state.playbook.name);
        if (entry.broken) this.work(entry);
        else this.snapshotWhenDue(entry);
        this.context.metrics.dispatched.inc(work.length);
        if (ticked) this.track(this.resendSilent(entry, suspects));
        await Promise.all([this.send(entry.id, work), this.tell(entry, [...news, ...checks])]);
        if (!isUnderWay(entry.state) && isIdle(entry)) this.cache.close(entry);
        input.letter?.done();
      },
      (error: unknown) => {
        entry.inFlight -= 1;
        if (this.state !== 'gone') this.notRecorded(entry, input, error);
      },
    );
    this.track(told);
  }

  /** Only a state that has nothing in flight is on disk as it is. */
  private snapshotWhenDue(entry: WorkflowEntry<Input>): void {
    const { state } = entry;
    if (!isUnderWay(state) || entry.inFlight > 0 || state.version < entry.nextSnapshot) return;
    entry.nextSnapshot = this.context.snapshots.nextAfter(state.version);
    this.track(this.context.snapshots.save(state));
  }

  /** What was decided is not in the log: this copy of the workflow is thrown away and the input is looked at afresh. */
  private notRecorded(entry: WorkflowEntry<Input>, input: Input, error: unknown): void {
    this.context.logger.error({ error, workflow: entry.id }, 'a decision could not be recorded');
    entry.broken = true;
    this.failed(input, error);
    this.work(entry);
  }

  /** The same thing was decided before: what it led to is told again. */
  private repeated(entry: WorkflowEntry<Input>, input: Input): void {
    const { state } = entry;
    const again = (input.letter?.deliveries ?? 1) > 1;
    // Of the state as it is now: when this is told, it may be ahead of the disk again.
    const version = state?.version ?? 0;
    const news = answerTo(input.command, state ?? unborn, again);
    const recent = again && isUnderWay(state) ? this.untold(state) : nothingRecent;
    this.onceOnDisk(entry, input, async () => {
      if (state === undefined || state.status === 'unborn') return input.letter?.done();
      this.answer(input, { ok: true, workflow: entry.id, version, repeated: true });
      await this.tell(entry, news);
      await this.tellAgain(entry, recent);
      input.letter?.done();
    });
  }

  /**
   * An answer that rests on earlier decisions is given when those are on disk. When they turn out not to be, the input is
   * looked at afresh; when the lease is gone, it is left to the next owner.
   */
  private onceOnDisk(entry: WorkflowEntry<Input>, input: Input, tell: () => void | Promise<void>): void {
    const { committed } = entry;
    this.vouched(input, async () => {
      if (await committed) await tell();
      else this.enqueue(this.cache.use(entry.id), input);
    });
  }

  /**
   * Tells what no events go with, when a commit has proved that the partition is still this owner's: by a copy that its
   * successor has outdated, something new looks like something old.
   */
  private vouched(input: Input, tell: () => void | Promise<void>): void {
    const { partition, epoch } = this.lease;
    const told = this.context.committer.commit({ partition, epoch, events: [], workflows: [] }).then(
      async ({ kind }) => {
        if (this.state === 'gone') return;
        if (kind === 'fenced') return this.context.onFenced(this.lease);
        await tell();
      },
      (error: unknown) => {
        if (this.state !== 'gone') this.failed(input, error);
      },
    );
    this.track(told);
  }

  /** Sends once more what was asked for a short time ago; the bus drops what it has. */
  private async tellAgain(entry: WorkflowEntry<Input>, { work, starts }: Recent): Promise<void> {
    if (work.length > 0)
      this.context.logger.debug({ workflow: entry.id, attempts: work.length }, 'open attempts are sent once more');
    await Promise.all([this.send(entry.id, work), this.tell(entry, starts)]);
  }

  private async tell(entry: WorkflowEntry<Input>, news: readonly News[]): Promise<void> {
    if (news.length === 0) return;
    const refused = await this.context.family.send(news, () => entry.state);
    if (this.state === 'gone') return;
    for (const command of refused) this.enqueue(this.cache.use(entry.id), { command, letter: undefined });
  }

  /** `suspects` are on disk: what is not may never come to be, and nobody may work on it. */
  private async resendSilent(entry: WorkflowEntry<Input>, suspects: readonly OpenAttempt[]): Promise<void> {
    const { state } = entry;
    if (state === undefined || state.status !== 'running') return;
    const work = await silentWork(entry, state, suspects, this.lease.partition, this.context);
    if (work.length === 0 || this.state === 'gone') return;
    this.context.metrics.redispatched.inc(work.length);
    this.context.logger.info(
      { workflow: entry.id, attempts: work.length },
      'attempts that nobody works on are sent again',
    );
    await this.send(entry.id, work);
  }

  private async send(workflow: string, work: readonly Work[]): Promise<void> {
    const tooLarge = await this.context.dispatcher.dispatch(work);
    if (this.state === 'gone') return;
    for (const one of tooLarge) {
      const command = tooLargeReport(one, this.context.clock.now());
      this.enqueue(this.cache.use(workflow), { command, letter: undefined });
    }
  }

  private answer(input: Input, receipt: Receipt): void {
    this.context.dispatcher.answer(input.letter?.replyTo, receipt);
  }

  /**
   * Handling threw: the message comes again, and is set aside with the error after its tries. While the store is away no
   * message is to blame, however often it has come.
   */
  private failed({ letter }: Input, error: unknown): void {
    if (!letter) return;
    if (error instanceof StoreUnavailableError || letter.deliveries < tries) {
      return letter.again(1_000 * Math.min(letter.deliveries, tries));
    }
    this.context.metrics.deadLetters.inc();
    const reason = error instanceof Error ? (error.stack ?? error.message) : String(error);
    letter.setAside(`handling it failed ${tries} times: ${reason}`);
  }

  private track(promise: Promise<void>): void {
    const tracked = promise
      .catch((error: unknown) => this.context.logger.error({ error }, 'an effect failed'))
      .finally(() => this.unfinished.delete(tracked));
    this.unfinished.add(tracked);
  }
}
