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
  return events.reduce((due, event) => Math.min(due, dueBy(state, event, redispatchAfter)), Infinity);
}

function dueBy(state: Workflow, { type, data, at }: RecordedEvent, redispatchAfter: number): number {
  switch (type) {
    case 'BranchRequested': {
      const branch = state.branches.get(data.branch);
      const step = branch && currentStep(branch);
      const { startTimeout = Infinity, heartbeatTimeout = Infinity } = step?.kind === 'agent' ? step : {};
      return at + Math.min(redispatchAfter, startTimeout, heartbeatTimeout);
    }
    case 'BranchRetryScheduled':
      return data.retryAt;
    case 'WaitStarted':
    case 'SignalAwaited':
      return data.until ?? Infinity;
    case 'ForkOpened':
      return at + (state.branches.get(data.branch)?.forks.get(data.step)?.step.converge.deadline ?? Infinity);
    case 'WorkflowStarted':
      return at + atLatest;
    case 'WorkflowResumed':
    case 'WorkflowRetried':
      // Much may be due by now, and only a look at everything tells what.
      return at;
    default:
      return Infinity;
  }
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
