import { isDeepStrictEqual } from 'node:util';
import { type ChildEnded, type ChildStarted, type Json } from '@braid/events';
import { type Expectation, type History, type World } from './expectations';

/** A child and its parent say the same of each other, and nobody waits for a child twice, or for ever. */
export const childFaults: Expectation = (id, history, world) => {
  const [first] = history;
  if (first?.type !== 'WorkflowStarted') return undefined;
  const started = history.flatMap((event) => (event.type === 'ChildStarted' ? [event.data] : []));
  const { parent } = first.data;
  if (started.length === 0 && parent === undefined) return undefined;
  const faults = started.flatMap((child) => familyFaults(id, history, child, world));
  if (parent !== undefined) {
    const asked = world.histories
      .get(parent.workflow)
      ?.some(({ type, data }) => type === 'ChildStarted' && data.workflow === id);
    if (asked !== true) faults.push(`${parent.workflow} did not ask for it`);
  }
  return faults;
};

function familyFaults(id: string, history: History, child: ChildStarted, world: World): readonly string[] {
  const { workflow, branch, step, attempt } = child;
  const ends = history.flatMap((event) =>
    event.type === 'ChildEnded' && event.data.workflow === workflow ? [event.data] : [],
  );
  const left = history.filter(({ type, data }) => type === 'BranchCancelled' && data.child === workflow).length;
  const faults: string[] = [];
  if (ends.length + left !== 1) faults.push(`it waited for ${workflow} ${ends.length + left} times to the end`);
  const childHistory = world.histories.get(workflow);
  const [end] = ends;
  const status = statusOf(childHistory);
  const allowed = allowedEnds(end?.outcome);
  if (!allowed.includes(status))
    faults.push(`${workflow} is ${status}, and its parent says ${end?.outcome ?? 'it was left'}`);
  const [first] = childHistory ?? [];
  if (first?.type === 'WorkflowStarted') {
    const { parent } = first.data;
    const names = { workflow: parent?.workflow, branch: parent?.branch, step: parent?.step, attempt: parent?.attempt };
    if (!isDeepStrictEqual(names, { workflow: id, branch, step, attempt }))
      faults.push(`${workflow} names another parent`);
  }
  if (end?.outcome === 'completed' && !isDeepStrictEqual(outputOf(childHistory), taken(history, end)))
    faults.push(`its step has another output than ${workflow}`);
  return faults;
}

/** A child that is left may have come to its end by itself, or may never have been started. */
function allowedEnds(outcome: ChildEnded['outcome'] | undefined): readonly string[] {
  switch (outcome) {
    case 'completed':
    case 'failed':
    case 'cancelled':
      return [outcome];
    case 'refused':
      return ['nowhere'];
    case 'given-up':
    case undefined:
      return ['cancelled', 'completed', 'failed', 'nowhere'];
  }
}

function statusOf(history: History | undefined): string {
  switch (history?.at(-1)?.type) {
    case undefined:
      return 'nowhere';
    case 'WorkflowCompleted':
      return 'completed';
    case 'WorkflowFailed':
      return 'failed';
    case 'WorkflowCancelled':
      return 'cancelled';
    default:
      return 'open';
  }
}

function outputOf(history: History | undefined): Json | undefined {
  const last = history?.at(-1);
  return last?.type === 'WorkflowCompleted' ? last.data.output : undefined;
}

/** The output of the step that waited for the child. */
function taken(history: History, { branch, step, workflow }: ChildEnded): Json | undefined {
  const at = history.findIndex(({ type, data }) => type === 'ChildEnded' && data.workflow === workflow);
  const next = history
    .slice(at)
    .find(
      ({ type, data }) =>
        (type === 'BranchAdvanced' || type === 'BranchCompleted') && data.branch === branch && data.step === step,
    );
  return next?.type === 'BranchAdvanced' || next?.type === 'BranchCompleted' ? next.data.output : undefined;
}
