import { type Json } from '@braid/events';
import { type Branch, currentStep, type Fork, type Workflow } from '@braid/workflow';

/**
 * What a golden history promises of its state: everything that anybody outside of the rules can see or that a later
 * decision rests on, as plain JSON. How the state is laid out in memory may change; this may only grow by new fields of
 * new histories, because old golden files are never recorded again.
 */
export function describeState(state: Workflow): Json {
  const { status, version, id, playbook, variables, executionMode, requestDigest, startedAt, endedAt, ending } = state;
  const { attempts, agentMs, usage, reserved } = state.cost;
  return plain({
    workflow: { status, version, id, playbook, variables, executionMode, requestDigest, startedAt, endedAt, ending },
    cost: {
      ...{ attempts, agentMs, usage: Object.fromEntries(usage) },
      ...(reserved.size > 0 && { reserved: Object.fromEntries(reserved) }),
    },
    ...(state.budget && { budget: state.budget }),
    ...(state.retries > 0 && { retries: state.retries }),
    ...(state.undoable.length > 0 && {
      undoable: state.undoable.map(({ branch, step, context, results }) => ({
        ...{ branch: branch.path, step: step.id, context, results },
      })),
    }),
    ...(state.compensation && {
      compensation: { ...state.compensation, branches: state.compensation.branches.map(({ path }) => path) },
    }),
    ...(state.parent && { parent: state.parent }),
    ...(state.children > 0 && { children: state.children }),
    ...(state.heldByParent && { heldByParent: true }),
    ...(state.signals.seen.size > 0 && { signals: { seen: [...state.signals.seen], kept: state.signals.kept } }),
    waiting: [...state.waiting].map(({ path }) => path),
    timed: [...state.timed].map(({ parent, step }) => `${parent.path} ${step.id}`),
    branches: Object.fromEntries([...state.branches].map(([path, branch]) => [path, describeBranch(branch)])),
  });
}

function describeBranch(branch: Branch) {
  const { nested, phase, context, exports, results, output, attempts, lastFailure, lastRun, startedAt, endedAt } =
    branch;
  return {
    step: currentStep(branch)?.id,
    ...(nested.length > 0 && {
      nested: nested.map(({ in: nesting, cursor, output }) => ({ in: nesting, cursor, output })),
    }),
    phase: phase.is === 'forked' ? { is: phase.is, step: phase.fork.step.id } : phase,
    ...(Object.keys(branch.children).length > 0 && { children: branch.children }),
    ...{ context, exports, results, output, attempts, lastFailure, lastRun, startedAt, endedAt },
    forks: Object.fromEntries([...branch.forks].map(([step, fork]) => [step, describeFork(fork)])),
  };
}

function describeFork({ concurrency, openedAt, branches, items, decision }: Fork) {
  return { concurrency, openedAt, branches: branches.map(({ name }) => name), items, decision };
}

const plain = (value: unknown): Json => JSON.parse(JSON.stringify(value)) as Json;
