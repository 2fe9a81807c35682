import { type RecordedEvent, type WorkflowStarted, unreachable } from '@braid/events';
import { evolve } from '../evolve';
import { unborn, type Workflow, type WorkflowState } from '../state';
import { advance } from './advance';
import { attemptReported, reportedBranch } from './attempt';
import { awaitingBranch, childEnded } from './child';
import { type Answer, changeCourse } from './change-course';
import { type Command, type Limits, type Rejection } from './commands';
import { compensateNext } from './compensate';
import { ended } from './ended';
import { fill, settle } from './settle';
import { signalled } from './signal';
import { tick } from './tick';
import { Turn } from './turn';

/**
 * - `accepted`: these events follow, and `state` has them folded in. No events: the command repeats what was decided before.
 * - `stale`: a report of an attempt that is not the current one, or the end of a child that nobody waits for; nothing follows.
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
    case 'child-ended': {
      const branch = awaitingBranch(state, command.child);
      if (!branch) return { is: 'stale' };
      return complete(new Turn(state, now, limits), (turn) => childEnded(turn, branch, command.end));
    }
    case 'child-asks':
      return { is: 'accepted', state, events: [] };
    case 'cancel':
    case 'pause':
    case 'resume':
    case 'retry':
      return follow(changeCourse(command, state), state, now, limits);
    case 'signal':
      return follow(signalled(command, state), state, now, limits);
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
      case 'compensate':
        compensateNext(turn);
        break;
      default:
        unreachable(task);
    }
  }
  return { is: 'accepted', state: turn.state, events: turn.events };
}

function follow(answer: Answer, state: Workflow, now: number, limits: Limits): Decision {
  switch (answer.is) {
    case 'repeated':
      return { is: 'accepted', state, events: [] };
    case 'rejected':
      return answer;
    case 'new':
      return complete(new Turn(state, now, limits), answer.act);
    default:
      return unreachable(answer);
  }
}

function reject(code: Rejection['code'], message: string): Decision {
  return { is: 'rejected', rejection: { code, message } };
}
