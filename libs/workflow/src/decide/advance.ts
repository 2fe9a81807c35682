import {
  type AgentStep,
  type ChooseStep,
  type FailStep,
  type ForkStep,
  type Json,
  type JsonObject,
  type SetStep,
  type Step,
  unreachable,
  type WaitStep,
} from '@braid/events';
import { evaluateCondition, evaluateTemplate } from '../evaluate';
import { momentFrom } from '../moment';
import { scopeOf } from '../scope';
import { currentStep } from '../sequence';
import { type Branch, hasEnded } from '../state';
import { dispatch } from './dispatch';
import { attempt, completeSequence, completeStep, failStep } from './end-step';
import { startChild } from './child';
import { describe } from './describe';
import { engineFailure, expressionFailure } from '../failures';
import { reopen } from './retry-workflow';
import { awaitSignal } from './signal';
import { type Turn } from './turn';

/** Takes a branch from step to step until it waits for something or has ended. */
export function advance(turn: Turn, branch: Branch): void {
  if (hasEnded(branch) || (branch.phase.is === 'pending' && !mayBegin(turn, branch))) return;
  while (branch.phase.is === 'active' || branch.phase.is === 'pending') {
    const step = currentStep(branch);
    if (!step) {
      completeSequence(turn, branch);
      continue;
    }
    if (step.if !== undefined) {
      const holds = attempt(turn, branch, `${step.path}.if`, () =>
        evaluateCondition(step.if ?? '', scopeOf(turn.state, branch)),
      );
      if (holds === undefined) continue;
      if (!holds.value) {
        turn.record({ type: 'StepSkipped', data: { branch: branch.path, step: step.id } });
        continue;
      }
    }
    begin(turn, branch, step);
  }
  if (hasEnded(branch)) turn.then({ do: 'ended', branch });
}

function begin(turn: Turn, branch: Branch, step: Step): void {
  switch (step.kind) {
    case 'agent':
      return request(turn, branch, step);
    case 'set':
      return set(turn, branch, step);
    case 'parallel':
    case 'map':
      return fork(turn, branch, step);
    case 'choose':
      return choose(turn, branch, step);
    case 'wait':
      return wait(turn, branch, step);
    case 'signal':
      return awaitSignal(turn, branch, step);
    case 'playbook':
      return startChild(turn, branch, step);
    case 'fail':
      return fail(turn, branch, step);
    default:
      return unreachable(step);
  }
}

/** The condition of the branch itself; a branch whose condition is false is skipped. */
function mayBegin(turn: Turn, branch: Branch): boolean {
  const spec = branch.fork?.step.kind === 'parallel' ? branch.fork.step.branches[branch.index] : undefined;
  const condition = spec?.if;
  if (condition === undefined || branch.startedAt !== undefined) return true;
  try {
    if (evaluateCondition(condition, scopeOf(turn.state, branch))) return true;
    turn.record({ type: 'BranchSkipped', data: { branch: branch.path, reason: 'if' } });
  } catch (error) {
    const failure = expressionFailure(branch, turn.now, `${spec?.path ?? ''}.if`, error);
    turn.record({ type: 'BranchFailed', data: { branch: branch.path, failure } });
  }
  turn.then({ do: 'ended', branch });
  return false;
}

function request(turn: Turn, branch: Branch, step: AgentStep): void {
  const input = attempt(turn, branch, `${step.path}.with`, () =>
    evaluateTemplate(step.with, scopeOf(turn.state, branch), { secrets: true }),
  );
  if (!input) return;
  const { agent } = step;
  const at = { branch: branch.path, step: step.id, attempt: branch.attempts + 1 };
  dispatch(turn, branch, step, { ...at, agent, input: input.value });
}

function set(turn: Turn, branch: Branch, step: SetStep): void {
  const values = attempt(turn, branch, `${step.path}.set`, () =>
    evaluateTemplate(step.values, scopeOf(turn.state, branch)),
  );
  if (!values) return;
  completeStep(turn, branch, values.value, { written: values.value as JsonObject });
}

