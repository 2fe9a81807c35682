import { partitionOf, type CommandMessage, type RejectionCode, subjects } from '@braid/contracts';
import { type Amounts, type Json } from '@braid/events';
import { signalProblems } from '@braid/workflow';
import { v7 as uuidv7 } from 'uuid';
import { type ConfirmedSender } from '../bus/confirmed-sender';
import { checkText } from '../edge/body-rules';
import { Problem } from '../problems/problem';
import { type ProblemCode } from '../problems/problem-codes';
import { type WorkflowReader } from './workflow-reader';

/** What the orchestrator's rejections mean to a caller. */
const rejections: { readonly [code in RejectionCode]: ProblemCode } = {
  'workflow.unknown': 'workflow.not-found',
  'workflow.closed': 'workflow.closed',
  'workflow.different-start': 'workflow.different-start',
  'workflow.not-failed': 'workflow.not-failed',
  'workflow.compensated': 'workflow.compensated',
  'workflow.is-child': 'workflow.is-child',
  'signal.invalid': 'signal.invalid',
  'message.invalid': 'internal',
};

export function rejected(receipt: { readonly code: RejectionCode; readonly message: string }): Problem {
  return new Problem(rejections[receipt.code] ?? 'internal', receipt.message);
}

/** What callers may ask for; the rest is between workflows. */
type CallersCommand = Exclude<CommandMessage, { readonly command: `child-${string}` }>;

export type SignalRequest = {
  readonly name: string;
  readonly payload: Json;
  /** The same id again is the same signal; without one, every request is another signal. */
  readonly id?: string;
};

/** Asks workflows that exist to change. Every method resolves when the outcome is on disk. */
export class WorkflowCommands {
  constructor(
    private readonly sender: ConfirmedSender,
    private readonly reader: WorkflowReader,
    private readonly partitions: number,
  ) {}

  /**
   * The same id again is the same command; without one, every request is another command. `budget` is for a retry alone: what
   * the workflow may use from now on.
   * @throws Problem `workflow.not-found`, `workflow.closed`, `workflow.not-failed`, `workflow.compensated`, `workflow.is-child`,
   * `receipt.missing`.
   */
  async tell(
    workflow: string,
    command: 'pause' | 'resume' | 'retry',
    reason: string | undefined,
    id: string = uuidv7(),
    budget?: Amounts,
  ): Promise<void> {
    const told = { workflow, id, ...(reason === undefined ? {} : { reason }) };
    if (command !== 'retry') return this.send({ ...told, command });
    return this.send({ ...told, command, ...(budget === undefined ? {} : { budget }) });
  }

  /**
   * Cancels a workflow; with `compensate` what has completed is undone before it ends, else at once.
   * @throws Problem `workflow.not-found`, `workflow.closed`, `receipt.missing`.
   */
  async cancel(workflow: string, request: { readonly reason?: string; readonly compensate?: boolean }): Promise<void> {
    await this.send({ workflow, command: 'cancel', ...request });
  }

  /**
   * Hands a signal to the workflow; one that no step waits for yet is kept.
   * @throws Problem `workflow.not-found`, `workflow.closed`, `receipt.missing`; `signal.invalid` with the problems of a
   * payload that does not match, or of a name that no step waits for.
   */
  async signal(workflow: string, { name, payload, id = uuidv7() }: SignalRequest): Promise<void> {
    checkText(name, 'name');
    try {
      await this.send({ workflow, command: 'signal', name, payload, id });
    } catch (error) {
      if (!(error instanceof Problem) || error.code !== 'signal.invalid') throw error;
      const problems = await this.reader.read(workflow, ({ graph }) => signalProblems(graph, name, payload));
      throw new Problem('signal.invalid', error.detail, { problems }, error);
    }
  }

  private async send(command: CallersCommand): Promise<void> {
    const { workflow } = command;
    // Read first: an id that nobody knows must not reach the orchestrator's queue.
    await this.reader.read(workflow, () => undefined);
    const subject = subjects.command(partitionOf(workflow, this.partitions), workflow);
    const receipt = await this.sender.send(subject, command);
    if (!receipt.ok) throw rejected(receipt);
  }
}
