import { type WorkflowEvent } from '@braid/events';
import { evaluateTemplate } from '../evaluate';
import { scopeOf } from '../scope';
import { isInWant } from '../needs';
import { type Branch } from '../state';
import { cancelBelow } from './cancel';
import { compensate } from './compensate';
import { expressionFailure } from '../failures';
import { type Turn } from './turn';

/**
 * A branch has ended: the root's end is the workflow's, that of a compensation lets the next one begin, any other's is an arrival at its convergence. What needed a branch
 * that did not complete is skipped before the convergence is asked, so that this arrival is on record as the one that decided.
 */
export function ended(turn: Turn, branch: Branch): void {
  const { fork } = branch;
  if (branch.compensates) return turn.then({ do: 'compensate' });
  if (!fork) return endWorkflow(turn, branch);
  const lost = branch.phase.is === 'completed' ? [] : [branch];
  for (let each = lost.pop(); each; each = lost.pop()) {
    for (const index of fork.dependents.get(each.index) ?? []) {
      const dependent = fork.branches[index];
      if (dependent?.phase.is !== 'pending' || !isInWant(fork, index)) continue;
      turn.record({ type: 'BranchSkipped', data: { branch: dependent.path, reason: 'needs' } });
      lost.push(dependent);
    }
  }
  turn.then({ do: 'settle', fork, arrival: branch, deadlinePassed: false });
}

/** Whatever was detached is not waited for: the workflow's end is its end. */
function endWorkflow(turn: Turn, root: Branch): void {
  const end = endOf(turn, root);
  cancelBelow(turn, root, end.type === 'WorkflowCompleted' ? 'workflow-completed' : 'workflow-failed');
  if (end.type === 'WorkflowFailed') compensate(turn, { because: 'failed', failure: end.data.failure });
  else turn.record(end);
}

function endOf(turn: Turn, root: Branch): Extract<WorkflowEvent, { type: 'WorkflowCompleted' | 'WorkflowFailed' }> {
  if (root.phase.is === 'failed') return { type: 'WorkflowFailed', data: { failure: root.phase.failure } };
  const { output } = turn.state.graph;
  if (output === undefined) return { type: 'WorkflowCompleted', data: { output: root.output } };
  try {
    const data = { output: evaluateTemplate(output, scopeOf(turn.state, root)) };
    return { type: 'WorkflowCompleted', data };
  } catch (error) {
    const failure = expressionFailure(root, turn.now, 'output', error);
    return { type: 'WorkflowFailed', data: { failure } };
  }
}
