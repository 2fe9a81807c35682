import { type CommandMessage, headers, type Receipt, type StartMessage, subjects } from '@braid/contracts';
import { type EventStore, openEventStore, type OpenEventStore } from '@braid/event-store';
import { type RecordedEvent, type WorkflowEvent } from '@braid/events';
import { type Bus, connectBus, type Delivery, type Intake, partitionConsumer, provision } from '@braid/messaging';
import { fold } from '@braid/workflow';
import { type Command, decide } from '@braid/workflow/decide';

type Open = {
  readonly partition: number;
  version: number;
  readonly playbook: string;
  readonly digest: string;
  /** Its start is on disk: no receipt is given before. */
  started: Promise<void>;
  open: boolean;
};

/** The beginning of a workflow's life after its start, as a test wants it. */
export type Script = (start: StartMessage) => readonly WorkflowEvent[];

/**
 * Stands at the orchestrator's place: takes starts and commands from the bus, appends real events, sends receipts. What
 * commands come to is decided by the real rules; otherwise a test says what a workflow does, and what goes wrong.
 */
export class FakeOrchestrator {
  /** Events that follow a start at once. */
  script: Script = () => [];
  /** While true, messages stay unhandled. */
  deaf = false;
  /** How many receipts get lost on their way from now on. */
  losesReceipts = 0;
  /** While false, events are appended and nobody is told. */
  publishes = true;
  readonly starts: StartMessage[] = [];
  private readonly receipts: { readonly replyTo: string; readonly receipt: Receipt }[] = [];
  private readonly workflows = new Map<string, Open>();
  private readonly held: Delivery[] = [];
  private readonly intakes: Intake[];
  private epochs = new Map<number, number>();

  private constructor(
    private readonly bus: Bus,
    private readonly stored: OpenEventStore,
    partitions: number,
  ) {
    this.intakes = Array.from({ length: partitions }, (_, partition) => {
      const intake = bus.openIntake({
        consumer: partitionConsumer(partition),
        slots: 64,
        handler: (delivery) => {
          if (this.deaf) this.held.push(delivery);
          else void this.handle(delivery).finally(() => intake.release());
        },
      });
      return intake;
    });
  }

  static async start(options: {
    readonly databaseUrl: string;
    readonly natsUrl: string;
    readonly partitions: number;
  }): Promise<FakeOrchestrator> {
    const stored = await openEventStore({ url: options.databaseUrl });
    const bus = await connectBus({ url: options.natsUrl, name: 'fake-orchestrator' });
    await provision(bus, { partitions: options.partitions });
    const fake = new FakeOrchestrator(bus, stored, options.partitions);
    const leases = await stored.leases.acquire('fake', options.partitions, 600_000);
    fake.epochs = new Map(leases.map(({ partition, epoch }) => [partition, epoch]));
    return fake;
  }

  get store(): EventStore {
    return this.stored.store;
  }

  /** Hears again, beginning with what came in the meantime. */
  async hear(): Promise<void> {
    this.deaf = false;
    for (const delivery of this.held.splice(0)) await this.handle(delivery);
  }

  /** Sends every receipt so far once more, and returns when the gateway must have heard them. */
  async repeatReceipts(): Promise<void> {
    for (const { replyTo, receipt } of this.receipts) this.bus.emit(replyTo, receipt);
    await this.bus.nc.flush();
  }

  /** Records what happens to a workflow, and tells the world. */
  async record(workflow: string, ...events: readonly WorkflowEvent[]): Promise<void> {
    const entry = this.workflows.get(workflow);
    if (!entry) throw new Error(`Nobody started ${workflow}`);
    await this.append(workflow, entry, events);
  }

  /** A live message, as a runner sends it. */
  emit(subject: string, value: unknown): void {
    this.bus.emit(subject, value);
  }

  /** Sets a message aside as the orchestrator does with what it cannot handle. */
  async deadLetter(body: string): Promise<void> {
    await this.bus.publisher.publish(subjects.start(0, 'garbage').replace('start', 'garbage'), body);
  }

