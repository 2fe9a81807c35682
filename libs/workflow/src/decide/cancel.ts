import { type BranchCancelled } from '@braid/events';
import { type Branch, hasEnded } from '../state';
import { type Turn } from './turn';

/** Cancels a branch and everything below it that has not ended, innermost first. */
export function cancelBranch(turn: Turn, branch: Branch, reason: BranchCancelled['reason']): void {
  cancelBelow(turn, branch, reason);
  if (hasEnded(branch)) return;
  const { phase } = branch;
  const attempt = phase.is === 'requested' ? phase.request.attempt : undefined;
  const child = phase.is === 'delegated' ? phase.to.workflow : undefined;
  turn.record({
    type: 'BranchCancelled',
    data: {
      branch: branch.path,
      ...(attempt !== undefined && { attempt }),
      ...(child !== undefined && { child }),
      reason,
    },
  });
}

/** Cancels whatever is at work below a branch. One that has ended itself may have left detached branches behind. */
export function cancelBelow(turn: Turn, branch: Branch, reason: BranchCancelled['reason']): void {
  for (const fork of branch.forks.values()) {
    for (const child of fork.branches) cancelBranch(turn, child, reason);
    if (fork.judge) cancelBranch(turn, fork.judge, reason);
  }
}
