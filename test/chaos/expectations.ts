import { budgetFaults } from './expect-budget';
import { childFaults } from './expect-children';
import { undoFaults } from './expect-compensation';
import { courseFaults, endFaults, pauseFaults, repeatFaults, signalFaults } from './expect-course';
import { type Expectation } from './expectation';
import { judgeFaults, largeFaults } from './expect-results';

/** What a run expects beside the promises that hold for every workflow alike, by the name of its line. */
export const expectations: Readonly<Record<string, Expectation>> = {
  'undone otherwise than in reverse': undoFaults,
  'children that differ from their parents': childFaults,
  'judges not asked once, after all': judgeFaults,
  'budgets exceeded, or not felt': budgetFaults,
  'large values that differ': largeFaults,
  'signals counted twice, or not': signalFaults,
  'started while paused': pauseFaults,
  'completed steps asked for again': repeatFaults,
  'retries that went on otherwise': courseFaults,
  'ended otherwise than its kind': endFaults,
};
