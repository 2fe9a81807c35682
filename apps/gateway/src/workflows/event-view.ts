import { type EventView } from '@braid/contracts';
import { eventId, type StoredEvent } from '@braid/events';
import { failureView } from './failure-view';
import { moment } from './moment';

/** What callers see of an event. */
export function eventView(event: StoredEvent): EventView {
  const { workflow, version, type, at } = event;
  return { id: eventId(event), workflow, version, type, at: moment(at), data: dataOf(event) };
}

function dataOf(event: StoredEvent): EventView['data'] {
  switch (event.type) {
    case 'CompensationStarted':
      return event.data.because === 'failed' ? { ...event.data, failure: failureView(event.data.failure) } : event.data;
    case 'BranchRetryScheduled':
    case 'BranchDeferred':
    case 'StepFailed':
    case 'FailureCaught':
    case 'BranchFailed':
    case 'WorkflowFailed':
      return { ...event.data, failure: failureView(event.data.failure) };
    default:
      return event.data;
  }
}

/** Whether the workflow has ended with this event. Only a failed one can go on: when it is tried again. */
export function endsWorkflow(event: StoredEvent): boolean {
  return event.type === 'WorkflowCompleted' || event.type === 'WorkflowFailed' || event.type === 'WorkflowCancelled';
}
