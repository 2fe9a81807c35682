import { type AgentStep, type ConvergenceReached } from '@braid/events';
import { verdictOf } from '../convergence/verdict';
import { currentStep } from '../sequence';
import { allEnded, type Branch, type Fork, hasEnded, hasLetGo } from '../state';
import { cancelBranch } from './cancel';
import { dispatch } from './dispatch';
import { failStep } from './end-step';
import { type Decided, outcomeOf, tallyOf } from '../convergence/outcome';
import { type Turn } from './turn';

/** Asks whether a fork can be decided now, lets its parent go on when it may, and otherwise starts what may start. */
export function settle(turn: Turn, fork: Fork, arrival: Branch | undefined, deadlinePassed: boolean): void {
  // A late arrival at a fork that has let go is on record, and nobody waits for it.
  if (hasLetGo(fork)) return;
  if (!fork.decision) {
    if (hasEnded(fork.parent)) return;
    const verdict = verdictOf(fork, { workflow: turn.state, branch: arrival, deadlinePassed });
    if (verdict.is !== 'waiting') decide(turn, fork, verdict, arrival, deadlinePassed);
    // What waits beyond the deadline waits for its judge, who is asked about what is there.
    else if (deadlinePassed) for (const branch of fork.branches) cancelBranch(turn, branch, 'deadline');
  }
  const over = hasLetGo(fork) || allEnded(fork);
  if (fork.decision && over) return goOn(turn, fork, fork.decision);
  turn.then({ do: 'fill', fork });
}

/**
 * Starts one branch that may start, and comes back for the next. Deferred branches go last, one at a time; the judge of all
 * is asked when they have ended.
 */
export function fill(turn: Turn, fork: Fork): void {
  if (hasEnded(fork.parent)) return;
  if (fork.judge?.phase.is === 'pending' && allEnded(fork)) return turn.then({ do: 'advance', branch: fork.judge });
  const atWork = fork.running.size - fork.deferred.size;
  const ready = nextReady(fork);
  if (ready) {
    if (fork.concurrency !== undefined && atWork >= fork.concurrency) return;
    turn.then({ do: 'advance', branch: ready }, { do: 'fill', fork });
    return;
  }
  const deferred = atWork === 0 ? firstDeferred(fork) : undefined;
  if (deferred?.phase.is !== 'deferred') return;
  const { request, failure } = deferred.phase;
  const again = { ...request, attempt: request.attempt + 1 };
  dispatch(turn, deferred, currentStep(deferred) as AgentStep, again, failure);
  turn.then(hasEnded(deferred) ? { do: 'ended', branch: deferred } : { do: 'advance', branch: deferred });
}

function nextReady(fork: Fork): Branch | undefined {
  return fork.branches[fork.ready[fork.nextReady] ?? -1];
}

function firstDeferred(fork: Fork): Branch | undefined {
  const [first] = fork.deferred;
  return fork.branches[first ?? -1];
}

function decide(turn: Turn, fork: Fork, verdict: Decided, arrival: Branch | undefined, deadlinePassed: boolean): void {
  const outcome = outcomeOf(turn.state, fork, verdict, turn.now);
  const open = unwanted(fork, deadlinePassed);
  turn.record({
    type: 'ConvergenceReached',
    data: {
      branch: fork.parent.path,
      step: fork.step.id,
      strategy: fork.step.converge.strategy.name,
      ...outcome,
      tally: tallyOf(fork),
      ...(arrival && { decidedBy: arrival.name }),
      cancelled: open.map(({ name }) => name),
      ...(open.length > 0 && { saved: savedBy(open) }),
    },
  });
  for (const branch of open) cancelBranch(turn, branch, outcome.failure ? 'unreachable' : 'converged');
  const { judge } = fork;
  if (judge && !hasEnded(judge)) turn.record({ type: 'BranchSkipped', data: { branch: judge.path, reason: 'needs' } });
}

/** The open branches that a decision cancels. What is to end on its own goes on; what is not at work is not started for that. */
function unwanted(fork: Fork, deadlinePassed: boolean): readonly Branch[] {
  const { losers } = fork.step.converge;
  if (losers === 'drain' && !deadlinePassed) return [];
  const open = fork.branches.filter((branch) => !hasEnded(branch));
  if (losers !== 'detach' || deadlinePassed) return open;
  return open.filter(({ phase }) => phase.is === 'pending' || phase.is === 'deferred');
}

function savedBy(open: readonly Branch[]): NonNullable<ConvergenceReached['saved']> {
  const neverStarted = open.filter(({ phase }) => phase.is === 'pending').length;
  return { cancelled: open.length - neverStarted, neverStarted };
}

/** A decided fork that nobody has to wait for any more: the parent goes on by what was decided. */
function goOn(turn: Turn, fork: Fork, decision: ConvergenceReached): void {
  const { parent } = fork;
  if (hasEnded(parent)) return;
  if (parent.phase.is === 'forked' && parent.phase.fork === fork && decision.failure) {
    const { failure, step } = decision;
    const { onUnmet } = fork.step.converge;
    const data = { branch: parent.path, step, failure };
    if (onUnmet === 'fail') failStep(turn, parent, failure);
    else if (onUnmet === 'continue') turn.record({ type: 'StepFailed', data });
    else turn.record({ type: 'FailureCaught', data: { ...data, by: 'onUnmet' } });
  }
  turn.then(hasEnded(parent) ? { do: 'ended', branch: parent } : { do: 'advance', branch: parent });
}
