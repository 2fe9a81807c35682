import { type ConvergenceReached, type Failure, type Json, type JsonObject } from '@braid/events';
import { mergeExports } from '../context';
import { judge } from '../convergence/judge';
import { convergenceOutput } from '../convergence/output';
import { openCount, type Verdict } from '../convergence/strategy';
import { evaluateTemplate } from '../evaluate';
import { scopeOf } from '../scope';
import { type Branch, endedCount, type Fork, hasEnded } from '../state';
import { failStep } from './advance';
import { cancelBranch } from './cancel';
import { engineFailure, expressionFailure } from './failures';
import { type Turn } from './turn';

/** Asks whether a fork can be decided now, lets its parent go on when it may, and otherwise starts what may start. */
export function settle(turn: Turn, fork: Fork, arrival: Branch | undefined, deadlinePassed: boolean): void {
  if (!fork.decision) {
    if (hasEnded(fork.parent)) return;
    const verdict = judge(fork, { branch: arrival, deadlinePassed });
    if (verdict.is !== 'waiting') decide(turn, fork, verdict, arrival, deadlinePassed);
  }
  if (fork.decision && endedCount(fork) === fork.branches.length) return goOn(turn, fork, fork.decision);
  turn.then({ do: 'fill', fork });
}

/** Starts one branch that may start, and comes back for the next. Deferred branches go last, one at a time. */
export function fill(turn: Turn, fork: Fork): void {
  if (hasEnded(fork.parent)) return;
  const atWork = fork.running.size - fork.deferred.size;
  const ready = nextReady(fork);
  if (ready) {
    if (fork.concurrency !== undefined && atWork >= fork.concurrency) return;
    turn.then({ do: 'advance', branch: ready }, { do: 'fill', fork });
    return;
  }
  const deferred = atWork === 0 ? firstDeferred(fork) : undefined;
  if (deferred?.phase.is !== 'deferred') return;
  const { request } = deferred.phase;
  turn.record({ type: 'BranchRequested', data: { ...request, attempt: request.attempt + 1 } });
}

function nextReady(fork: Fork): Branch | undefined {
  return fork.branches[fork.ready[fork.nextReady] ?? -1];
}

function firstDeferred(fork: Fork): Branch | undefined {
  const [first] = fork.deferred;
  return fork.branches[first ?? -1];
}

type Decided = Exclude<Verdict, { is: 'waiting' }>;

function decide(turn: Turn, fork: Fork, verdict: Decided, arrival: Branch | undefined, deadlinePassed: boolean): void {
  const outcome = outcomeOf(turn, fork, verdict);
  const cancels = fork.step.converge.losers === 'cancel' || deadlinePassed;
  const open = cancels ? fork.branches.filter((branch) => !hasEnded(branch)) : [];
  turn.record({
    type: 'ConvergenceReached',
    data: {
      branch: fork.parent.path,
      step: fork.step.id,
      strategy: fork.step.converge.strategy.name,
      ...outcome,
      tally: tallyOf(fork),
      dissented: dissenters(fork, verdict),
      ...(arrival && { decidedBy: arrival.name }),
      cancelled: open.map(({ name }) => name),
    },
  });
  for (const branch of open) cancelBranch(turn, branch, outcome.failure ? 'unreachable' : 'converged');
}

type Outcome = Pick<ConvergenceReached, 'outcome' | 'reason' | 'counted' | 'output' | 'exports' | 'failure'>;

/** What a verdict comes to: a fork that is met but whose exports cannot be gathered is unreachable too. */
function outcomeOf(turn: Turn, fork: Fork, verdict: Decided): Outcome {
  if (verdict.is === 'unreachable') {
    const { reason } = verdict;
    const output = { shape: 'value', value: null } as const;
    return { outcome: 'unreachable', reason, counted: [], output, failure: unmet(turn, fork, reason) };
  }
  const { reason, output } = verdict;
  const counted = verdict.counted === 'all' ? 'all' : verdict.counted.map(({ name }) => name);
  const gathered = gather(turn, fork, verdict);
  if (gathered.is === 'failed') {
    const { failure } = gathered;
    return { outcome: 'unreachable', reason: failure.message, counted, output, failure };
  }
  const { exports } = gathered;
  return { outcome: 'met', reason, counted, output, ...(Object.keys(exports).length > 0 && { exports }) };
}

