import { partitionOf, type CommandMessage, type RejectionCode, subjects } from '@braid/contracts';
import { type ConfirmedSender } from '../bus/confirmed-sender';
import { Problem } from '../problems/problem';
import { type ProblemCode } from '../problems/problem-codes';
import { type WorkflowReader } from './workflow-reader';

/** What the orchestrator's rejections mean to a caller. */
const rejections: { readonly [code in RejectionCode]: ProblemCode } = {
  'workflow.unknown': 'workflow.not-found',
  'workflow.closed': 'workflow.closed',
  'workflow.different-start': 'workflow.different-start',
  'workflow.not-failed': 'workflow.closed',
  'signal.invalid': 'request.invalid',
  'message.invalid': 'internal',
};

export function rejected(receipt: { readonly code: RejectionCode; readonly message: string }): Problem {
  return new Problem(rejections[receipt.code] ?? 'internal', receipt.message);
}

/** Asks workflows that exist to change. */
export class WorkflowCommands {
  constructor(
    private readonly sender: ConfirmedSender,
    private readonly reader: WorkflowReader,
    private readonly partitions: number,
  ) {}

  /**
   * Resolves when the cancellation is on disk.
   * @throws Problem `workflow.not-found`, `workflow.closed`, `receipt.missing`.
   */
  async cancel(workflow: string, reason: string | undefined): Promise<void> {
    // Read first: an id that nobody knows must not reach the orchestrator's queue.
    const wasOpen = await this.reader.read(workflow, ({ status }) => status === 'running');
    const command: CommandMessage = { workflow, command: 'cancel', ...(reason === undefined ? {} : { reason }) };
    const subject = subjects.command(partitionOf(workflow, this.partitions), workflow);
    const receipt = await this.sender.send(subject, command);
    if (receipt.ok) return;
    // When the first receipt was lost, the repeat of the command finds the workflow closed by the first one.
    const closed = receipt.code === 'workflow.closed' && wasOpen;
    if (closed && (await this.reader.read(workflow, ({ status }) => status === 'cancelled'))) return;
    throw rejected(receipt);
  }
}
