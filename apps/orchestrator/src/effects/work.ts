import { type AgentStep, type BranchRequested, type Failure, type RecordedEvent } from '@braid/events';
import { type CancelledAttempt, type CancelSignal, type WorkMessage } from '@braid/contracts';
import { type Branch, currentStep, type Workflow } from '@braid/workflow';
import { type Command } from '@braid/workflow/decide';
import { type TaskTokens } from './task-token';

/** One attempt, encoded and ready to be sent. */
export type Work = {
  readonly agent: string;
  readonly branch: string;
  readonly step: string;
  readonly attempt: number;
  readonly body: string;
  /** The same for a repeat of the same dispatch, which the server drops within two minutes. */
  readonly messageId: string;
};

/** The attempts that a decision asked for and that are still open at its end. */
export function requestedWork(
  state: Workflow,
  events: readonly RecordedEvent[],
  partition: number,
  tokens: TaskTokens,
): readonly Work[] {
  const work: Work[] = [];
  for (const event of events) {
    if (event.type !== 'BranchRequested') continue;
    const branch = state.branches.get(event.data.branch);
    const phase = branch?.phase;
    if (branch && phase?.is === 'requested' && phase.request === event.data) {
      work.push(workOf(state, branch, event.data, phase.at, { partition, tokens, dispatch: 0 }));
    }
  }
  return work;
}

/** The work of an open attempt. `dispatch` counts how often it was sent: each dispatch is a message of its own. */
export function workOf(
  state: Workflow,
  branch: Branch,
  request: BranchRequested,
  requestedAt: number,
  { partition, tokens, dispatch }: { partition: number; tokens: TaskTokens; dispatch: number },
): Work {
  const { step: stepId, attempt, agent, input } = request;
  const step = currentStep(branch) as AgentStep;
  const name = { workflow: state.id, branch: branch.path, step: stepId, attempt };
  const idempotencyKey = `${state.id}/${branch.path}/${stepId}`;
  const message: WorkMessage = {
    type: 'BranchRequested',
    ...name,
    partition,
    playbook: state.playbook.name,
    agent,
    input,
    context: branch.context,
    idempotencyKey,
    token: tokens.issue(name),
    timeout: step.timeout,
    ...(step.heartbeatTimeout !== undefined && { heartbeatTimeout: step.heartbeatTimeout }),
    ...(step.startTimeout !== undefined && { startBefore: requestedAt + step.startTimeout }),
    ...(state.traceparent !== undefined && { traceparent: state.traceparent }),
  };
  return {
    agent,
    branch: branch.path,
    step: stepId,
    attempt,
    body: JSON.stringify(message),
    messageId: `${idempotencyKey}/${attempt}/${dispatch}`,
  };
}

/** How an attempt ends whose work no message can carry: no runner ever hears of it. */
export function tooLargeReport({ agent, branch, step, attempt, body }: Work, now: number): Command {
  const kib = Math.ceil(Buffer.byteLength(body) / 1_024);
  const message = `The input and context of ${agent} take ${kib} KiB, more than can be sent to a runner; pass less, or a reference to it`;
  const failure: Failure = { type: 'WorkTooLargeError', message, code: 'limit', retryable: false };
  const run = { attempt, runner: 'none', startedAt: now, endedAt: now };
  return { type: 'report', report: { branch, step, run, outcome: { is: 'failed', failure } } };
}

/** What runners must stop because of these events. A branch that was cancelled stays at the step that it was at. */
export function cancelSignalOf(state: Workflow, events: readonly RecordedEvent[]): CancelSignal | undefined {
  const attempts: CancelledAttempt[] = [];
  let reason = '';
  for (const { type, data } of events) {
    if (type !== 'BranchCancelled' || data.attempt === undefined) continue;
    const branch = state.branches.get(data.branch);
    const step = branch && currentStep(branch);
    if (!step) continue;
    attempts.push({ branch: data.branch, step: step.id, attempt: data.attempt });
    reason = data.reason;
  }
  return attempts.length === 0 ? undefined : { workflow: state.id, attempts, reason };
}