  async stop(): Promise<void> {
    await Promise.all(this.intakes.map((intake) => intake.stop()));
    await this.bus.close();
    await this.stored.close();
  }

  private async handle(delivery: Delivery): Promise<void> {
    const [, , partition, kind] = delivery.subject.split('.');
    const body = new TextDecoder().decode(delivery.body);
    if (kind === 'start') await this.answer(delivery, await this.take(Number(partition), JSON.parse(body)));
    else if (kind === 'command') await this.answer(delivery, await this.obey(JSON.parse(body)));
    else return delivery.deadLetter(`nothing handles ${String(kind)}`);
    delivery.ack();
  }

  private async take(partition: number, start: StartMessage): Promise<Receipt> {
    const { workflow } = start;
    this.starts.push(start);
    const known = this.workflows.get(workflow);
    if (known) {
      await known.started;
      return known.digest === start.requestDigest
        ? { ok: true, workflow, version: known.version, repeated: true }
        : { ok: false, workflow, code: 'workflow.different-start', message: 'another request' };
    }
    const entry: Open = {
      partition,
      version: 0,
      playbook: start.playbook.name,
      digest: start.requestDigest,
      started: Promise.resolve(),
      open: true,
    };
    this.workflows.set(workflow, entry);
    const { workflow: _, ...data } = start;
    entry.started = this.append(workflow, entry, [{ type: 'WorkflowStarted', data }, ...this.script(start)]);
    await entry.started;
    return { ok: true, workflow, version: entry.version, repeated: false };
  }

  /** Decides by the real rules, going by what is on record. */
  private async obey({ workflow, ...message }: CommandMessage): Promise<Receipt> {
    const entry = this.workflows.get(workflow);
    if (!entry) return { ok: false, workflow, code: 'workflow.unknown', message: 'unknown' };
    const { command, ...fields } = message;
    const state = fold(await this.store.readStream(workflow));
    const decision = decide({ type: command, ...fields } as Command, state, Date.now(), {
      maxDepth: 16,
      maxBranches: 100,
    });
    if (decision.is === 'rejected') return { ok: false, workflow, ...decision.rejection };
    const events = decision.is === 'accepted' ? decision.events : [];
    if (events.length > 0) await this.append(workflow, entry, events);
    return { ok: true, workflow, version: entry.version, repeated: events.length === 0 };
  }

  private async append(workflow: string, entry: Open, events: readonly WorkflowEvent[]): Promise<void> {
    const recorded = events.map((event, index): RecordedEvent => ({
      ...event,
      workflow,
      version: entry.version + index + 1,
      at: Date.now(),
    }));
    entry.version += events.length;
    const ending = ['WorkflowCompleted', 'WorkflowFailed', 'WorkflowCancelled'];
    entry.open &&= !events.some(({ type }) => ending.includes(type));
    entry.open ||= events.some(({ type }) => type === 'WorkflowRetried');
    const outcome = await this.store.append([
      {
        partition: entry.partition,
        epoch: this.epochs.get(entry.partition) ?? 0,
        events: recorded,
        workflows: [{ id: workflow, open: entry.open, ...(entry.open ? { dueAt: Date.now() + 60_000 } : {}) }],
      },
    ]);
    if (outcome.kind !== 'committed') throw new Error(`Not committed: ${JSON.stringify(outcome)}`);
    const before = recorded[0]?.version ?? 1;
    await this.stored.projection.project(await this.store.readStream(workflow, { afterVersion: before - 1 }));
    if (!this.publishes) return;
    if (!entry.open) this.bus.emit(subjects.ended(workflow), {});
    for (const event of recorded) {
      await this.bus.publisher.publish(subjects.event(entry.playbook, event.type, workflow), JSON.stringify(event));
    }
  }

  private async answer(delivery: Delivery, receipt: Receipt): Promise<void> {
    const replyTo = delivery.header(headers.replyTo);
    if (replyTo === undefined) return;
    this.receipts.push({ replyTo, receipt });
    if (this.losesReceipts > 0) this.losesReceipts--;
    else this.bus.emit(replyTo, receipt);
  }
}
