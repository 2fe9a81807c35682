import { type RecordedEvent, type WorkflowStarted, unreachable } from '@braid/events';
import { evolve } from '../evolve';
import { isOpen, unborn, type Workflow, type WorkflowState } from '../state';
import { advance } from './advance';
import { attemptReported, reportedBranch } from './attempt';
import { cancelWorkflow } from './cancel';
import { type Command, type Limits, type Rejection } from './commands';
import { ended } from './ended';
import { canBeRetried, resumeWorkflow, retryWorkflow } from './retry-workflow';
import { fill, settle } from './settle';
import { receiveSignal, signalProblem } from './signal';
import { tick } from './tick';
import { Turn } from './turn';

/**
 * - `accepted`: these events follow, and `state` has them folded in. No events: the command repeats what was decided before.
 * - `stale`: a report of an attempt that is not the current one; nothing follows.
 * - `rejected`: the command contradicts what was decided, or there is nothing that it could apply to.
 */
export type Decision =
  | { readonly is: 'accepted'; readonly state: Workflow; readonly events: readonly RecordedEvent[] }
  | { readonly is: 'stale' }
  | { readonly is: 'rejected'; readonly rejection: Rejection };

/**
 * Decides what a command leads to. Pure but for `state`, which it owns and changes in place: whoever cannot store the events
 * must throw the state away. `now` is in milliseconds since the epoch.
 */
export function decide(command: Command, state: WorkflowState, now: number, limits: Limits): Decision {
  if (command.type === 'start') return start(command.workflow, command.start, state, now, limits);
  if (state.status === 'unborn') return reject('workflow.unknown', 'There is no such workflow');
  switch (command.type) {
    case 'report': {
      const branch = reportedBranch(state, command.report);
      if (!branch) return { is: 'stale' };
      return complete(new Turn(state, now, limits), (turn) => attemptReported(turn, branch, command.report));
    }
    case 'cancel':
      if (state.status === 'cancelled') return { is: 'accepted', state, events: [] };
      if (!isOpen(state)) return closed(state);
      return complete(new Turn(state, now, limits), (turn) => cancelWorkflow(turn, command.reason, command.by));
    case 'pause':
      if (state.status === 'paused') return { is: 'accepted', state, events: [] };
      if (!isOpen(state)) return closed(state);
      return complete(new Turn(state, now, limits), (turn) =>
        turn.record({ type: 'WorkflowPaused', data: noteOf(command) }),
      );
    case 'resume':
      if (state.status === 'running') return { is: 'accepted', state, events: [] };
      if (!isOpen(state)) return closed(state);
      return complete(new Turn(state, now, limits), (turn) => resumeWorkflow(turn, noteOf(command)));
    case 'retry':
      if (isOpen(state) && state.retries > 0) return { is: 'accepted', state, events: [] };
      if (!canBeRetried(state)) return notFailed(state);
      return complete(new Turn(state, now, limits), (turn) => retryWorkflow(turn, noteOf(command)));
    case 'signal': {
      if (state.signals.seen.has(command.id)) return { is: 'accepted', state, events: [] };
      if (!isOpen(state)) return closed(state);
      const problem = signalProblem(state, command);
      if (problem !== undefined) return reject('signal.invalid', problem);
      return complete(new Turn(state, now, limits), (turn) => receiveSignal(turn, command));
    }
    case 'tick':
      if (state.status !== 'running') return { is: 'accepted', state, events: [] };
      return complete(new Turn(state, now, limits), (turn) => tick(turn, command.signs));
    default:
      return unreachable(command);
  }
}

function start(
  workflow: string,
  started: WorkflowStarted,
  state: WorkflowState,
  now: number,
  limits: Limits,
): Decision {
  if (state.status !== 'unborn') {
    if (state.requestDigest === started.requestDigest) return { is: 'accepted', state, events: [] };
    return reject('workflow.different-start', 'A workflow with this id was started by a different request');
  }
  const first: RecordedEvent = { type: 'WorkflowStarted', data: started, workflow, version: 1, at: now };
  const turn = new Turn(evolve(unborn, first), now, limits);
  turn.events.push(first);
  return complete(turn, () => turn.then({ do: 'advance', branch: turn.state.root }));
}

/** Does the first thing and then everything that follows from it. */
function complete(turn: Turn, first: (turn: Turn) => void): Decision {
  first(turn);
  for (let task = turn.next(); task; task = turn.next()) {
    // What a paused workflow would start is found again when it is resumed.
    if (turn.state.status === 'paused' && (task.do === 'advance' || task.do === 'fill')) continue;
    switch (task.do) {
      case 'advance':
        advance(turn, task.branch);
        break;
      case 'ended':
        ended(turn, task.branch);
        break;
      case 'settle':
        settle(turn, task.fork, task.arrival, task.deadlinePassed);
        break;
      case 'fill':
        fill(turn, task.fork);
        break;
      default:
        unreachable(task);
    }
  }
  return { is: 'accepted', state: turn.state, events: turn.events };
}

function closed({ status }: Workflow): Decision {
  return reject('workflow.closed', `The workflow has ${status === 'cancelled' ? 'been cancelled' : status} already`);
}

function notFailed({ status }: Workflow): Decision {
  const found = status === 'failed' ? 'no branch of this one has: its output cannot be made' : `this one is ${status}`;
  return reject('workflow.not-failed', `Only a workflow that failed can be tried again, and ${found}`);
}

function noteOf({ reason, by }: { readonly reason?: string; readonly by?: string }) {
  return { ...(reason !== undefined && { reason }), ...(by !== undefined && { by }) };
}

function reject(code: Rejection['code'], message: string): Decision {
  return { is: 'rejected', rejection: { code, message } };
}
