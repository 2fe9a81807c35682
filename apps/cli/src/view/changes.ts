import { type BranchStatusView, type WorkflowView } from '@braid/contracts';
import { type Colours } from '../terminal';
import { type Doing, doingIn } from './doing';
import { paintStatus, statusSign } from './status';
import { span, took } from './time';

type Options = {
  readonly colours: Colours;
  /** When the later look was taken, in milliseconds since the epoch. */
  readonly now: number;
};

/** What has changed between two looks at a workflow, one line per branch, with the time since the workflow started. */
export function changes(before: WorkflowView | undefined, after: WorkflowView, options: Options): readonly string[] {
  const known = new Map(before?.branchStatus.map((branch) => [branch.path, stateOf(branch)]));
  const doing = doingIn(after);
  const startedAt = Date.parse(after.startedAt);
  return after.branchStatus
    .filter((branch) => branch.status !== 'pending' && known.get(branch.path) !== stateOf(branch))
    .map((branch) => ({ branch, at: branch.endedAt === undefined ? options.now : Date.parse(branch.endedAt) }))
    .toSorted((one, other) => one.at - other.at)
    .map(({ branch, at }) => line(branch, doing(branch), at - startedAt, options.colours));
}

const stateOf = ({ status, step, attempt, runner, child }: BranchStatusView) =>
  JSON.stringify([status, step, attempt, runner, child?.workflow]);

function line(
  branch: BranchStatusView,
  { step, agent, runner, child }: Doing,
  since: number,
  colours: Colours,
): string {
  const { path, status, attempt = 1, startedAt, endedAt, error } = branch;
  const parts = [
    step,
    agent,
    child === undefined ? undefined : `${child.playbook} as ${child.workflow}`,
    runner === undefined ? undefined : `on ${runner}`,
    attempt > 1 ? `attempt ${attempt}` : undefined,
    endedAt === undefined ? undefined : `took ${took(startedAt, endedAt, 0)}`,
    error === undefined ? undefined : colours.red(error.message.split('\n', 1)[0] ?? ''),
  ].filter((part) => part !== undefined && part !== '');
  const sign = paintStatus(status, `${statusSign(status)} ${status.padEnd(9)}`, colours);
  return `${span(since).padStart(9)}  ${sign}  ${[path, parts.join(', ')].join('  ').trimEnd()}`;
}
