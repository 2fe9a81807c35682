import {
  type BranchCompleted,
  type ConvergenceReached,
  type ForkOpened,
  type ForkReopened,
  type RecordedEvent,
  type WorkflowStarted,
  unreachable,
} from '@braid/events';
import { attemptEnded, attemptRequested, narrowest } from './budget';
import { addCost, rememberChild } from './children';
import { convergenceOutput } from './convergence/output';
import { compensationStarted, completeStep, passCompensated } from './compensation';
import { newBranch } from './new-branch';
import { openFork, reopenBranch, reopenFork } from './open-fork';
import { HistoryError } from './history-error';
import { noteEnd } from './needs';
import { fail, nest, skip, write } from './progress';
import { repeatKeyOf } from './repeat-key';
import { currentStep } from './sequence';
import {
  allEnded,
  type Branch,
  type Fork,
  hasEnded,
  isJudge,
  isOpen,
  hasLetGo,
  type Phase,
  phases,
  rootPath,
  type Workflow,
  type WorkflowState,
} from './state';

/**
 * Folds one event into the state. The state is changed in place and returned: copying a fork of 10 000 branches for each
 * arrival would make the cost of a branch grow with the width of its fork.
 * @throws HistoryError when the event cannot follow what has happened.
 */
export function evolve(state: WorkflowState, event: RecordedEvent): Workflow {
  if (event.version !== state.version + 1) {
    throw new HistoryError(`Version ${event.version} of ${event.workflow} cannot follow version ${state.version}`);
  }
  if (state.status === 'unborn') {
    if (event.type !== 'WorkflowStarted') throw new HistoryError(`${event.workflow} begins with ${event.type}`);
    return born(event.workflow, event.at, event.data);
  }
  if (event.workflow !== state.id) throw new HistoryError(`An event of ${event.workflow} is no part of ${state.id}`);
  if (
    event.type === 'WorkflowStarted' ||
    !(isOpen(state) || (event.type === 'WorkflowRetried' && state.status === 'failed'))
  ) {
    throw new HistoryError(
      `${event.type} cannot follow version ${state.version} of ${state.id}, which is ${state.status}`,
    );
  }
  apply(state, event);
  const repeat = repeatKeyOf(event);
  if (repeat !== undefined) state.signals.seen.add(repeat);
  state.version = event.version;
  return state;
}

function born(id: string, at: number, started: WorkflowStarted): Workflow {
  const root = newBranch({
    path: rootPath,
    name: rootPath,
    parent: undefined,
    fork: undefined,
    compensates: undefined,
    index: 0,
    steps: started.graph.steps,
    context: started.context,
    results: {},
  });
  root.phase = phases.active;
  root.startedAt = at;
  return {
    status: 'running',
    version: 1,
    id,
    playbook: started.playbook,
    graph: started.graph,
    variables: started.variables,
    executionMode: started.executionMode,
    requestDigest: started.requestDigest,
    traceparent: started.traceparent,
    parent: started.parent,
    startedAt: at,
    endedAt: undefined,
    ending: undefined,
    root,
    branches: new Map([[rootPath, root]]),
    waiting: new Set(),
    timed: new Set(),
    undoable: [],
    compensation: undefined,
    retries: 0,
    children: 0,
    heldByParent: false,
    signals: { seen: new Set(), kept: [] },
    budget: narrowest(started.graph.budget, started.budget),
    cost: { attempts: 0, agentMs: 0, usage: new Map(), reserved: new Map() },
  };
}

