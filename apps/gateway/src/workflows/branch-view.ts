import { type BranchStatusName, type BranchStatusView } from '@braid/contracts';
import { unreachable } from '@braid/events';
import { type Branch, type Phase, stepUnderWay } from '@braid/workflow';
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
    case 'waiting':
    case 'awaiting':
    case 'delegated':
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
  const { phase, parent, fork, compensates, endedAt } = branch;
  const working = workingAttempt(workflow, branch, find);
  const failure = failureOf(branch);
  return {
    branch: branch.name,
    path: branch.path,
    status: branchStatus(phase, working),
    ...known({
      parent: parent?.path,
      fork: fork?.step.id,
      compensates: compensates && { branch: compensates.branch.path, step: compensates.step },
      ...effortOf(branch, working),
      endedAt: endedAt === undefined ? undefined : moment(endedAt),
      waitsFor: waitsFor(phase),
      output: phase.is === 'completed' ? branch.output : undefined,
      error: failure === undefined ? undefined : failureView(failure),
    }),
  };
}

/** What has to come before the branch goes on. */
function waitsFor(phase: Phase): BranchStatusView['waitsFor'] {
  switch (phase.is) {
    case 'waiting':
      return { until: moment(phase.until) };
    case 'backoff':
      return { until: moment(phase.retryAt) };
    case 'awaiting':
      return { signal: phase.signal, ...(phase.until === undefined ? {} : { until: moment(phase.until) }) };
    default:
      return undefined;
  }
}

/** What is or was tried last: by the request that is open, else by the report that ended the one before. */
function effortOf(branch: Branch, working: WorkingAttempt | undefined) {
  const { phase, lastRun } = branch;
  const startedAt = working?.startedAt ?? branch.startedAt;
  const started = startedAt === undefined ? undefined : moment(startedAt);
  if ('request' in phase) {
    const { step, agent, attempt } = phase.request;
    return { step, agent, attempt, runner: working?.runner, startedAt: started };
  }
  const step = stepShown(branch);
  const agent = lastRun?.agent === '' ? undefined : lastRun?.agent;
  const child = step && branch.children[step.id];
  if (child) {
    const attempt = phase.is === 'delegated' ? phase.to.attempt : undefined;
    return { step: step.id, child, attempt, startedAt: started };
  }
  return { step: step?.id, agent, attempt: lastRun?.attempt, runner: lastRun?.runner, startedAt: started };
}

/** The step that a branch is at or ended with. */
function stepShown(branch: Branch) {
  return branch.phase.is === 'pending' ? undefined : (stepUnderWay(branch) ?? branch.steps.at(-1));
}

/** The fields that have a value: a view leaves out what is not known. */
function known<T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}

/** Why a branch failed, or why its current attempt is not the first. */
function failureOf({ phase, lastFailure }: Branch) {
  if (phase.is === 'failed' || phase.is === 'deferred') return phase.failure;
  if (phase.is === 'backoff') return lastFailure;
  return phase.is === 'requested' && phase.request.attempt > 1 ? lastFailure : undefined;
}
