import {
  type AgentStep,
  type Failure,
  type ForkStep,
  type Json,
  type JsonObject,
  type Run,
  type SetStep,
  unreachable,
} from '@braid/events';
import { evaluateCondition, evaluateTemplate } from '../evaluate';
import { scopeOf } from '../scope';
import { type Branch, currentStep, hasEnded } from '../state';
import { engineFailure, expressionFailure } from './failures';
import { type Turn } from './turn';

/** Takes a branch from step to step until it waits for something or has ended. */
export function advance(turn: Turn, branch: Branch): void {
  if (hasEnded(branch) || (branch.phase.is === 'pending' && !mayBegin(turn, branch))) return;
  while (branch.phase.is === 'active' || branch.phase.is === 'pending') {
    const step = currentStep(branch);
    if (!step) {
      turn.record({ type: 'BranchCompleted', data: { branch: branch.path, output: branch.output } });
      break;
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
    switch (step.kind) {
      case 'agent':
        request(turn, branch, step);
        break;
      case 'set':
        set(turn, branch, step);
        break;
      case 'parallel':
      case 'map':
        fork(turn, branch, step);
        break;
      default:
        return unreachable(step);
    }
  }
  if (hasEnded(branch)) turn.then({ do: 'ended', branch });
}

/** The condition of the branch itself; a branch whose condition is false is skipped. */
function mayBegin(turn: Turn, branch: Branch): boolean {
  const spec = branch.fork?.step.kind === 'parallel' ? branch.fork.step.branches[branch.index] : undefined;
  const condition = spec?.if;
  if (condition === undefined) return true;
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
  turn.record({
    type: 'BranchRequested',
    data: { branch: branch.path, step: step.id, attempt: 1, agent, input: input.value },
  });
}

function set(turn: Turn, branch: Branch, step: SetStep): void {
  const values = attempt(turn, branch, `${step.path}.set`, () =>
    evaluateTemplate(step.values, scopeOf(turn.state, branch)),
  );
  if (!values) return;
  completeStep(turn, branch, values.value, { written: values.value as JsonObject });
}

function fork(turn: Turn, branch: Branch, step: ForkStep): void {
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

/** The current step of a branch has an output: evaluates what it exports and states that it is done. */
export function completeStep(
  turn: Turn,
  branch: Branch,
  output: Json,
  more: { readonly run?: Run; readonly written?: JsonObject } = {},
): void {
  const step = currentStep(branch);
  if (!step) return;
  let exports = more.written;
  if (step.export) {
    const template = step.export;
    const exported = attempt(
      turn,
      branch,
      `${step.path}.export`,
      () => evaluateTemplate(template, scopeOf(turn.state, branch, output)),
      more.run,
    );
    if (!exported) return;
    exports = { ...exports, ...(exported.value as JsonObject) };
  }
  const isLast = branch.cursor === branch.steps.length - 1;
  const data = {
    branch: branch.path,
    step: step.id,
    output,
    ...(exports && { exports }),
    ...(more.run && { run: more.run }),
  };
  turn.record(isLast ? { type: 'BranchCompleted', data } : { type: 'BranchAdvanced', data });
}

/** The current step of a branch has failed for good: the branch fails, or goes on where the step says so. */
export function failStep(turn: Turn, branch: Branch, failure: Failure, run?: Run): void {
  const step = currentStep(branch);
  const data = { branch: branch.path, ...(step && { step: step.id }), failure, ...(run && { run }) };
  if (step?.onFailure === 'continue') {
    turn.record({ type: 'StepFailed', data: { ...data, step: step.id } });
  } else {
    turn.record({ type: 'BranchFailed', data });
  }
}

/** Evaluates something of the current step; when that is not possible the step has failed and nothing is returned. */
function attempt<T>(
  turn: Turn,
  branch: Branch,
  path: string,
  evaluate: () => T,
  run?: Run,
): { readonly value: T } | undefined {
  try {
    return { value: evaluate() };
  } catch (error) {
    failStep(turn, branch, expressionFailure(branch, turn.now, path, error), run);
    return undefined;
  }
}

function describe(value: Json): string {
  if (value === null) return 'null';
  return typeof value === 'object' ? 'an object' : `the ${typeof value} ${JSON.stringify(value).slice(0, 60)}`;
}
