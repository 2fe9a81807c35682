import {
  type CompensationView,
  type ConvergencePointView,
  type CostView,
  type ParallelBranchesView,
  type WorkflowView,
} from '@braid/contracts';
import { type Tally } from '@braid/events';
import {
  allEnded,
  type Compensation,
  endedCount,
  type Fork,
  isOpen,
  type Phase,
  remainingBudget,
  type Workflow,
} from '@braid/workflow';
import { branchView } from './branch-view';
import { failureView } from './failure-view';
import { type FindAttempt } from './live-attempts';
import { moment } from './moment';

/** What callers see of a workflow. Nothing in it may change later: the state goes on changing after this. */
export function workflowView(workflow: Workflow, find: FindAttempt): WorkflowView {
  const { ending, endedAt, compensation, parent } = workflow;
  const branches = [...workflow.branches.values()];
  const forks = branches.flatMap((branch) => [...branch.forks.values()]);
  return {
    id: workflow.id,
    playbook: workflow.playbook,
    ...(parent === undefined
      ? {}
      : { parent: { workflow: parent.workflow, branch: parent.branch, step: parent.step } }),
    status: workflow.status,
    executionMode: workflow.executionMode,
    version: workflow.version,
    startedAt: moment(workflow.startedAt),
    ...(endedAt === undefined ? {} : { endedAt: moment(endedAt) }),
    variables: workflow.variables,
    context: workflow.root.context,
    ...(ending?.is === 'completed' ? { output: ending.output } : {}),
    ...(ending?.is === 'failed' ? { error: failureView(ending.failure) } : {}),
    ...(compensation ? { compensation: compensationView(compensation, workflow) } : {}),
    cost: costView(workflow),
    branchStatus: branches.map((branch) => branchView(workflow.id, branch, find)),
    convergencePoints: forks.map(convergenceView),
    parallelBranches: forks.map(forkView),
  };
}

function costView(workflow: Workflow): CostView {
  const { cost, budget } = workflow;
  const reserved = [...cost.reserved].filter(([, amount]) => amount > 0);
  const remaining = remainingBudget(workflow);
  return {
    attempts: cost.attempts,
    agentMs: cost.agentMs,
    usage: Object.fromEntries(cost.usage),
    ...(reserved.length === 0 ? {} : { reserved: Object.fromEntries(reserved) }),
    ...(budget === undefined ? {} : { budget }),
    ...(remaining === undefined ? {} : { remaining }),
  };
}

function compensationView({ because, branches }: Compensation, workflow: Workflow): CompensationView {
  const ended = (is: Phase['is']) => branches.filter(({ phase }) => phase.is === is).length;
  const [undone, failed] = [ended('completed'), ended('failed')];
  const state = isOpen(workflow) ? 'compensating' : undone + failed < branches.length ? 'stopped' : 'compensated';
  return {
    state,
    because: because.because,
    ...(because.because === 'failed' ? { error: failureView(because.failure) } : {}),
    steps: { total: branches.length, undone, failed },
  };
}

export function tallyOf(fork: Fork): Tally {
  return {
    total: fork.branches.length,
    completed: fork.completed.size,
    failed: fork.failed.size,
    skipped: fork.skipped.size,
    cancelled: fork.cancelled.size,
    open: fork.branches.length - endedCount(fork),
  };
}

export function convergenceView(fork: Fork): ConvergencePointView {
  const { decision, parent, step } = fork;
  if (decision === undefined) {
    const tally = tallyOf(fork);
    return {
      branch: parent.path,
      step: step.id,
      strategy: step.converge.strategy.name,
      outcome: 'waiting',
      reason: waitsFor(fork, tally),
      tally,
      counted: [],
      dissented: [],
      cancelled: [],
    };
  }
  const { at, output: _shape, failure, ...reached } = decision;
  const result = parent.results[step.id];
  return {
    ...reached,
    ...(result?.status === 'completed' ? { output: result.output } : {}),
    ...(failure === undefined ? {} : { failure: failureView(failure) }),
    at: moment(at),
  };
}

function waitsFor(fork: Fork, { total, completed, open }: Tally): string {
  if (!fork.judge || !allEnded(fork)) return `${open} of ${total} branches are open`;
  return `${completed} of ${total} branches completed, and the judge is asked`;
}

function forkView({ parent, step, concurrency, branches, judge }: Fork): ParallelBranchesView {
  return {
    branch: parent.path,
    step: step.id,
    ...(concurrency === undefined ? {} : { concurrency }),
    branches: branches.map((branch) => branch.path),
    ...(judge === undefined ? {} : { judge: judge.path }),
  };
}
