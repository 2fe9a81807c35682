import { type BranchStatusName, type WorkflowStatus } from '@braid/contracts';
import { unreachable } from '@braid/events';
import { type Colours } from '../terminal';

type Status = BranchStatusName | WorkflowStatus;

/** One character that tells the status without colours. */
export function statusSign(status: Status): string {
  switch (status) {
    case 'completed':
      return '✔';
    case 'failed':
      return '✖';
    case 'running':
      return '▶';
    case 'requested':
      return '◌';
    case 'pending':
      return '·';
    case 'paused':
      return '‖';
    case 'cancelled':
      return '⊘';
    case 'skipped':
      return '↷';
    default:
      return unreachable(status);
  }
}

export function paintStatus(status: Status, text: string, colours: Colours): string {
  switch (status) {
    case 'completed':
      return colours.green(text);
    case 'failed':
      return colours.red(text);
    case 'running':
      return colours.cyan(text);
    case 'requested':
    case 'paused':
      return colours.yellow(text);
    case 'pending':
    case 'cancelled':
    case 'skipped':
      return colours.dim(text);
    default:
      return unreachable(status);
  }
}
