import { type Strategy } from '@braid/events';
import { branchesInWords, openCount, type Rule, waiting } from './strategy';
import { schemaProblems } from '../playbook/check-value';

/** Met by the first branch that completes, with `schema` the first whose output is valid. Order of arrival decides. */
export const firstSuccess: Rule<Extract<Strategy, { name: 'first-success' }>> = {
  judge(fork, strategy, { branch, deadlinePassed }) {
    if (
      branch?.phase.is === 'completed' &&
      (!strategy.schema || schemaProblems(strategy.schema, branch.output, 'output').length === 0)
    ) {
      return {
        is: 'met',
        reason: `${branch.name} was the first to succeed, of ${branchesInWords(fork.branches.length)}`,
        counted: [branch],
        output: { shape: 'single' },
      };
    }
    const open = openCount(fork);
    if (open > 0 && !deadlinePassed) return waiting;
    const invalid =
      fork.completed.size > 0 ? `, ${fork.completed.size} completed with an output that does not match the schema` : '';
    const ended = `${fork.failed.size} failed${invalid}`;
    return {
      is: 'unreachable',
      reason:
        deadlinePassed && open > 0
          ? `no branch had succeeded at the deadline: ${ended}`
          : `no branch succeeded: ${ended}`,
    };
  },
};
