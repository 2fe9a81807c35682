import {
  type CompensationStarted,
  type Failure,
  type Json,
  type JsonObject,
  type WorkflowCancelled,
} from '@braid/events';
import { type Branch, type Compensation, isOpen } from '../state';
import { cancelBelow, cancelBranch } from './cancel';
import { type Turn } from './turn';

/** Most failures of compensations that the end of a workflow repeats; each is on record in full where it happened. */
const mostRepeated = 100;

/**
 * Undoes what can be undone before the workflow ends, or ends it where there is nothing. Nothing else may be under way any
 * more: a step that completed later would be left standing.
 */
export function compensate(turn: Turn, because: CompensationStarted): void {
  if (turn.state.undoable.length === 0) return end(turn, because);
  turn.record({ type: 'CompensationStarted', data: because });
  turn.then({ do: 'compensate' });
}

/** Ends the workflow at once: every open branch is cancelled, compensations too. With `undo`, what has completed is undone first. */
export function cancelWorkflow(turn: Turn, note: WorkflowCancelled, undo: boolean): void {
  const { root, compensation } = turn.state;
  if (compensation) return stopCompensating(turn, compensation, note);
  cancelBranch(turn, root, 'workflow-cancelled');
  if (undo) compensate(turn, { because: 'cancelled', ...note });
  else turn.record({ type: 'WorkflowCancelled', data: note });
}

/** Begins with the next compensation when none is under way; after the last one the workflow ends as it was to end. */
export function compensateNext(turn: Turn): void {
  const { state } = turn;
  const { compensation } = state;
  if (!compensation || !isOpen(state)) return;
  const next = compensation.branches[compensation.next];
  if (!next) endCompensated(turn, compensation);
  else if (next.phase.is === 'pending') turn.then({ do: 'advance', branch: next });
}

/** What is being undone and what was to be undone yet is cancelled. */
function stopCompensating(turn: Turn, compensation: Compensation, note: WorkflowCancelled): void {
  for (const branch of compensation.branches) cancelBranch(turn, branch, 'workflow-cancelled');
  end(turn, { because: 'cancelled', ...note }, shortfallOf(compensation));
}

/** Whatever was detached in a compensation is not waited for: the workflow's end is its end. */
function endCompensated(turn: Turn, compensation: Compensation): void {
  const { because, branches } = compensation;
  for (const branch of branches) cancelBelow(turn, branch, `workflow-${because.because}`);
  end(turn, because, shortfallOf(compensation));
}

function end(turn: Turn, because: CompensationStarted, shortfall?: Json): void {
  if (because.because === 'failed') {
    const { failure } = because;
    turn.record({ type: 'WorkflowFailed', data: { failure: shortfall ? withShortfall(failure, shortfall) : failure } });
    return;
  }
  const { because: _, ...note } = because;
  turn.record({
    type: 'WorkflowCancelled',
    data: { ...note, ...(shortfall && { details: { compensation: shortfall } }) },
  });
}

/** Which of the steps have not been undone, and why; absent when all have. */
function shortfallOf({ branches }: Compensation): Json | undefined {
  const ended = (is: Branch['phase']['is']) => branches.filter(({ phase }) => phase.is === is).length;
  const undone = ended('completed');
  if (undone === branches.length) return undefined;
  const failures = branches.flatMap(({ phase, compensates }) =>
    phase.is === 'failed' && compensates ? [{ of: compensates, failure: phase.failure }] : [],
  );
  return {
    undone,
    failed: failures.length,
    cancelled: ended('cancelled'),
    failures: failures.slice(0, mostRepeated).map(({ of, failure: { type, code, message } }) => ({
      branch: of.branch.path,
      step: of.step,
      ...{ type, code, message },
    })),
  };
}

/** The failure as it was, and in its details what could not be undone. */
function withShortfall(failure: Failure, compensation: Json): Failure {
  const { details } = failure;
  const before = details === undefined ? {} : isObject(details) ? details : { details };
  return { ...failure, details: { ...before, compensation } };
}

function isObject(value: Json): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
