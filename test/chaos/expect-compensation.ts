import { compensationPath, isInCompensation, type StoredEvent } from '@braid/events';
import { everyStep } from '@braid/workflow';
import { type Expectation, type History } from './expectation';

type Undoing = { readonly path: string; begun: number; ended: number | undefined };

/**
 * Steps that had completed and say how they are undone: each is undone once, the last one first, and one after the other. Goes
 * by agent steps, which is what the load's playbooks undo.
 */
export const undoFaults: Expectation = (_id, history) => {
  const [first] = history;
  if (first?.type !== 'WorkflowStarted') return undefined;
  const undoable = new Set(
    [...everyStep(first.data.graph.steps)].flatMap(({ id, compensate }) => (compensate ? [id] : [])),
  );
  if (undoable.size === 0) return undefined;
  const begin = history.findIndex(({ type }) => type === 'CompensationStarted');
  const done = history.slice(0, begin === -1 ? history.length : begin).flatMap((event) => completed(event, undoable));
  const last = history.at(-1)?.type;
  if (begin === -1) {
    return done.length > 0 && (last === 'WorkflowFailed' || last === 'WorkflowCancelled')
      ? [`nothing was undone of ${done.join(', ')}`]
      : [];
  }
  const undoings = undoingsOf(history);
  const expected = done.toReversed();
  const actual = undoings.map(({ path }) => path);
  const faults: string[] = [];
  if (expected.join() !== actual.join()) faults.push(`undid ${actual.join(', ')} instead of ${expected.join(', ')}`);
  undoings.forEach(({ path, ended }, index) => {
    const next = undoings[index + 1];
    if (ended === undefined) faults.push(`${path} has no end`);
    else if (next !== undefined && next.begun < ended) faults.push(`${next.path} began before ${path} had ended`);
  });
  return faults;
};

function completed(event: StoredEvent, undoable: ReadonlySet<string>): readonly string[] {
  if (event.type !== 'BranchAdvanced' && event.type !== 'BranchCompleted') return [];
  const { branch, step } = event.data;
  return step !== undefined && undoable.has(step) ? [compensationPath(branch, step)] : [];
}

/** The branches that undo something, in the order in which they began. */
function undoingsOf(history: History): readonly Undoing[] {
  const undoings = new Map<string, Undoing>();
  history.forEach((event, index) => {
    const path = 'branch' in event.data ? event.data.branch : undefined;
    if (path === undefined || !isInCompensation(path)) return;
    const undoing = undoings.get(path) ?? { path, begun: index, ended: undefined };
    undoings.set(path, undoing);
    const { type } = event;
    if (type === 'BranchCompleted' || type === 'BranchFailed' || type === 'BranchCancelled') undoing.ended = index;
  });
  return [...undoings.values()];
}