function apply(state: Workflow, event: Exclude<RecordedEvent, { type: 'WorkflowStarted' }>): void {
  const { at } = event;
  switch (event.type) {
    case 'ForkOpened':
      return forkOpened(state, event.data, at);
    case 'BranchRequested': {
      const branch = branchOf(state, event.data.branch);
      branch.attempts = event.data.attempt;
      const cost = attemptRequested(state, branch);
      return enter(state, branch, { is: 'requested', request: event.data, at, ...(cost && { cost }) }, at);
    }
    case 'BranchRetryScheduled': {
      const branch = branchOf(state, event.data.branch);
      attemptEnded(state, branch, event.data);
      branch.lastFailure = event.data.failure;
      const { retryAt } = event.data;
      return enter(state, branch, { is: 'backoff', request: requestOf(branch), retryAt }, at);
    }
    case 'BranchDeferred': {
      const branch = branchOf(state, event.data.branch);
      attemptEnded(state, branch, event.data);
      branch.lastFailure = event.data.failure;
      branch.earlierAttempts = branch.attempts;
      branch.wasDeferred = true;
      const { failure } = event.data;
      return enter(state, branch, { is: 'deferred', request: requestOf(branch), failure }, at);
    }
    case 'BranchAdvanced': {
      const branch = branchOf(state, event.data.branch);
      attemptEnded(state, branch, event.data);
      write(branch, event.data.exports);
      completeStep(state, branch, event.data.step, event.data.output);
      return next(state, branch, at);
    }
    case 'StepSkipped': {
      const branch = branchOf(state, event.data.branch);
      skip(branch, event.data.step);
      return next(state, branch, at);
    }
    case 'StepFailed': {
      const branch = branchOf(state, event.data.branch);
      attemptEnded(state, branch, event.data);
      fail(branch, event.data.step, event.data.failure);
      return next(state, branch, at);
    }
    case 'FailureCaught': {
      const branch = branchOf(state, event.data.branch);
      attemptEnded(state, branch, event.data);
      fail(branch, event.data.step, event.data.failure, { is: event.data.by });
      return next(state, branch, at);
    }
    case 'CaseChosen': {
      const branch = branchOf(state, event.data.branch);
      nest(branch, event.data.step, { is: 'case', case: event.data.case });
      return next(state, branch, at);
    }
    case 'WaitStarted': {
      const branch = branchOf(state, event.data.branch);
      return enter(state, branch, { is: 'waiting', until: event.data.until }, at);
    }
    case 'SignalAwaited': {
      const branch = branchOf(state, event.data.branch);
      const { name: signal, until } = event.data;
      return enter(state, branch, { is: 'awaiting', signal, ...(until !== undefined && { until }) }, at);
    }
    case 'ChildStarted': {
      const branch = branchOf(state, event.data.branch);
      rememberChild(state, branch, event.data);
      return enter(state, branch, { is: 'delegated', to: event.data, at }, at);
    }
    case 'ChildEnded':
      addCost(state, event.data.cost);
      return enter(state, branchOf(state, event.data.branch), { is: 'active' }, at);
    case 'SignalReceived': {
      const { name, payload, id } = event.data;
      state.signals.seen.add(id);
      state.signals.kept = [...state.signals.kept, { name, payload }];
      return;
    }
    case 'BranchCompleted':
      return branchCompleted(state, event.data, at);
    case 'BranchFailed': {
      const branch = branchOf(state, event.data.branch);
      attemptEnded(state, branch, event.data);
      branch.lastFailure = event.data.failure;
      return end(state, branch, { is: 'failed', failure: event.data.failure }, at);
    }
    case 'BranchSkipped':
      return end(state, branchOf(state, event.data.branch), phases.skipped, at);
    case 'BranchCancelled':
      return end(state, branchOf(state, event.data.branch), phases.cancelled, at);
    case 'ConvergenceReached':
      return converged(state, event.data, at);
    case 'ForkReopened':
      return forkReopened(state, event.data, at);
    case 'CompensationStarted':
      return compensationStarted(state, event.data);
    case 'WorkflowPaused':
      state.status = 'paused';
      state.heldByParent = event.data.withParent === true;
      return;
    case 'WorkflowResumed':
      state.status = 'running';
      state.heldByParent = false;
      return;
    case 'WorkflowRetried':
      state.status = 'running';
      state.ending = undefined;
      state.endedAt = undefined;
      state.retries += 1;
      if (event.data.budget) state.budget = { ...state.budget, ...event.data.budget };
      return reopenBranch(state.root, { is: 'active' });
    case 'WorkflowCompleted':
      return close(state, 'completed', { is: 'completed', output: event.data.output }, at);
    case 'WorkflowFailed':
      return close(state, 'failed', { is: 'failed', failure: event.data.failure }, at);
    case 'WorkflowCancelled':
      return close(state, 'cancelled', { is: 'cancelled', reason: event.data.reason }, at);
    default:
      return unreachable(event);
  }
}

function branchOf(state: Workflow, path: string): Branch {
  const branch = state.branches.get(path);
  if (!branch) throw new HistoryError(`${state.id} has no branch ${path}`);
  if (hasEnded(branch)) throw new HistoryError(`Branch ${path} of ${state.id} has ended already`);
  return branch;
}

function requestOf(branch: Branch) {
  if (branch.phase.is !== 'requested') throw new HistoryError(`Branch ${branch.path} has no open attempt`);
  return branch.phase.request;
}

const waitsFor: ReadonlySet<Phase['is']> = new Set(['requested', 'backoff', 'waiting', 'awaiting', 'delegated']);

/** A step that does not wait for its signal any more has taken one, if there is one: none is kept while a step waits for it. */
function takeSignal({ signals }: Workflow, { phase }: Branch): void {
  if (phase.is !== 'awaiting') return;
  const taken = signals.kept.findIndex(({ name }) => name === phase.signal);
  if (taken !== -1) signals.kept = signals.kept.toSpliced(taken, 1);
}

/** Moves a branch to a phase in which it is not at its end. */
function enter(state: Workflow, branch: Branch, phase: Phase, at: number): void {
  const { index } = branch;
  const fork = isJudge(branch) ? undefined : branch.fork;
  takeSignal(state, branch);
  if (branch.startedAt === undefined) branch.startedAt = at;
  if (fork) {
    fork.running.add(index);
    if (phase.is === 'deferred') fork.deferred.add(index);
    else fork.deferred.delete(index);
  }
  if (waitsFor.has(phase.is)) state.waiting.add(branch);
  else state.waiting.delete(branch);
  branch.phase = phase;
  if (fork) passReady(fork);
}

type EndPhase = Extract<Phase, { is: 'completed' | 'failed' | 'skipped' | 'cancelled' }>;

