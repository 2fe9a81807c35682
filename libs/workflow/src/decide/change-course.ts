import { unreachable } from '@braid/events';
import { isOpen, type Workflow } from '../state';
import { cancelWorkflow } from './cancel';
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
  switch (command.type) {
    case 'cancel':
      return status === 'cancelled' ? repeated : whileOpen(state, (turn) => cancelWorkflow(turn, note));
    case 'pause':
      return status === 'paused'
        ? repeated
        : whileOpen(state, (turn) => turn.record({ type: 'WorkflowPaused', data: note }));
    case 'resume':
      return status === 'running' ? repeated : whileOpen(state, (turn) => resumeWorkflow(turn, note));
    case 'retry':
      if (isOpen(state) && state.retries > 0) return repeated;
      return canBeRetried(state)
        ? { is: 'new', act: (turn) => retryWorkflow(turn, command.budget, note) }
        : notFailed(state);
    default:
      return unreachable(command);
  }
}

function noteOf({ reason, by }: CourseCommand) {
  return { ...(reason !== undefined && { reason }), ...(by !== undefined && { by }) };
}

/** Does something to a workflow that has not ended. */
export function whileOpen(state: Workflow, act: (turn: Turn) => void): Answer {
  if (isOpen(state)) return { is: 'new', act };
  const ended = state.status === 'cancelled' ? 'been cancelled' : state.status;
  return { is: 'rejected', rejection: { code: 'workflow.closed', message: `The workflow has ${ended} already` } };
}

function notFailed({ status }: Workflow): Answer {
  const found = status === 'failed' ? 'no branch of this one has: its output cannot be made' : `this one is ${status}`;
  const message = `Only a workflow that failed can be tried again, and ${found}`;
  return { is: 'rejected', rejection: { code: 'workflow.not-failed', message } };
}
