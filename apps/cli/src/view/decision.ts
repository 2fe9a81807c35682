import { type Failure, type RecordedEvent, unreachable } from '@braid/events';
import { type WorkflowState } from '@braid/workflow';
import { span } from './time';

/** What an event decided and why, as one sentence; `before` is the state that it was decided in. */
export function decisionInWords(event: RecordedEvent, before: WorkflowState): string {
  switch (event.type) {
    case 'WorkflowStarted': {
      const { playbook, executionMode, parent } = event.data;
      const of = playbook.version === undefined ? playbook.name : `${playbook.name}@${playbook.version}`;
      const by = parent ? `, for step ${parent.step} of ${parent.workflow}` : '';
      return `starts ${of} in ${executionMode} mode${by}`;
    }
    case 'ForkOpened': {
      const { step, concurrency, items } = event.data;
      const width = items ? ` over ${items.length} items` : '';
      return `opens the fork ${step}${width}${concurrency === undefined ? '' : `, at most ${concurrency} at once`}`;
    }
    case 'BranchRequested':
      return requested(event.data, before);
    case 'BranchRetryScheduled': {
      const { step, attempt, failure, retryAt } = event.data;
      return `tries step ${step} again in ${span(retryAt - event.at)}, because attempt ${attempt} failed: ${why(failure)}`;
    }
    case 'BranchDeferred':
      return `tries step ${event.data.step} again when its siblings have ended, because there was no room: ${why(event.data.failure)}`;
    case 'BranchAdvanced':
      return `completed step ${event.data.step}${by(event.data.run)}, and goes on`;
    case 'StepSkipped':
      return `skips step ${event.data.step}, because its condition does not hold`;
    case 'StepFailed':
      return `goes on after step ${event.data.step} as its onFailure says, although it failed: ${why(event.data.failure)}`;
    case 'FailureCaught':
      return `answers the failure of step ${event.data.step} with its ${event.data.by}: ${why(event.data.failure)}`;
    case 'CaseChosen':
      return `takes case ${event.data.case + 1} of ${event.data.step}, the first one that holds`;
    case 'WaitStarted':
      return `rests at ${event.data.step} for ${span(event.data.until - event.at)}`;
    case 'SignalAwaited': {
      const { name, until } = event.data;
      return `waits for the signal ${name}${until === undefined ? '' : ` for at most ${span(until - event.at)}`}`;
    }
    case 'SignalReceived':
      return `takes in the signal ${event.data.name}${from(event.data)}`;
    case 'ChildStarted':
      return `has ${event.data.playbook} do step ${event.data.step}, as workflow ${event.data.workflow}`;
    case 'ChildEnded':
      return `its child ${event.data.workflow} is ${event.data.outcome}`;
    case 'BranchCompleted':
      return `completed${event.data.step === undefined ? '' : ` with step ${event.data.step}${by(event.data.run)}`}`;
    case 'BranchFailed':
      return `failed${event.data.step === undefined ? '' : ` at step ${event.data.step}`}: ${why(event.data.failure)}`;
    case 'BranchSkipped':
      return event.data.reason === 'if'
        ? 'is skipped, because its condition does not hold'
        : 'is skipped, because of the branches that it needs too few can complete';
    case 'BranchCancelled':
      return `is cancelled, because ${cancelledBecause[event.data.reason]}`;
    case 'ConvergenceReached':
      return converged(event.data);
    case 'ForkReopened': {
      const { step, failed, cancelled, skipped } = event.data;
      return `opens the fork ${step} again: ${failed.length} failed, ${cancelled.length} cancelled and ${skipped.length} skipped branches go on, what completed is kept`;
    }
    case 'WorkflowPaused':
      return `is paused${event.data.withParent === true ? ' with its parent' : from(event.data)}: nothing new is started`;
    case 'WorkflowResumed':
      return `goes on${from(event.data)}`;
    case 'WorkflowRetried':
      return `is taken up again${from(event.data)}, at ${event.data.branches.join(', ')}`;
    case 'CompensationStarted':
      return `undoes what had completed, because it ${event.data.because === 'failed' ? `failed: ${why(event.data.failure)}` : `was cancelled${from(event.data)}`}`;
    case 'WorkflowCompleted':
      return 'has completed: its last step has';
    case 'WorkflowFailed':
      return `has failed: ${why(event.data.failure)}`;
    case 'WorkflowCancelled':
      return `is cancelled${from(event.data)}`;
    default:
      return unreachable(event);
  }
}

type Data<Type extends RecordedEvent['type']> = Extract<RecordedEvent, { type: Type }>['data'];

const cancelledBecause: Readonly<Record<Data<'BranchCancelled'>['reason'], string>> = {
  converged: 'its fork is decided without it',
  unreachable: 'its fork cannot be met any more',
  deadline: 'the judge of its fork is asked without it',
  'workflow-completed': 'the workflow has completed',
  'workflow-failed': 'the workflow has failed',
  'workflow-cancelled': 'the workflow is cancelled',
};

function requested({ agent, attempt, branch, step }: Data<'BranchRequested'>, before: WorkflowState): string {
  const asks = `asks ${agent} for step ${step}`;
  const failure = before.status === 'unborn' ? undefined : before.branches.get(branch)?.lastFailure;
  if (attempt === 1) return asks;
  return `${asks}, attempt ${attempt}${failure ? `: the last one failed with ${failure.code}` : ''}`;
}

function converged(data: Data<'ConvergenceReached'>): string {
  const { step, strategy, outcome, reason, decidedBy, cancelled, dissented } = data;
  const parts = [
    decidedBy === undefined ? '' : `decided by ${decidedBy}`,
    dissented.length === 0 ? '' : `${dissented.length} dissented`,
    cancelled.length === 0 ? '' : `${cancelled.length} cancelled`,
  ].filter((part) => part !== '');
  const more = parts.length === 0 ? '' : ` (${parts.join(', ')})`;
  return `the fork ${step} is ${outcome}, because ${strategy}: ${reason}${more}`;
}

const by = (run: { readonly runner: string; readonly startedAt: number; readonly endedAt: number } | undefined) =>
  run ? ` on ${run.runner} in ${span(run.endedAt - run.startedAt)}` : '';

const from = ({ by: who, reason }: { readonly by?: string; readonly reason?: string }) =>
  `${who === undefined ? '' : ` by ${who}`}${reason === undefined ? '' : ` (${reason})`}`;

const why = ({ message, code }: Failure) => `${message.split('\n', 1)[0] ?? ''} (${code})`;
