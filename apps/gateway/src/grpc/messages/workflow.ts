import { type MessageInitShape } from '@bufbuild/protobuf';
import {
  braidV1,
  type BranchStatusName,
  type BranchStatusView,
  type CompensationView,
  type ConvergencePointView,
  type CostView,
  type WorkflowStatus,
  type WorkflowSummary,
  type WorkflowView,
} from '@braid/contracts';
import { type Amounts, type ExecutionMode } from '@braid/events';
import { failureMessage } from './failure';
import { known, structOf, timestampOf, valueOf } from './values';

/** Names of ours and values of the protos, one to one. */
export const statuses = {
  running: braidV1.WorkflowStatus.RUNNING,
  paused: braidV1.WorkflowStatus.PAUSED,
  completed: braidV1.WorkflowStatus.COMPLETED,
  failed: braidV1.WorkflowStatus.FAILED,
  cancelled: braidV1.WorkflowStatus.CANCELLED,
} as const satisfies Record<WorkflowStatus, braidV1.WorkflowStatus>;

export const modes = {
  parallel: braidV1.ExecutionMode.PARALLEL,
  sequential: braidV1.ExecutionMode.SEQUENTIAL,
} as const satisfies Record<ExecutionMode, braidV1.ExecutionMode>;

const branchStates = {
  pending: braidV1.BranchState.PENDING,
  requested: braidV1.BranchState.REQUESTED,
  running: braidV1.BranchState.RUNNING,
  completed: braidV1.BranchState.COMPLETED,
  failed: braidV1.BranchState.FAILED,
  cancelled: braidV1.BranchState.CANCELLED,
  skipped: braidV1.BranchState.SKIPPED,
} as const satisfies Record<BranchStatusName, braidV1.BranchState>;

const outcomes = {
  waiting: braidV1.ConvergenceOutcome.WAITING,
  met: braidV1.ConvergenceOutcome.MET,
  unreachable: braidV1.ConvergenceOutcome.UNREACHABLE,
} as const satisfies Record<ConvergencePointView['outcome'], braidV1.ConvergenceOutcome>;

const compensationStates = {
  compensating: braidV1.CompensationState.COMPENSATING,
  compensated: braidV1.CompensationState.COMPENSATED,
  stopped: braidV1.CompensationState.STOPPED,
} as const satisfies Record<CompensationView['state'], braidV1.CompensationState>;

const compensationReasons = {
  failed: braidV1.CompensationReason.FAILED,
  cancelled: braidV1.CompensationReason.CANCELLED,
} as const satisfies Record<CompensationView['because'], braidV1.CompensationReason>;

export function workflowMessage(view: WorkflowView): MessageInitShape<typeof braidV1.WorkflowSchema> {
  const { startedAt, endedAt, output, error, compensation } = view;
  return known({
    id: view.id,
    playbook: view.playbook,
    parent: view.parent,
    status: statuses[view.status],
    executionMode: modes[view.executionMode],
    version: BigInt(view.version),
    startedAt: timestampOf(startedAt),
    endedAt: endedAt === undefined ? undefined : timestampOf(endedAt),
    variables: structOf(view.variables),
    context: structOf(view.context),
    output: output === undefined ? undefined : valueOf(output),
    error: error && failureMessage(error),
    compensation: compensation && compensationMessage(compensation),
    cost: costMessage(view.cost),
    branchStatus: view.branchStatus.map(branchMessage),
    convergencePoints: view.convergencePoints.map(convergenceMessage),
    parallelBranches: view.parallelBranches.map(({ branches, ...rest }) => ({ ...rest, branches: [...branches] })),
  });
}

export function summaryMessage(summary: WorkflowSummary): MessageInitShape<typeof braidV1.WorkflowSummarySchema> {
  const { playbook, playbookVersion, status, executionMode, startedAt, endedAt, ...rest } = summary;
  return known({
    ...rest,
    playbook: known({ name: playbook, version: playbookVersion }),
    status: statuses[status],
    executionMode: modes[executionMode],
    startedAt: timestampOf(startedAt),
    endedAt: endedAt === undefined ? undefined : timestampOf(endedAt),
  });
}

function branchMessage(view: BranchStatusView) {
  const { status, startedAt, endedAt, waitsFor, output, error, ...rest } = view;
  return known({
    ...rest,
    status: branchStates[status],
    startedAt: startedAt === undefined ? undefined : timestampOf(startedAt),
    endedAt: endedAt === undefined ? undefined : timestampOf(endedAt),
    waitsFor:
      waitsFor &&
      known({
        signal: waitsFor.signal,
        until: waitsFor.until === undefined ? undefined : timestampOf(waitsFor.until),
      }),
    output: output === undefined ? undefined : valueOf(output),
    error: error && failureMessage(error),
  });
}

function compensationMessage({ state, because, error, steps }: CompensationView) {
  return known({
    state: compensationStates[state],
    because: compensationReasons[because],
    error: error && failureMessage(error),
    stepsTotal: steps.total,
    stepsUndone: steps.undone,
    stepsFailed: steps.failed,
  });
}

function costMessage({ attempts, agentMs, usage, reserved, budget, remaining }: CostView) {
  return known({
    attempts: BigInt(attempts),
    agentMs,
    usage: structOf(usage),
    reserved: reserved && amountsMessage(reserved),
    budget: budget && amountsMessage(budget),
    remaining: remaining && amountsMessage(remaining),
  });
}

function amountsMessage(amounts: Amounts) {
  return { byUnit: { ...amounts } };
}

function convergenceMessage(view: ConvergencePointView) {
  const { outcome, counted, dissented, cancelled, exports: exported, failure, output, at, ...rest } = view;
  return known({
    ...rest,
    outcome: outcomes[outcome],
    countedAll: counted === 'all',
    counted: counted === 'all' ? [] : [...counted],
    dissented: [...dissented],
    cancelled: [...cancelled],
    exports: exported && structOf(exported),
    failure: failure && failureMessage(failure),
    output: output === undefined ? undefined : valueOf(output),
    at: at === undefined ? undefined : timestampOf(at),
  });
}
