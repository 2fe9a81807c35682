import { type Strategy } from '@braid/events';
import {
  collected,
  completedBranches,
  namesInWords,
  openCount,
  requiredCount,
  type Rule,
  tooFew,
  waiting,
} from './strategy';

/**
 * Met as soon as `require` branches have completed, by those. Unreachable as soon as too few can complete any more. Which
 * branches complete first is what the order of arrival decides; whether enough do is not.
 */
export const quorum: Rule<Extract<Strategy, { name: 'quorum' }>> = {
  judge(fork, strategy, { deadlinePassed }) {
    const total = fork.branches.length;
    const required = requiredCount(strategy.require, total);
    if (fork.completed.size >= required) {
      const completed = completedBranches(fork);
      const names = completed.length > 0 ? `: ${namesInWords(completed)}` : '';
      return {
        is: 'met',
        reason: `${completed.length} of ${total} completed, and ${required} were required${names}`,
        counted: completed.length === total ? 'all' : completed,
        output: collected(fork),
      };
    }
    const reachable = fork.completed.size + (deadlinePassed ? 0 : openCount(fork));
    return reachable < required ? { is: 'unreachable', reason: tooFew(fork, required, deadlinePassed) } : waiting;
  },
};
