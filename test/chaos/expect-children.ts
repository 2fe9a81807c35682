import { isDeepStrictEqual } from 'node:util';
import { type ChildEnded, type ChildStarted, type Json } from '@braid/events';
import { type Expectation, type History, type World } from './expectation';

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
  const { workflow } = child;
  const ends = history.flatMap((event) =>
    event.type === 'ChildEnded' && event.data.workflow === workflow ? [event.data] : [],
  );
  const left = history.filter(({ type, data }) => type === 'BranchCancelled' && data.child === workflow).length;
  const childHistory = world.histories.get(workflow);
  const [end] = ends;
  const status = statusOf(childHistory);
  const sameOutput = end?.outcome !== 'completed' || isDeepStrictEqual(outputOf(childHistory), taken(history, end));
  const times = ends.length + left;
  return [
    ...(times === 1 ? [] : [`it waited for ${workflow} ${times} times to the end`]),
    ...(allowedEnds(end?.outcome).includes(status)
      ? []
      : [`${workflow} is ${status}, and its parent says ${end?.outcome ?? 'it was left'}`]),
    ...(namesItsParent(childHistory, id, child) ? [] : [`${workflow} names another parent`]),
    ...(sameOutput ? [] : [`its step has another output than ${workflow}`]),
  ];
}

function namesItsParent(history: History | undefined, id: string, { branch, step, attempt }: ChildStarted): boolean {
  const [first] = history ?? [];
  if (first?.type !== 'WorkflowStarted') return true;
  const { parent } = first.data;
  const named = [parent?.workflow, parent?.branch, parent?.step, parent?.attempt];
  return isDeepStrictEqual(named, [id, branch, step, attempt]);
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