function end(state: Workflow, branch: Branch, phase: EndPhase, at: number): void {
  const { fork, index } = branch;
  if (phase.is === 'completed' || phase.is === 'failed') branch.startedAt ??= at;
  if (branch.phase.is === 'forked') state.timed.delete(branch.phase.fork);
  takeSignal(state, branch);
  branch.endedAt = at;
  branch.phase = phase;
  state.waiting.delete(branch);
  if (branch.compensates) passCompensated(state);
  if (!fork || isJudge(branch)) return;
  passReady(fork);
  fork.running.delete(index);
  fork.deferred.delete(index);
  fork[phase.is].add(index);
  for (const dependent of noteEnd(fork, index, phase.is === 'completed')) {
    becomeReady(fork.ready, fork.nextReady, dependent);
  }
  // The deadline is that of the branches: their judge has the time that its own step gives it.
  if (allEnded(fork)) state.timed.delete(fork);
  if (!hasLetGo(fork)) goOnAfter(state, fork, at);
}

/** A fork that is decided and met lets its parent go on when all its branches have ended, or none of them matters any more. */
function goOnAfter(state: Workflow, fork: Fork, at: number): void {
  const { decision, parent, step } = fork;
  if (decision?.outcome !== 'met' || !(hasLetGo(fork) || allEnded(fork))) return;
  write(parent, decision.exports);
  completeStep(state, parent, step.id, convergenceOutput(fork, decision));
  next(state, parent, at);
}

/** Passes over branches at the head of `ready` that are not pending any more. */
function passReady(fork: Fork): void {
  while (fork.nextReady < fork.ready.length) {
    const index = fork.ready[fork.nextReady] ?? 0;
    if (fork.branches[index]?.phase.is === 'pending') return;
    fork.nextReady += 1;
  }
}

/** Keeps the part of `ready` that is still ahead in declared order. */
function becomeReady(ready: number[], from: number, index: number): void {
  let low = from;
  let high = ready.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((ready[middle] ?? 0) < index) low = middle + 1;
    else high = middle;
  }
  ready.splice(low, 0, index);
}

function forkOpened(state: Workflow, opened: ForkOpened, at: number): void {
  const parent = branchOf(state, opened.branch);
  const step = currentStep(parent);
  if (step?.id !== opened.step || (step.kind !== 'parallel' && step.kind !== 'map')) {
    throw new HistoryError(`Branch ${parent.path} is not at a fork ${opened.step}`);
  }
  const fork = openFork(parent, step, opened, at);
  parent.forks = new Map([...parent.forks, [step.id, fork]]);
  for (const branch of fork.branches) state.branches.set(branch.path, branch);
  if (fork.judge) state.branches.set(fork.judge.path, fork.judge);
  keepTime(state, fork);
  enter(state, parent, { is: 'forked', fork }, at);
}

function forkReopened(state: Workflow, reopened: ForkReopened, at: number): void {
  const parent = branchOf(state, reopened.branch);
  const old = parent.forks.get(reopened.step);
  if (!old || old.decision?.outcome === 'met' || currentStep(parent)?.id !== reopened.step) {
    throw new HistoryError(`Branch ${parent.path} is not at a fork ${reopened.step} that was not met`);
  }
  const { failed, cancelled, skipped } = reopened;
  const fork = reopenFork(old, [...failed, ...cancelled, ...skipped], at);
  parent.forks = new Map([...parent.forks, [reopened.step, fork]]);
  keepTime(state, fork);
  enter(state, parent, { is: 'forked', fork }, at);
}

function keepTime(state: Workflow, fork: Fork): void {
  if (fork.step.converge.deadline !== undefined && !allEnded(fork)) state.timed.add(fork);
}

function converged(state: Workflow, reached: ConvergenceReached, at: number): void {
  const parent = branchOf(state, reached.branch);
  const fork = parent.forks.get(reached.step);
  if (!fork) throw new HistoryError(`Branch ${parent.path} has no fork ${reached.step}`);
  fork.decision = { ...reached, at };
  state.timed.delete(fork);
  goOnAfter(state, fork, at);
}

function branchCompleted(state: Workflow, completed: BranchCompleted, at: number): void {
  const branch = branchOf(state, completed.branch);
  attemptEnded(state, branch, completed);
  write(branch, completed.exports);
  if (completed.step !== undefined) completeStep(state, branch, completed.step, completed.output);
  branch.output = completed.output;
  end(state, branch, phases.completed, at);
}

/** The branch goes on: with the next step of its innermost sequence, or with what follows on the end of that. */
function next(state: Workflow, branch: Branch, at: number): void {
  branch.attempts = 0;
  branch.earlierAttempts = 0;
  branch.wasDeferred = false;
  enter(state, branch, phases.active, at);
}

function close(
  state: Workflow,
  status: 'completed' | 'failed' | 'cancelled',
  ending: Workflow['ending'],
  at: number,
): void {
  state.status = status;
  state.ending = ending;
  state.endedAt = at;
  state.waiting.clear();
  state.timed.clear();
}
