import { type ConvergenceReached, type Requirement, type Strategy } from '@braid/events';
import { type Branch, endedCount, type Fork } from '../state';

/**
 * What a strategy says of a fork: a pure, monotone decision. Once it is `met` or `unreachable`, no further arrival can
 * change it, so the first such answer is final and is given at the earliest possible moment.
 */
export type Verdict =
  | { readonly is: 'waiting' }
  | {
      readonly is: 'met';
      readonly reason: string;
      readonly counted: 'all' | readonly Branch[];
      readonly output: ConvergenceReached['output'];
    }
  | { readonly is: 'unreachable'; readonly reason: string };

export type Arrival = {
  /** The branch whose end asks for a decision; absent when a deadline does, or the opening of the fork. */
  readonly branch: Branch | undefined;
  /** The fork's deadline has passed: settle with what is there. */
  readonly deadlinePassed: boolean;
};

/**
 * One strategy. `judge` is called after each arrival, so it must cost O(1) while it answers `waiting`; sets of branches
 * are gathered only for a decision.
 */
export interface Rule<S extends Strategy> {
  judge(fork: Fork, strategy: S, arrival: Arrival): Verdict;
}

export const waiting: Verdict = { is: 'waiting' };

/** Branches that may still complete. */
export function openCount(fork: Fork): number {
  return fork.branches.length - endedCount(fork);
}

/** The branches that completed, in declared order. */
export function completedBranches(fork: Fork): readonly Branch[] {
  return fork.branches.filter((branch) => fork.completed.has(branch.index));
}

/** The shape in which several branches' outputs are handed on: a `map` gives a list, named branches a record. */
export function collected(fork: Fork): { readonly shape: 'record' | 'list' } {
  return { shape: fork.step.kind === 'map' ? 'list' : 'record' };
}

/** How many branches a requirement asks for: a share is rounded up. */
export function requiredCount(requirement: Requirement, total: number): number {
  return typeof requirement === 'number' ? requirement : Math.ceil((total * requirement.percent) / 100);
}

/** "1 branch", "3 branches". */
export function branchesInWords(count: number): string {
  return count === 1 ? '1 branch' : `${count} branches`;
}
