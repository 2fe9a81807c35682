import { type RecordedEvent } from '@braid/events';
import { currentStep, type Workflow } from '@braid/workflow';
import { nextObligation, type SignsOfLife } from '@braid/workflow/decide';

/** A workflow that waits for nothing that time could bring is still looked at this often, in milliseconds. */
const atLatest = 3_600_000;

/**
 * The earliest moment at which one of these new events asks to be looked at. Together with the moment that is stored
 * already it is a lower bound of what the workflow owes, found without going through everything that is open.
 */
export function dueByEvents(state: Workflow, events: readonly RecordedEvent[], redispatchAfter: number): number {
  let due = Infinity;
  for (const { type, data, at } of events) {
    if (type === 'BranchRequested') {
      const branch = state.branches.get(data.branch);
      const step = branch && currentStep(branch);
      due = Math.min(due, at + redispatchAfter);
      if (step?.kind !== 'agent') continue;
      due = Math.min(due, at + (step.startTimeout ?? Infinity), at + (step.heartbeatTimeout ?? Infinity));
    } else if (type === 'BranchRetryScheduled') {
      due = Math.min(due, data.retryAt);
    } else if (type === 'WaitStarted') {
      due = Math.min(due, data.until);
    } else if (type === 'SignalAwaited') {
      due = Math.min(due, data.until ?? Infinity);
    } else if (type === 'ForkOpened') {
      const fork = state.branches.get(data.branch)?.forks.get(data.step);
      due = Math.min(due, at + (fork?.step.converge.deadline ?? Infinity));
    } else if (type === 'WorkflowResumed' || type === 'WorkflowRetried') {
      // Much may be due by now, and only a look at everything tells what.
      due = Math.min(due, at);
    } else if (type === 'WorkflowStarted') {
      due = Math.min(due, at + atLatest);
    }
  }
  return due;
}

/** The exact moment at which the workflow must be looked at next; costs as much as there is open. */
export function dueExactly(state: Workflow, signs: SignsOfLife, now: number, redispatchAfter: number): number {
  if (state.status === 'paused') return now + atLatest;
  const obligation = nextObligation(state, signs);
  const attempts = [...state.waiting].some(({ phase }) => phase.is === 'requested');
  // What rests until a moment costs nothing before it has come.
  const look = attempts ? now + redispatchAfter : obligation === undefined ? now + atLatest : Infinity;
  return Math.max(now + 1, Math.min(obligation ?? Infinity, look));
}
