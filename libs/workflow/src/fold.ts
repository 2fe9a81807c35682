import { type RecordedEvent } from '@braid/events';
import { evolve } from './evolve';
import { unborn, type WorkflowState } from './state';

/**
 * The state that events add up to, from the beginning or from an earlier state, which is changed in place.
 * @throws HistoryError when the events are not one workflow's, in order and without gaps.
 */
export function fold(events: Iterable<RecordedEvent>, from: WorkflowState = unborn): WorkflowState {
  let state = from;
  for (const event of events) state = evolve(state, event);
  return state;
}
