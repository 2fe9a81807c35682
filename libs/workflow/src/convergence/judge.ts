import { unreachable } from '@braid/events';
import { type Fork } from '../state';
import { allMustComplete } from './all-must-complete';
import { allSettled } from './all-settled';
import { firstSuccess } from './first-success';
import { type Arrival, type Verdict } from './strategy';

/** Asks the fork's strategy. A new strategy is a file in this folder and a line here. */
export function judge(fork: Fork, arrival: Arrival): Verdict {
  const { strategy } = fork.step.converge;
  switch (strategy.name) {
    case 'all-must-complete':
      return allMustComplete.judge(fork, strategy, arrival);
    case 'all-settled':
      return allSettled.judge(fork, strategy, arrival);
    case 'first-success':
      return firstSuccess.judge(fork, strategy, arrival);
    default:
      return unreachable(strategy);
  }
}