type Gathered =
  { readonly is: 'gathered'; readonly exports: JsonObject } | { readonly is: 'failed'; readonly failure: Failure };

/** What the counted branches, and the fork's own `export`, write into the parent's context. */
function gather(turn: Turn, fork: Fork, verdict: Extract<Verdict, { is: 'met' }>): Gathered {
  const { parent, step } = fork;
  const counted = verdict.counted === 'all' ? fork.branches : verdict.counted;
  const merge = mergeExports(counted, step.converge.onConflict);
  if (merge.is === 'conflict') {
    const { key, first, second } = merge;
    const message =
      `Branches "${first}" and "${second}" export different values for "${key}"; ` +
      `export under different keys, or set converge.context.onConflict to first, last or prefer`;
    const details: Json = { key, branches: [first, second] };
    return {
      is: 'failed',
      failure: engineFailure(parent, turn.now, 'context-conflict', 'ContextConflictError', message, { details }),
    };
  }
  if (!step.export) return { is: 'gathered', exports: merge.exports };
  try {
    const names = verdict.counted === 'all' ? 'all' : counted.map(({ name }) => name);
    const output = convergenceOutput(fork, { counted: names, output: verdict.output });
    const exported = evaluateTemplate(step.export, scopeOf(turn.state, parent, output)) as JsonObject;
    return { is: 'gathered', exports: { ...merge.exports, ...exported } };
  } catch (error) {
    return { is: 'failed', failure: expressionFailure(parent, turn.now, `${step.path}.export`, error) };
  }
}

function unmet(turn: Turn, fork: Fork, reason: string): Failure {
  const [first] = [...fork.failed].toSorted((a, b) => a - b);
  const failed = fork.branches[first ?? -1];
  const cause = failed?.phase.is === 'failed' ? failed.phase.failure : undefined;
  const message = `${fork.step.id} cannot converge by ${fork.step.converge.strategy.name}: ${reason}`;
  const details: Json = { strategy: fork.step.converge.strategy.name, tally: tallyOf(fork) };
  return engineFailure(fork.parent, turn.now, 'convergence-unmet', 'ConvergenceUnmetError', message, {
    details,
    ...(cause && { cause }),
  });
}

/** A decided fork whose branches have all ended: the parent goes on by what was decided. */
function goOn(turn: Turn, fork: Fork, decision: ConvergenceReached): void {
  const { parent } = fork;
  if (hasEnded(parent)) return;
  if (parent.phase.is === 'forked' && parent.phase.fork === fork && decision.failure) {
    if (fork.step.converge.onUnmet === 'continue') {
      const { failure, step } = decision;
      turn.record({ type: 'StepFailed', data: { branch: parent.path, step, failure } });
    } else {
      failStep(turn, parent, decision.failure);
    }
  }
  turn.then(hasEnded(parent) ? { do: 'ended', branch: parent } : { do: 'advance', branch: parent });
}

function tallyOf(fork: Fork) {
  return {
    total: fork.branches.length,
    completed: fork.completed.size,
    failed: fork.failed.size,
    skipped: fork.skipped.size,
    cancelled: fork.cancelled.size,
    open: openCount(fork),
  };
}

/** Of the branches that had ended, those whose end was not what the decision rests on. */
function dissenters(fork: Fork, verdict: Decided): readonly string[] {
  const dissenting = verdict.is === 'met' ? fork.failed : fork.completed;
  return [...dissenting].toSorted((a, b) => a - b).map((index) => fork.branches[index]?.name ?? '');
}
