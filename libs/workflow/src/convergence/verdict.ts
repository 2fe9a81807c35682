import { unreachable } from '@braid/events';
import { type Fork } from '../state';
import { allMustComplete } from './all-must-complete';
import { allSettled } from './all-settled';
import { firstSuccess } from './first-success';
import { bestOf } from './best-of';
import { judged } from './judge';
import { majorityVote } from './majority-vote';
import { quorum } from './quorum';
import { reduce } from './reduce';
import { type Arrival, type Verdict } from './strategy';

/** Asks the fork's strategy. A new strategy is a file in this folder and a line here. */
export function verdictOf(fork: Fork, arrival: Arrival): Verdict {
  const { strategy } = fork.step.converge;
  switch (strategy.name) {
    case 'all-must-complete':
      return allMustComplete.judge(fork, strategy, arrival);
    case 'all-settled':
      return allSettled.judge(fork, strategy, arrival);
    case 'first-success':
      return firstSuccess.judge(fork, strategy, arrival);
    case 'quorum':
      return quorum.judge(fork, strategy, arrival);
    case 'majority-vote':
      return majorityVote.judge(fork, strategy, arrival);
    case 'best-of':
      return bestOf.judge(fork, strategy, arrival);
    case 'reduce':
      return reduce.judge(fork, strategy, arrival);
    case 'judge':
      return judged.judge(fork, strategy, arrival);
    default:
      return unreachable(strategy);
  }
}
