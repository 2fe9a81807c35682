import { type BranchStatusName, type BranchStatusView } from '@braid/contracts';
import { unreachable } from '@braid/events';
import { type Branch, currentStep, type Phase } from '@braid/workflow';
import { failureView } from './failure-view';
import { type FindAttempt, type WorkingAttempt } from './live-attempts';
import { moment } from './moment';

/** Where a branch stands. An attempt is `requested` until a runner says that it works on it, then `running`. */
export function branchStatus(phase: Phase, attempt: WorkingAttempt | undefined): BranchStatusName {
  switch (phase.is) {
    case 'pending':
    case 'backoff':
    case 'deferred':
      return 'pending';
    case 'active':
    case 'forked':
      return 'running';
    case 'requested':
      return attempt === undefined ? 'requested' : 'running';
    case 'completed':
    case 'failed':
    case 'skipped':
    case 'cancelled':
      return phase.is;
    default:
      return unreachable(phase);
  }
}

/** The attempt that runs now, when it is the one that was asked for last. */
export function workingAttempt(workflow: string, branch: Branch, find: FindAttempt): WorkingAttempt | undefined {
  if (branch.phase.is !== 'requested') return undefined;
  const attempt = find(workflow, branch.path);
  const { request } = branch.phase;
  return attempt?.attempt === request.attempt && attempt.step === request.step ? attempt : undefined;
}

export function branchView(workflow: string, branch: Branch, find: FindAttempt): BranchStatusView {
  const { phase, parent, fork, lastRun, startedAt, endedAt } = branch;
  const working = workingAttempt(workflow, branch, find);
  const request = 'request' in phase ? phase.request : undefined;
  const step = request?.step ?? (phase.is === 'pending' ? undefined : (currentStep(branch) ?? branch.steps.at(-1))?.id);
  const agent = request?.agent ?? (lastRun?.agent || undefined);
  const attempt = request?.attempt ?? lastRun?.attempt;
  const runner = working?.runner ?? (request === undefined ? lastRun?.runner : undefined);
  const started = working?.startedAt ?? startedAt;
  const failure = failureOf(branch);
  return {
    branch: branch.name,
    path: branch.path,
    ...(parent === undefined ? {} : { parent: parent.path }),
    ...(fork === undefined ? {} : { fork: fork.step.id }),
    status: branchStatus(phase, working),
    ...(step === undefined ? {} : { step }),
    ...(agent === undefined ? {} : { agent }),
    ...(attempt === undefined ? {} : { attempt }),
    ...(runner === undefined ? {} : { runner }),
    ...(started === undefined ? {} : { startedAt: moment(started) }),
    ...(endedAt === undefined ? {} : { endedAt: moment(endedAt) }),
    ...(phase.is === 'completed' ? { output: branch.output } : {}),
    ...(failure === undefined ? {} : { error: failureView(failure) }),
  };
}

/** Why a branch failed, or why its current attempt is not the first. */
function failureOf({ phase, lastFailure }: Branch) {
  if (phase.is === 'failed' || phase.is === 'deferred') return phase.failure;
  if (phase.is === 'backoff') return lastFailure;
  return phase.is === 'requested' && phase.request.attempt > 1 ? lastFailure : undefined;
}
