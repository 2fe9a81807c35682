import { type RecordedEvent } from '@braid/events';
import { currentStep, type Workflow } from '@braid/workflow';
import { nextObligation, type SignsOfLife } from '@braid/workflow/decide';
import { nextCheck } from '../children/check-moments';
import { delegated } from '../children/family-news';

/** A workflow that waits for nothing that time could bring is still looked at this often, in milliseconds. */
const atLatest = 3_600_000;

/** How long to wait before making sure of something, in milliseconds. */
export type Patience = {
  /** Of an attempt that nobody is heard to work on. */
  readonly redispatchAfter: number;
  /** Of a child, and as a child of its parent. */
  readonly childCheck: number;
};

/**
 * The earliest moment at which one of these new events asks to be looked at. Together with the moment that is stored
 * already it is a lower bound of what the workflow owes, found without going through everything that is open.
 */
export function dueByEvents(state: Workflow, events: readonly RecordedEvent[], patience: Patience): number {
  return events.reduce((due, event) => Math.min(due, dueBy(state, event, patience)), Infinity);
}

function dueBy(state: Workflow, { type, data, at }: RecordedEvent, { redispatchAfter, childCheck }: Patience): number {
  switch (type) {
    case 'BranchRequested': {
      const branch = state.branches.get(data.branch);
      const step = branch && currentStep(branch);
      const { startTimeout = Infinity, heartbeatTimeout = Infinity } = step?.kind === 'agent' ? step : {};
      return at + Math.min(redispatchAfter, startTimeout, heartbeatTimeout);
    }
    case 'BranchRetryScheduled':
      return data.retryAt;
    case 'ChildStarted':
      return Math.min(at + childCheck, data.until ?? Infinity);
    case 'WaitStarted':
    case 'SignalAwaited':
      return data.until ?? Infinity;
    case 'ForkOpened':
      return at + (state.branches.get(data.branch)?.forks.get(data.step)?.step.converge.deadline ?? Infinity);
    case 'WorkflowStarted':
      return at + (data.parent ? Math.min(atLatest, childCheck) : atLatest);
    case 'WorkflowResumed':
    case 'WorkflowRetried':
      // Much may be due by now, and only a look at everything tells what.
      return at;
    default:
      return Infinity;
  }
}

/** The exact moment at which the workflow must be looked at next; costs as much as there is open. */
export function dueExactly(state: Workflow, signs: SignsOfLife, now: number, patience: Patience): number {
  const check = familyCheck(state, now, patience);
  if (state.status === 'paused') return Math.min(now + atLatest, check);
  const obligation = nextObligation(state, signs);
  const attempts = [...state.waiting].some(({ phase }) => phase.is === 'requested');
  // What rests until a moment costs nothing before it has come.
  const look = attempts ? now + patience.redispatchAfter : obligation === undefined ? now + atLatest : Infinity;
  return Math.max(now + 1, Math.min(obligation ?? Infinity, look, check));
}

/** When the workflow makes sure of its children and its parent next. */
function familyCheck(state: Workflow, now: number, { childCheck }: Patience): number {
  const since = delegated(state).map(({ at }) => at);
  if (state.parent) since.push(state.startedAt);
  return since.reduce((earliest, moment) => Math.min(earliest, nextCheck(moment, now, childCheck)), Infinity);
}
