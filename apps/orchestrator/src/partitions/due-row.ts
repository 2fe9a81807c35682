import { type RecordedEvent } from '@braid/events';
import { type WorkflowRow } from '@braid/event-store';
import { isOpen, type Workflow } from '@braid/workflow';
import { dueByEvents, dueExactly } from '../workflows/due';
import { type WorkflowEntry } from '../workflows/workflow-entry';
import { type OwnerContext } from './owner-context';

/**
 * The workflow's row as a decision leaves it; undefined when what is stored will do. A tick, which has looked at
 * everything, stores the exact moment; events can only make it earlier.
 */
export function dueRow(
  entry: WorkflowEntry<unknown>,
  state: Workflow,
  events: readonly RecordedEvent[],
  ticked: boolean,
  context: Pick<OwnerContext, 'clock' | 'signs' | 'redispatchAfter' | 'childCheck'>,
): WorkflowRow | undefined {
  if (!isOpen(state)) {
    entry.timer?.stop();
    // Taken up again, it is due at whatever moment comes first then.
    entry.dueAt = Infinity;
    return { id: entry.id, open: false, ...(state.endedAt !== undefined && { endedAt: state.endedAt }) };
  }
  const due = ticked
    ? dueExactly(state, context.signs.of(entry.id), context.clock.now(), context)
    : dueByEvents(state, events, context);
  if (!ticked && due >= entry.dueAt) return undefined;
  entry.dueAt = due;
  return { id: entry.id, open: true, dueAt: Math.round(due) };
}
