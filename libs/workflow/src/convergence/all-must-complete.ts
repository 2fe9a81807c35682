import { type Strategy } from '@braid/events';
import { branchesInWords, collected, openCount, type Rule, waiting } from './strategy';

/** Met when every branch completed; a skipped branch asks for nothing. Unreachable with the first that did not. */
export const allMustComplete: Rule<Extract<Strategy, { name: 'all-must-complete' }>> = {
  judge(fork, _strategy, { deadlinePassed }) {
    const lost = fork.failed.size + fork.cancelled.size;
    if (lost > 0) {
      const [first] = fork.failed.size > 0 ? fork.failed : fork.cancelled;
      const name = fork.branches[first ?? 0]?.name ?? '';
      const verb = fork.failed.size > 0 ? 'failed' : 'was cancelled';
      return { is: 'unreachable', reason: `every branch must complete, and ${name} ${verb}` };
    }
    const open = openCount(fork);
    if (open === 0) {
      const completed = branchesInWords(fork.completed.size);
      const skipped = fork.skipped.size > 0 ? `, ${fork.skipped.size} skipped` : '';
      const counted = fork.skipped.size === 0 ? 'all' : fork.branches.filter((b) => fork.completed.has(b.index));
      return { is: 'met', reason: `every branch completed: ${completed}${skipped}`, counted, output: collected(fork) };
    }
    if (deadlinePassed) {
      return {
        is: 'unreachable',
        reason: `every branch must complete, and ${branchesInWords(open)} had not at the deadline`,
      };
    }
    return waiting;
  },
};
