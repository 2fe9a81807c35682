import { type CompensationStarted, compensationPath, type Json } from '@braid/events';
import { newBranch } from './new-branch';
import { complete } from './progress';
import { type Branch, hasEnded, type Undoable, type Workflow } from './state';

/** A step has an output, and its sequence goes on. Whether it could be undone is kept, with what its branch sees now. */
export function completeStep(state: Workflow, branch: Branch, id: string, output: Json): void {
  const step = complete(branch, id, output);
  const { context, results } = branch;
  // A step whose failure was answered has an output too, and has not completed.
  if (step.compensate && results[id]?.status === 'completed') state.undoable.push({ branch, step, context, results });
}

/** Opens a branch for each step that can be undone, the last one to complete first. All are pending. */
export function compensationStarted(state: Workflow, because: CompensationStarted): void {
  const branches = state.undoable.toReversed().map(compensationOf);
  for (const branch of branches) state.branches.set(branch.path, branch);
  state.compensation = { because, branches, next: 0 };
  // A cancel is an order to end now; a failure may come while nothing is to be started.
  if (because.because === 'cancelled') state.status = 'running';
}

/** Passes over the compensations that have ended. */
export function passCompensated({ compensation }: Workflow): void {
  if (!compensation) return;
  for (let at = compensation.branches[compensation.next]; at && hasEnded(at);) {
    compensation.next += 1;
    at = compensation.branches[compensation.next];
  }
}

function compensationOf({ branch, step, context, results }: Undoable, index: number): Branch {
  const path = compensationPath(branch.path, step.id);
  return newBranch({
    ...{ path, name: path, parent: undefined, fork: undefined, compensates: { branch, step: step.id } },
    ...{ index, steps: step.compensate ?? [], context, results },
  });
}