function choose(turn: Turn, branch: Branch, step: ChooseStep): void {
  for (const [index, { path, when }] of step.cases.entries()) {
    if (when !== undefined) {
      const holds = attempt(turn, branch, `${path}.when`, () => evaluateCondition(when, scopeOf(turn.state, branch)));
      if (!holds) return;
      if (!holds.value) continue;
    }
    turn.record({ type: 'CaseChosen', data: { branch: branch.path, step: step.id, case: index } });
    return;
  }
  turn.record({ type: 'StepSkipped', data: { branch: branch.path, step: step.id } });
}

function wait(turn: Turn, branch: Branch, step: WaitStep): void {
  const { time } = step;
  const given =
    typeof time === 'number'
      ? { value: time }
      : attempt(turn, branch, `${step.path}.wait`, () => evaluateTemplate(time, scopeOf(turn.state, branch)));
  if (!given) return;
  const { value } = given;
  const until =
    typeof value === 'number' ? turn.now + value : momentFrom(typeof value === 'string' ? value : '', turn.now);
  if (until === undefined || (typeof time === 'string' && typeof value === 'number')) {
    const message = `${step.path}.wait must give a duration such as 5m (at most 366d), or a moment such as 2030-01-31T12:00:00Z, and gave ${describe(value)}`;
    return failStep(turn, branch, engineFailure(branch, turn.now, 'expression', 'NotATimeError', message));
  }
  if (until <= turn.now) return completeStep(turn, branch, null);
  turn.record({ type: 'WaitStarted', data: { branch: branch.path, step: step.id, until } });
}

function fail(turn: Turn, branch: Branch, step: FailStep): void {
  const error = attempt(turn, branch, `${step.path}.fail`, () =>
    evaluateTemplate(step.error, scopeOf(turn.state, branch)),
  );
  if (!error) return;
  const { type, message, details } = error.value as JsonObject;
  const name = typeof type === 'string' && type !== '' ? type : 'PlaybookError';
  const text = typeof message === 'string' ? message : JSON.stringify(message);
  const more = details === undefined ? {} : { details };
  failStep(turn, branch, engineFailure(branch, turn.now, 'failed-by-playbook', name, text, more));
}

function fork(turn: Turn, branch: Branch, step: ForkStep): void {
  const earlier = branch.forks.get(step.id);
  if (earlier) return reopen(turn, branch, earlier);
  let items: readonly Json[] | undefined;
  if (step.kind === 'map') {
    const over = attempt(turn, branch, `${step.path}.map.over`, () =>
      evaluateTemplate(step.over, scopeOf(turn.state, branch)),
    );
    if (!over) return;
    if (!Array.isArray(over.value)) {
      const message = `${step.path}.map.over must give a list, and gave ${describe(over.value)}`;
      return failStep(turn, branch, engineFailure(branch, turn.now, 'expression', 'NotAListError', message));
    }
    items = over.value as readonly Json[];
  }
  const width = items?.length ?? (step.kind === 'parallel' ? step.branches.length : 0);
  if (width > turn.limits.maxBranches) {
    const message = `${step.path} opens ${width} branches; BRAID_MAX_BRANCHES allows ${turn.limits.maxBranches}`;
    return failStep(turn, branch, engineFailure(branch, turn.now, 'limit', 'TooManyBranchesError', message));
  }
  const concurrency = turn.state.executionMode === 'sequential' ? 1 : step.maxConcurrency;
  turn.record({
    type: 'ForkOpened',
    data: {
      branch: branch.path,
      step: step.id,
      ...(concurrency !== undefined && { concurrency }),
      ...(items && { items }),
    },
  });
  const opened = branch.forks.get(step.id);
  if (opened) turn.then({ do: 'settle', fork: opened, arrival: undefined, deadlinePassed: false });
}
