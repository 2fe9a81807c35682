import { type Branch, noChildren, nothingYet, phases } from './state';

/** What is to be said of a branch when it opens; everything else is as it is before the first step. */
type Opening = Pick<
  Branch,
  'path' | 'name' | 'parent' | 'fork' | 'compensates' | 'index' | 'steps' | 'context' | 'results'
>;

/** A branch before its first step, pending. */
export function newBranch(opening: Opening): Branch {
  return {
    ...opening,
    ...nothingYet,
    cursor: 0,
    phase: phases.pending,
    output: null,
    attempts: 0,
    earlierAttempts: 0,
    wasDeferred: false,
    lastFailure: undefined,
    lastRun: undefined,
    startedAt: undefined,
    endedAt: undefined,
    children: noChildren,
  };
}
