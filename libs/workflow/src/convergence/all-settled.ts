import { type Strategy } from '@braid/events';
import {
  branchesInWords,
  collected,
  completedBranches,
  openCount,
  requiredCount,
  type Rule,
  tooFew,
  waiting,
} from './strategy';

/**
 * Met when every branch has ended and at least `require` of them completed (none by default). Unreachable as soon as too
 * few can complete any more.
 */
export const allSettled: Rule<Extract<Strategy, { name: 'all-settled' }>> = {
  judge(fork, strategy, { deadlinePassed }) {
    const total = fork.branches.length;
    const required = requiredCount(strategy.require ?? 0, total);
    const open = openCount(fork);
    const reachable = fork.completed.size + (deadlinePassed ? 0 : open);
    if (reachable < required) {
      return { is: 'unreachable', reason: tooFew(fork, required, deadlinePassed) };
    }
    if (open > 0 && !deadlinePassed) return waiting;
    const late = open > 0 ? `, ${branchesInWords(open)} open at the deadline` : '';
    return {
      is: 'met',
      reason: `every branch has ended: ${fork.completed.size} of ${total} completed (at least ${required})${late}`,
      counted: fork.completed.size === total ? 'all' : completedBranches(fork),
      output: collected(fork),
    };
  },
};
