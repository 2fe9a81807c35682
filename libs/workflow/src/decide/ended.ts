import { type Json } from '@braid/events';
import { evaluateTemplate } from '../evaluate';
import { scopeOf } from '../scope';
import { type Branch } from '../state';
import { expressionFailure } from './failures';
import { type Turn } from './turn';

/**
 * A branch has ended: the root's end is the workflow's, any other's is an arrival at its convergence. What needed a branch
 * that did not complete is skipped before the convergence is asked, so that this arrival is on record as the one that decided.
 */
export function ended(turn: Turn, branch: Branch): void {
  const { fork } = branch;
  if (!fork) return endWorkflow(turn, branch);
  const lost = branch.phase.is === 'completed' ? [] : [branch];
  for (let each = lost.pop(); each; each = lost.pop()) {
    for (const index of fork.dependents.get(each.index) ?? []) {
      const dependent = fork.branches[index];
      if (dependent?.phase.is !== 'pending') continue;
      turn.record({ type: 'BranchSkipped', data: { branch: dependent.path, reason: 'needs' } });
      lost.push(dependent);
    }
  }
  turn.then({ do: 'settle', fork, arrival: branch, deadlinePassed: false });
}

function endWorkflow(turn: Turn, root: Branch): void {
  if (root.phase.is === 'failed') {
    turn.record({ type: 'WorkflowFailed', data: { failure: root.phase.failure } });
    return;
  }
  let output: Json = root.output;
  if (turn.state.graph.output !== undefined) {
    try {
      output = evaluateTemplate(turn.state.graph.output, scopeOf(turn.state, root));
    } catch (error) {
      const failure = expressionFailure(root, turn.now, 'output', error);
      turn.record({ type: 'WorkflowFailed', data: { failure } });
      return;
    }
  }
  turn.record({ type: 'WorkflowCompleted', data: { output } });
}
