import { type Strategy } from '@braid/events';
import { type Branch, type Fork, isJudge } from '../state';
import {
  branchesInWords,
  completedBranches,
  openCount,
  requiredCount,
  type Rule,
  tooFew,
  type Verdict,
  waiting,
} from './strategy';

/**
 * Met by the answer of the judge, who is asked when every branch has ended, or the deadline has passed, and at least
 * `require` of them completed. Unreachable as soon as too few can complete any more, or when the judge has failed.
 */
export const judged: Rule<Extract<Strategy, { name: 'judge' }>> = {
  judge(fork, strategy, { branch, deadlinePassed }) {
    if (branch && isJudge(branch)) return answered(fork, branch, strategy.judge.agent);
    const required = requiredCount(strategy.require ?? 1, fork.branches.length);
    const reachable = fork.completed.size + (deadlinePassed ? 0 : openCount(fork));
    return reachable < required ? { is: 'unreachable', reason: tooFew(fork, required, deadlinePassed) } : waiting;
  },
};

/** The branches stand where they did when the judge was asked: all have ended. */
function answered(fork: Fork, judge: Branch, agent: string): Verdict {
  const { phase, output } = judge;
  const asked = `of ${branchesInWords(fork.branches.length)}, ${fork.completed.size} completed`;
  if (phase.is === 'failed') {
    const reason = `the judge ${agent} failed: ${phase.failure.message}; ${asked}`;
    return { is: 'unreachable', reason, cause: phase.failure };
  }
  const counted = fork.completed.size === fork.branches.length ? 'all' : completedBranches(fork);
  return { is: 'met', reason: `${agent} judged: ${asked}`, counted, output: { shape: 'value', value: output } };
}
