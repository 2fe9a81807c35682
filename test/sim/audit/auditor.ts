import {
  type CancelSignal,
  headers as known,
  type Receipt,
  streams,
  subjects,
  type WorkMessage,
} from '@braid/contracts';
import { type StoredEvent } from '@braid/events';
import { type Snapshot } from '@braid/event-store';
import { everyStep, isOpen, type WorkflowState } from '@braid/workflow';
import { type DatabaseWatcher } from '../servers/database';
import { type BusWatcher } from '../servers/intake';
import { type Message } from '../servers/nats';
import { type SimProcess } from '../world/process';
import { inWords, type World } from '../world/world';
import { Effects } from './effects';
import { Histories } from './histories';

type Attempt = Pick<WorkMessage, 'workflow' | 'branch' | 'step' | 'attempt'>;

/** Looks over everybody's shoulder: what is said must be true at the moment at which it is said. */
export class Auditor implements DatabaseWatcher, BusWatcher {
  readonly histories = new Histories();
  readonly effects = new Effects();
  /** Ids of events that the feed has published. */
  readonly published = new Set<string>();
  private readonly requested = new Set<string>();
  private readonly reported = new Set<string>();
  /** Where refusals were sent to. */
  private readonly refused = new Set<string>();
  private readonly cancelled = new Set<string>();

  constructor(private readonly world: World) {}

  committed(event: StoredEvent): void {
    this.world.log('log', `${event.workflow} ${event.version} ${event.type}`);
    this.must(() => this.histories.add(event));
    if (event.type === 'BranchRequested') this.requested.add(attemptName({ ...event.data, workflow: event.workflow }));
  }

  snapshot(snapshot: Snapshot): void {
    this.must(() => this.histories.checkSnapshot(snapshot));
  }

  contradicted(message: string): void {
    this.world.violated(`an append contradicted the log: ${message}`);
  }

  stored(stream: string, { id, subject, body }: Message): void {
    if (stream === streams.events && id !== undefined) this.published.add(id);
    if (stream === streams.work) {
      const name = attemptName(JSON.parse(body) as Attempt);
      if (!this.requested.has(name)) this.world.violated(`${name} is asked for and not on disk`);
    }
    for (const attempt of reportsIn(subject, body)) this.reported.add(attemptName(attempt));
  }

  acked(process: SimProcess, { subject, body, headers }: Message): void {
    const [, to, , kind, workflow = ''] = subject.split('.');
    if (to === 'work') return this.workAcked(process, JSON.parse(body) as WorkMessage);
    // What was refused leaves no trace, and what nobody waits for an answer to is asked again by its sender.
    const replyTo = headers[known.replyTo];
    if (kind === 'command' && (replyTo === undefined || this.refused.has(replyTo))) return;
    const lost =
      kind === 'reports' || kind === 'report'
        ? this.lostReport(subject, body)
        : whatIsLost(kind ?? '', body, this.histories.stateOf(workflow));
    if (lost !== undefined) this.world.violated(`${process.name} acked ${subject} although ${lost}`);
  }

  emitted(process: SimProcess, subject: string, body: string): void {
    if (subject === subjects.cancel) {
      const { workflow, attempts = [] } = JSON.parse(body) as CancelSignal;
      for (const attempt of attempts) {
        const isWanted = isCurrent(this.histories.stateOf(workflow), { workflow, ...attempt });
        if (isWanted)
          this.world.violated(
            `${process.name} cancels ${attemptName({ workflow, ...attempt })}, which is open in the log`,
          );
        this.cancelled.add(attemptName({ workflow, ...attempt }));
      }
      return;
    }
    if (!subject.startsWith('_INBOX')) return;
    const receipt = JSON.parse(body) as Receipt;
    const { version } = this.histories.stateOf(receipt.workflow);
    if (!receipt.ok) this.refused.add(subject);
    if (!receipt.ok || receipt.version <= version) return;
    this.world.violated(
      `${process.name} gave a receipt for version ${receipt.version} of ${receipt.workflow}, and ${version} is on disk`,
    );
  }

  deadLetter(process: SimProcess, subject: string, reason: string): void {
    this.world.violated(`${process.name} set ${subject} aside: ${reason}`);
  }

  /** Work may leave its queue when its report is on the bus, or nobody wants one any more. */
  private workAcked(process: SimProcess, work: WorkMessage): void {
    const name = attemptName(work);
    if (this.reported.has(name) || this.cancelled.has(name)) return;
    if (!isCurrent(this.histories.stateOf(work.workflow), work)) return;
    this.world.violated(`${process.name} acked the work of ${name}, which nobody has reported`);
  }

  private lostReport(subject: string, body: string): string | undefined {
    for (const attempt of reportsIn(subject, body)) {
      const state = this.histories.stateOf(attempt.workflow);
      if (state.status === 'unborn') return `the workflow of ${attemptName(attempt)} is not on disk`;
      if (isCurrent(state, attempt)) return `${attemptName(attempt)} is still open in the log`;
    }
    return undefined;
  }

  private must(check: () => void): void {
    try {
      check();
    } catch (error) {
      this.world.violated(inWords(error));
    }
  }
}

/** What a message asked for and the log does not have. */
function whatIsLost(kind: string, body: string, state: WorkflowState): string | undefined {
  if (state.status === 'unborn') return kind === 'command' ? undefined : 'its workflow is not on disk';
  if (kind !== 'command' || !isOpen(state) || state.retries > 0) return undefined;
  const command = JSON.parse(body) as { readonly command: string; readonly name?: string; readonly id?: string };
  if (command.command === 'cancel') return 'the workflow is open in the log';
  if (command.command !== 'signal' || state.signals.seen.has(command.id ?? '')) return undefined;
  const isWaitedFor = [...everyStep(state.graph.steps)].some(
    (step) => step.kind === 'signal' && step.name === command.name,
  );
  return isWaitedFor ? 'the signal is not in the log' : undefined;
}

function reportsIn(subject: string, body: string): readonly Attempt[] {
  if (subject.includes('.report.')) return [JSON.parse(body) as Attempt];
  return subject.endsWith('.reports') ? (JSON.parse(body) as { readonly reports: readonly Attempt[] }).reports : [];
}

function isCurrent(state: WorkflowState, { branch: path, step, attempt }: Attempt): boolean {
  if (state.status === 'unborn') return false;
  const phase = state.branches.get(path)?.phase;
  return phase?.is === 'requested' && phase.request.step === step && phase.request.attempt === attempt;
}

const attemptName = ({ workflow, branch, step, attempt }: Attempt) => `${workflow}/${branch}/${step}/${attempt}`;
