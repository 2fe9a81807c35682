import { type AgentStep, capacityCodes, type Failure, type Json, type Run } from '@braid/events';
import { schemaProblems } from '../playbook/check-value';
import { currentStep } from '../sequence';
import { type Branch, hasEnded, isJudge, type Workflow } from '../state';
import { type Report } from './commands';
import { completeStep, failStep } from './end-step';
import { engineFailure } from '../failures';
import { retryDelay } from './retry';
import { type Turn } from './turn';

/** The branch whose open attempt a report is about; none when the attempt is not the current one any more. */
export function reportedBranch(state: Workflow, report: Report): Branch | undefined {
  const branch = state.branches.get(report.branch);
  if (branch?.phase.is !== 'requested') return undefined;
  const { request } = branch.phase;
  return request.step === report.step && request.attempt === report.run.attempt ? branch : undefined;
}

/** Records how the open attempt of a branch ended, and goes on from there. */
export function attemptReported(turn: Turn, branch: Branch, report: Report): void {
  const { outcome, run } = report;
  if (outcome.is === 'completed') attemptCompleted(turn, branch, outcome.output, run);
  else attemptFailed(turn, branch, outcome.failure, run);
  turn.then(hasEnded(branch) ? { do: 'ended', branch } : { do: 'advance', branch });
}

function attemptCompleted(turn: Turn, branch: Branch, output: Json, run: Run): void {
  const step = currentStep(branch) as AgentStep;
  const problems = step.output ? schemaProblems(step.output, output, 'output') : [];
  if (problems.length === 0) return completeStep(turn, branch, output, { run });
  const message = `The output of ${step.agent} does not match the step's schema: ${problems.map((p) => p.message).join('; ')}`;
  const details = { problems: problems.map(({ path, message: text }) => ({ path, message: text })) };
  const failure = engineFailure(branch, turn.now, 'invalid-output', 'InvalidOutputError', message, {
    details,
    retryable: true,
  });
  return attemptFailed(turn, branch, failure, run);
}

/**
 * The open attempt of a branch failed: it is tried again as its policy allows, deferred when it failed for lack of capacity
 * and the playbook falls back to sequential, and otherwise the step has failed for good.
 */
export function attemptFailed(turn: Turn, branch: Branch, failed: Failure, run?: Run): void {
  if (branch.phase.is !== 'requested') return;
  const step = currentStep(branch) as AgentStep;
  const { attempt, agent } = branch.phase.request;
  const failure: Failure = {
    ...failed,
    branch: branch.path,
    step: step.id,
    attempt,
    agent,
    ...(run && { runner: run.runner }),
    at: run?.endedAt ?? turn.now,
  };
  const at = { branch: branch.path, step: step.id, attempt, failure, ...(run && { run }) };
  const retries = attempt - branch.earlierAttempts < step.retry.maximumAttempts;
  if (retries && failure.retryable && !isNonRetryable(step, failure)) {
    const tries = attempt - branch.earlierAttempts;
    const delay = retryDelay(step.retry, tries, `${turn.state.id}/${branch.path}/${step.id}/${attempt}`);
    const retryAt = turn.now + Math.max(delay, failure.retryAfter ?? 0);
    turn.record({ type: 'BranchRetryScheduled', data: { ...at, retryAt } });
  } else if (fallsBack(turn.state, branch, failure)) {
    turn.record({ type: 'BranchDeferred', data: at });
    if (branch.fork) turn.then({ do: 'fill', fork: branch.fork });
  } else {
    failStep(turn, branch, failure, run && { run });
  }
}

function isNonRetryable(step: AgentStep, failure: Failure): boolean {
  return step.retry.nonRetryableErrors.some((name) => name === failure.type || name === failure.code);
}

/** Once per step, and only where the branch did run beside others, which a judge does not. */
function fallsBack(state: Workflow, branch: Branch, failure: Failure): boolean {
  return (
    state.graph.fallbackToSequential &&
    capacityCodes.has(failure.code) &&
    branch.fork !== undefined &&
    !isJudge(branch) &&
    branch.fork.concurrency !== 1 &&
    !branch.wasDeferred
  );
}
