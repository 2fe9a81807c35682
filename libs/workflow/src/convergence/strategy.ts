import { type ConvergenceReached, type Failure, type JsonObject, type Requirement, type Strategy } from '@braid/events';
import { type Branch, endedCount, type Fork, type Workflow } from '../state';

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
      /** Who ended otherwise than the decision; those that failed, unless the strategy knows better. */
      readonly dissented?: readonly Branch[];
    }
  | {
      readonly is: 'unreachable';
      readonly reason: string;
      /** Who ended otherwise than the decision; those that completed, unless the strategy knows better. */
      readonly dissented?: readonly Branch[];
      /** Goes into the failure, for readers that want more than words. */
      readonly details?: JsonObject;
      /** The failure behind it; that of the first branch that failed, in declared order, unless the strategy knows better. */
      readonly cause?: Failure;
    };

export type Arrival = {
  /** For the scopes of the strategy's expressions. */
  readonly workflow: Workflow;
  /** The branch whose end asks for a decision; absent when a deadline does, or the opening of the fork. */
  readonly branch: Branch | undefined;
  /** The fork's deadline has passed: settle with what is there. */
  readonly deadlinePassed: boolean;
};

/**
 * One strategy. `judge` is called after each arrival, so it must cost O(1) while it answers `waiting`; sets of branches
 * are gathered only for a decision. It goes by the fork's sets and never by the phases of branches that have not arrived:
 * a fork may be judged again long after it was decided, to tell what another strategy would have said.
 */
export interface Rule<S extends Strategy> {
  judge(fork: Fork, strategy: S, arrival: Arrival): Verdict;
}

export const waiting: Verdict = { is: 'waiting' };

/** Branches that may still complete. */
export function openCount(fork: Fork): number {
  return fork.branches.length - endedCount(fork);
}

/** Whether a fork counts a branch among those that have ended. */
export function hasArrived(fork: Fork, { index }: Branch): boolean {
  return fork.completed.has(index) || fork.failed.has(index) || fork.skipped.has(index) || fork.cancelled.has(index);
}

/** The branches that completed, in declared order. */
export function completedBranches(fork: Fork): readonly Branch[] {
  return fork.branches.filter((branch) => fork.completed.has(branch.index));
}

/** Why too few branches can complete, in words. */
export function tooFew(fork: Fork, required: number, deadlinePassed: boolean): string {
  const { size } = fork.completed;
  const figures = `${size} of ${fork.branches.length} completed`;
  return deadlinePassed
    ? `at least ${required} must complete, and at the deadline ${figures}`
    : `at least ${required} must complete, and at most ${size + openCount(fork)} can: ${figures}`;
}

/** The branches of a fork that have an index of these, in declared order. */
export function inDeclaredOrder(fork: Fork, indexes: Iterable<number>): readonly Branch[] {
  return [...indexes].toSorted((a, b) => a - b).flatMap((index) => fork.branches[index] ?? []);
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

const mostNames = 10;

/** "a, b and 3 more": names of branches, few enough for a sentence. */
export function namesInWords(branches: readonly Branch[]): string {
  const shown = branches.slice(0, mostNames).map(({ name }) => name);
  const more = branches.length - shown.length;
  return more > 0 ? `${shown.join(', ')} and ${more} more` : shown.join(', ');
}
