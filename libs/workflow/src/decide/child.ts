import {
  type ChildEnded,
  type ChildStarted,
  type Failure,
  type JsonObject,
  type PlaybookStep,
  unreachable,
} from '@braid/events';
import { nextChildId } from '../children';
import { evaluateTemplate } from '../evaluate';
import { engineFailure } from '../failures';
import { scopeOf } from '../scope';
import { currentStep } from '../sequence';
import { type Branch, hasEnded, type Workflow } from '../state';
import { type ChildEnd, type ChildName } from './commands';
import { describe } from './describe';
import { attempt, completeStep, failStep } from './end-step';
import { type Turn } from './turn';

/** A branch has come to a step that another workflow does: which one is stated here, and it is started when that is on disk. */
export function startChild(turn: Turn, branch: Branch, step: PlaybookStep): void {
  const given = attempt(turn, branch, `${step.path}.with`, () =>
    evaluateTemplate(step.with, scopeOf(turn.state, branch)),
  );
  if (!given) return;
  const { value } = given;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    const message = `${step.path}.with must give an object of variables, and gave ${describe(value)}`;
    return failStep(turn, branch, engineFailure(branch, turn.now, 'expression', 'NotAnObjectError', message));
  }
  const { state, limits } = turn;
  const workflow = nextChildId(state);
  const depth = (state.parent?.depth ?? 0) + 1;
  if (depth > limits.maxDepth || workflow === undefined) {
    const message = `${step.path} would start a workflow with ${depth} above it; BRAID_MAX_DEPTH allows ${limits.maxDepth}`;
    return failStep(turn, branch, engineFailure(branch, turn.now, 'limit', 'TooDeepError', message));
  }
  turn.record({
    type: 'ChildStarted',
    data: {
      branch: branch.path,
      step: step.id,
      attempt: branch.attempts + 1,
      workflow,
      playbook: step.playbook,
      variables: value as JsonObject,
      ...(step.timeout !== undefined && { until: turn.now + step.timeout }),
    },
  });
}

/** The branch that waits for a child; none when it is not the current one any more. */
export function awaitingBranch(state: Workflow, child: ChildName): Branch | undefined {
  const branch = state.branches.get(child.branch);
  if (branch?.phase.is !== 'delegated') return undefined;
  const { step, attempt: current, workflow } = branch.phase.to;
  return step === child.step && current === child.attempt && workflow === child.workflow ? branch : undefined;
}

/** The child of a branch has ended, and with it the step. */
export function childEnded(turn: Turn, branch: Branch, end: ChildEnd): void {
  if (branch.phase.is !== 'delegated') return;
  const { to } = branch.phase;
  recordEnd(turn, to, end.is, end.is === 'refused' ? {} : { cost: end.cost });
  if (end.is === 'completed') completeStep(turn, branch, end.output);
  else failStep(turn, branch, failureOf(turn, branch, to, end));
  turn.then(hasEnded(branch) ? { do: 'ended', branch } : { do: 'advance', branch });
}

/** The child of a branch took longer than its step allows: nobody waits for it any more. */
export function childTimedOut(turn: Turn, branch: Branch, to: ChildStarted): void {
  const { timeout } = currentStep(branch) as PlaybookStep;
  recordEnd(turn, to, 'given-up');
  const message = `The child workflow ${to.workflow} of ${to.playbook} did not end within ${timeout} ms`;
  const details = { workflow: to.workflow, playbook: to.playbook };
  failStep(turn, branch, engineFailure(branch, turn.now, 'timeout', 'ChildTimeoutError', message, { details }));
}

function recordEnd(
  turn: Turn,
  { branch, step, attempt: number, workflow }: ChildStarted,
  outcome: ChildEnded['outcome'],
  more: Pick<ChildEnded, 'cost'> = {},
): void {
  turn.record({ type: 'ChildEnded', data: { branch, step, attempt: number, workflow, outcome, ...more } });
}

function failureOf(
  { now }: Turn,
  branch: Branch,
  { workflow, playbook }: ChildStarted,
  end: Exclude<ChildEnd, { is: 'completed' }>,
): Failure {
  const details = { workflow, playbook };
  const who = `The child workflow ${workflow} of ${playbook}`;
  switch (end.is) {
    case 'failed': {
      const { failure: cause } = end;
      const message = `${who} failed: ${cause.message}`;
      return engineFailure(branch, now, 'child-failed', 'ChildFailedError', message, { details, cause });
    }
    case 'cancelled': {
      const message = `${who} was cancelled${end.reason === undefined ? '' : `: ${end.reason}`}`;
      return engineFailure(branch, now, 'child-failed', 'ChildCancelledError', message, { details });
    }
    case 'refused': {
      const { type, message, code, details: why } = end.failure;
      return engineFailure(branch, now, code, type, message, { details: why ?? details });
    }
    default:
      return unreachable(end);
  }
}
