import { type AgentStep } from '@braid/events';
import { currentStep } from '../sequence';
import { deadlineOf, endsAt, nextMoment } from '../obligations';
import { type Branch, hasEnded, type Workflow } from '../state';
import { attemptFailed } from './attempt';
import { type SignsOfLife } from './commands';
import { dispatch } from './dispatch';
import { completeStep } from './end-step';
import { engineFailure } from '../failures';
import { childTimedOut } from './child';
import { signalMissed } from './signal';
import { type Turn } from './turn';

/** How much longer than its timeout an attempt may be heard of: its runner enforces the timeout, this is the backstop. */
const timeoutGrace = 10_000;

/** Acts on everything whose moment has come: waits that are over, retries, attempts that were given up, deadlines of forks. */
export function tick(turn: Turn, signs: SignsOfLife): void {
  for (const branch of [...turn.state.waiting]) tickBranch(turn, branch, signs);
  // The agenda takes the newest task first: the earliest deadline goes there last, and of equal ones the outermost fork's.
  const due = [...turn.state.timed].filter((fork) => deadlineOf(fork) <= turn.now).toReversed();
  for (const fork of due.toSorted((a, b) => deadlineOf(b) - deadlineOf(a))) {
    turn.then({ do: 'settle', fork, arrival: undefined, deadlinePassed: true });
  }
}

function tickBranch(turn: Turn, branch: Branch, signs: SignsOfLife): void {
  const { phase } = branch;
  if (phase.is === 'backoff') {
    if (phase.retryAt > turn.now) return;
    const { request } = phase;
    const again = { ...request, attempt: request.attempt + 1 };
    dispatch(turn, branch, currentStep(branch) as AgentStep, again, branch.lastFailure);
  } else if (phase.is === 'waiting') {
    if (phase.until > turn.now) return;
    completeStep(turn, branch, null);
  } else if (phase.is === 'awaiting') {
    if (phase.until === undefined || phase.until > turn.now) return;
    signalMissed(turn, branch);
  } else if (phase.is === 'delegated') {
    if (phase.to.until === undefined || phase.to.until > turn.now) return;
    childTimedOut(turn, branch, phase.to);
  } else {
    const given = phase.is === 'requested' ? givenUp(turn, branch, phase, signs) : undefined;
    if (!given) return;
    attemptFailed(turn, branch, given);
  }
  turn.then(hasEnded(branch) ? { do: 'ended', branch } : { do: 'advance', branch });
}

function givenUp(turn: Turn, branch: Branch, phase: Extract<Branch['phase'], { is: 'requested' }>, signs: SignsOfLife) {
  const step = currentStep(branch) as AgentStep;
  const { now } = turn;
  const heard = signs.get(branch.path);
  const sign = heard?.attempt === phase.request.attempt ? heard : undefined;
  if (sign === undefined) {
    if (step.startTimeout === undefined || phase.at + step.startTimeout > now) return undefined;
    const message = `No runner of ${step.agent} had a free slot within ${step.startTimeout} ms`;
    return engineFailure(branch, now, 'no-slot', 'NoSlotError', message, { retryable: true });
  }
  if (sign.startedAt + step.timeout + timeoutGrace <= now) {
    const message = `The attempt ran longer than its timeout of ${step.timeout} ms`;
    return engineFailure(branch, now, 'timeout', 'TimeoutError', message, { retryable: true });
  }
  if (step.heartbeatTimeout !== undefined && sign.seenAt + step.heartbeatTimeout <= now) {
    const message = `Nothing was heard of the attempt for ${step.heartbeatTimeout} ms`;
    return engineFailure(branch, now, 'heartbeat-lost', 'HeartbeatLostError', message, { retryable: true });
  }
  return undefined;
}

/**
 * The earliest moment at which {@link tick} would do something, going by what was heard; absent when nothing waits for time, or the workflow is paused.
 * Costs as much as there is open.
 */
export function nextObligation(state: Workflow, signs: SignsOfLife): number | undefined {
  if (state.status === 'paused') return undefined;
  let earliest = nextMoment(state);
  for (const branch of state.waiting) earliest = Math.min(earliest, obligationOf(branch, signs));
  return earliest === Infinity ? undefined : earliest;
}

function obligationOf(branch: Branch, signs: SignsOfLife): number {
  const { phase } = branch;
  if (phase.is !== 'requested') return endsAt(phase);
  const step = currentStep(branch) as AgentStep;
  const heard = signs.get(branch.path);
  if (heard?.attempt !== phase.request.attempt) return phase.at + (step.startTimeout ?? Infinity);
  return Math.min(heard.startedAt + step.timeout + timeoutGrace, heard.seenAt + (step.heartbeatTimeout ?? Infinity));
}
