import { type BranchStatusView, type WorkflowView } from '@braid/contracts';
import { type Colours } from '../terminal';
import { paintStatus, statusSign } from './status';
import { span, took } from './time';

/** What has changed between two looks at a workflow, one line per branch, with the time since the start. */
export function changes(before: WorkflowView | undefined, after: WorkflowView, colours: Colours): readonly string[] {
  const known = new Map(before?.branchStatus.map((branch) => [branch.path, stateOf(branch)]));
  return after.branchStatus
    .filter((branch) => known.get(branch.path) !== stateOf(branch))
    .map((branch) => line(branch, Date.parse(after.startedAt), colours));
}

const stateOf = ({ status, step, attempt, runner }: BranchStatusView) =>
  JSON.stringify([status, step, attempt, runner]);

function line(branch: BranchStatusView, workflowStartedAt: number, colours: Colours): string {
  const { path, status, step, agent, attempt = 1, runner, startedAt, endedAt, error } = branch;
  const at = endedAt ?? startedAt;
  const since = at === undefined ? '' : `+${span(Date.parse(at) - workflowStartedAt)}`;
  const parts = [
    step,
    agent === undefined ? undefined : `agent ${agent}`,
    runner === undefined ? undefined : `on ${runner}`,
    attempt > 1 ? `attempt ${attempt}` : undefined,
    endedAt === undefined ? undefined : `took ${took(startedAt, endedAt, 0)}`,
    error === undefined ? undefined : colours.red(error.message.split('\n', 1)[0] ?? ''),
  ].filter((part) => part !== undefined);
  const sign = paintStatus(status, `${statusSign(status)} ${status.padEnd(9)}`, colours);
  return `${since.padStart(9)}  ${sign}  ${path}${parts.length === 0 ? '' : `  ${parts.join(', ')}`}`;
}
