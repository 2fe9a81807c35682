import { type CommandMessage, headers, partitionOf, type Receipt, type StartMessage, subjects } from '@braid/contracts';
import { type Json } from '@braid/events';
import { isOpen } from '@braid/workflow';
import { BusClient } from '../servers/bus-client';
import { SimProcess } from '../world/process';
import { type Surroundings } from './cluster';
import { simLogger } from './logger';
import { type PlannedWorkflow } from '../plan';

const firstSilence = 1_000;
const longestSilence = 8_000;

/** What was asked, and what was answered. */
type Request = {
  readonly subject: string;
  readonly body: string;
  readonly workflow: string;
  receipt: Receipt | undefined;
};

/** Whoever uses Braid: asks again until there is a receipt, as the gateway does for them. It does not die. */
export class Client {
  readonly requests: Request[] = [];
  private readonly bus: BusClient;
  private readonly process: SimProcess;
  private readonly planned: ReadonlySet<string>;
  private signals = 0;

  constructor(private readonly surroundings: Surroundings) {
    const { world, nats, weather, auditor, plan, logLevel } = surroundings;
    this.process = new SimProcess(world, 'client', { skew: 0, mortality: () => 0 });
    this.bus = new BusClient(this.process, nats, weather, auditor, simLogger(this.process, logLevel));
    this.planned = new Set(plan.workflows.map(({ id }) => id));
    for (const workflow of plan.workflows) {
      this.process.after(workflow.at, `wants ${workflow.id}`, () => this.start(workflow));
    }
    for (let count = 0; count < plan.commands; count++) {
      this.process.after(world.chance.between(0, plan.badFor), 'has a wish', () => this.wish());
    }
  }

  /** Requests without a receipt. */
  get unanswered(): readonly string[] {
    return this.requests.filter(({ receipt }) => receipt === undefined).map(({ subject }) => subject);
  }

  /** Starts that were answered with success. */
  get accepted(): readonly string[] {
    return this.requests
      .filter(({ subject, receipt }) => subject.includes('.start.') && receipt?.ok === true)
      .map(({ workflow }) => workflow);
  }

  /** Goes on with whatever waits for somebody outside. */
  helpOut(): void {
    for (const workflow of this.planned) {
      const state = this.surroundings.auditor.histories.stateOf(workflow);
      if (state.status === 'unborn' || !isOpen(state)) continue;
      if (state.status === 'paused') this.command({ workflow, command: 'resume' });
      for (const { phase } of state.waiting) {
        if (phase.is === 'awaiting') this.signal(workflow, phase.signal);
      }
    }
  }

  private start({ id, graph, mode }: PlannedWorkflow): void {
    const start: StartMessage = {
      workflow: id,
      playbook: { name: graph.name },
      graph,
      variables: { yes: true, no: false },
      context: {},
      executionMode: mode,
      requestDigest: 'digest',
    };
    this.ask(subjects.start(this.partitionOf(id), id), start);
  }

  private wish(): void {
    const { chance } = this.surroundings.world;
    const [first = 'w0', ...others] = this.planned;
    const workflow = chance.pick([first, ...others]);
    const command = chance.pick(['signal', 'signal', 'pause', 'resume', 'retry', 'retry', 'cancel'] as const);
    if (command === 'signal') this.signal(workflow, chance.pick(['go', 'count']));
    else this.command({ workflow, command, reason: 'a wish' });
  }

  private signal(workflow: string, name: string): void {
    const payload: Json = this.signals;
    this.command({ workflow, command: 'signal', name, payload, id: `signal-${this.signals++}` });
  }

  private command(message: CommandMessage): void {
    this.ask(subjects.command(this.partitionOf(message.workflow), message.workflow), message);
  }

  private partitionOf(workflow: string): number {
    return partitionOf(workflow, this.surroundings.plan.partitions);
  }

  private ask(subject: string, message: StartMessage | CommandMessage): void {
    const { bus, process } = this;
    const { workflow } = message;
    const request: Request = { subject, workflow, body: JSON.stringify(message), receipt: undefined };
    const replyTo = `_INBOX.client.${this.requests.push(request)}`;
    const unlisten = bus.listen(replyTo, ({ value }) => {
      request.receipt ??= value as Receipt;
      process.world.log('client', `has a receipt for ${subject}: ${request.receipt.ok ? 'ok' : request.receipt.code}`);
      unlisten();
    });
    let count = 0;
    const send = (silence: number): void => {
      if (request.receipt) return;
      const messageId = `${replyTo}:${++count}`;
      void bus.publisher.publish(subject, request.body, { messageId, headers: { [headers.replyTo]: replyTo } });
      process.after(silence, `asks again for ${subject}`, () => send(Math.min(silence * 2, longestSilence)));
    };
    send(firstSilence);
  }
}
