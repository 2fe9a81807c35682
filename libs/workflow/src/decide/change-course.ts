import { type Parent, unreachable } from '@braid/events';
import { repeatKey } from '../repeat-key';
import { isOpen, type Workflow } from '../state';
import { cancelWorkflow } from './compensate';
import { type Command, type Rejection } from './commands';
import { canBeRetried, resumeWorkflow, retryWorkflow } from './retry-workflow';
import { type Turn } from './turn';

/** A command to the workflow as a whole. */
export type CourseCommand = Extract<Command, { type: 'cancel' | 'pause' | 'resume' | 'retry' }>;

/** What a command asks for: it has happened already, it cannot be, or this is to be done. */
export type Answer =
  | { readonly is: 'repeated' }
  | { readonly is: 'rejected'; readonly rejection: Rejection }
  | { readonly is: 'new'; readonly act: (turn: Turn) => void };

const repeated: Answer = { is: 'repeated' };

export function changeCourse(command: CourseCommand, state: Workflow): Answer {
  const { status } = state;
  const note = noteOf(command);
  if (wasDone(command, state)) return repeated;
  switch (command.type) {
    case 'cancel':
      return cancel(command, state);
    case 'pause': {
      const data = command.withParent === true ? { ...note, withParent: true } : note;
      return status === 'paused' ? repeated : whileOpen(state, (turn) => turn.record({ type: 'WorkflowPaused', data }));
    }
    case 'resume':
      // One that somebody paused by itself stays so when its parent goes on.
      if (command.withParent === true && isOpen(state) && !state.heldByParent) return repeated;
      return status === 'running' ? repeated : whileOpen(state, (turn) => resumeWorkflow(turn, note));
    case 'retry':
      if (state.compensation) return compensated(state);
      if (isOpen(state) && state.retries > 0) return repeated;
      if (state.parent !== undefined) return ofItsParent(state.parent);
      return canBeRetried(state)
        ? { is: 'new', act: (turn) => retryWorkflow(turn, command.budget, note) }
        : notFailed(state);
    default:
      return unreachable(command);
  }
}

function cancel(command: Extract<CourseCommand, { type: 'cancel' }>, state: Workflow): Answer {
  const undo = command.compensate === true;
  if (state.status === 'cancelled' || (undo && isOpen(state) && state.compensation)) return repeated;
  return whileOpen(state, (turn) => cancelWorkflow(turn, noteOf(command), undo));
}

/** A repeat that comes late must not undo what was asked for in between: a pause that of the resume after it. */
function wasDone(command: CourseCommand, { signals }: Workflow): boolean {
  if (command.type === 'cancel' || command.id === undefined) return false;
  return signals.seen.has(repeatKey(command.type, command.id));
}

function noteOf(command: CourseCommand) {
  const { reason, by } = command;
  const id = command.type === 'cancel' ? undefined : command.id;
  return { ...(reason !== undefined && { reason }), ...(by !== undefined && { by }), ...(id !== undefined && { id }) };
}

/** Does something to a workflow that has not ended. */
export function whileOpen(state: Workflow, act: (turn: Turn) => void): Answer {
  if (isOpen(state)) return { is: 'new', act };
  const ended = state.status === 'cancelled' ? 'been cancelled' : state.status;
  return { is: 'rejected', rejection: { code: 'workflow.closed', message: `The workflow has ${ended} already` } };
}

function compensated(state: Workflow): Answer {
  const found = isOpen(state) ? 'are being undone' : 'were undone';
  const message = `The steps that had completed ${found}, so that there is nothing to go on from: start the workflow anew`;
  return { is: 'rejected', rejection: { code: 'workflow.compensated', message } };
}

/** Its parent has been told of the failure, and would not wait for it. */
function ofItsParent({ workflow }: Parent): Answer {
  const message = `The workflow is a child of ${workflow}: try that one again, and it starts a new child`;
  return { is: 'rejected', rejection: { code: 'workflow.is-child', message } };
}

function notFailed({ status }: Workflow): Answer {
  const found = status === 'failed' ? 'no branch of this one has: its output cannot be made' : `this one is ${status}`;
  const message = `Only a workflow that failed can be tried again, and ${found}`;
  return { is: 'rejected', rejection: { code: 'workflow.not-failed', message } };
}
