import { type Strategy } from '@braid/events';
import { type Fork } from '../state';
import { type Ballot, type Candidate } from './ballot';
import { hasArrived, openCount } from './strategy';
import { canTie } from './tie';

type Rules = Pick<Extract<Strategy, { name: 'majority-vote' }>, 'of' | 'tieBreak'>;

/** How an election stands: `open` while a vote that is outstanding could change who wins or whether anybody does. */
export type Standing =
  | { readonly is: 'open' }
  | { readonly is: 'won'; readonly winner: Candidate; readonly by: 'majority' | 'tie-break' }
  | { readonly is: 'lost' };

/**
 * A value wins with more than half of the votes. Without such a value, several that share the most votes are a tie, which
 * `tieBreak` decides when everybody has ended. `over`: whoever has not ended by now casts no vote.
 */
export function standingOf(fork: Fork, ballot: Ballot, rules: Rules, over: boolean): Standing {
  const open = over ? 0 : ballot.open;
  const most = ballot.first?.weight ?? 0;
  const base = possibleVotes(ballot, rules, over);
  if (ballot.first && 2 * most > base) return { is: 'won', winner: ballot.first, by: 'majority' };
  if (open === 0) return finalStanding(ballot, rules);
  if (ballot.first && winsEvenTheLastTie(fork, ballot, ballot.first, rules)) {
    return { is: 'won', winner: ballot.first, by: 'majority' };
  }
  return 2 * (most + open) > base || isTieInReach(fork, ballot, rules) ? { is: 'open' } : { is: 'lost' };
}

/** The votes of which more than half are a majority: with `cast` those that were cast or still may be. */
export function possibleVotes(ballot: Ballot, { of }: Pick<Rules, 'of'>, over: boolean): number {
  return of === 'all' ? ballot.total : ballot.cast + (over ? 0 : ballot.open);
}

function finalStanding(ballot: Ballot, { tieBreak }: Rules): Standing {
  const ranking = ballot.ranking();
  const tied = ranking.filter(({ weight }) => weight === ranking[0]?.weight);
  if (tied.length < 2 || tieBreak === 'fail') return { is: 'lost' };
  const choice = tieBreak === 'first' ? tied[0] : ballot.choiceOf(ballot.branchOf(tieBreak.branch));
  return choice && tied.includes(choice) ? { is: 'won', winner: choice, by: 'tie-break' } : { is: 'lost' };
}

/**
 * Of the votes cast, the only value so far has as many as the one branch that is still out: it wins unless that branch
 * votes otherwise, and then there is a tie; so it has won already if it is the tie's winner.
 */
function winsEvenTheLastTie(fork: Fork, ballot: Ballot, only: Candidate, { of, tieBreak }: Rules): boolean {
  if (of === 'all' || tieBreak === 'fail' || ballot.second || only.weight !== ballot.open) return false;
  if (openCount(fork) !== 1) return false;
  if (tieBreak !== 'first') return ballot.choiceOf(ballot.branchOf(tieBreak.branch)) === only;
  return only.firstVoter < fork.branches.findIndex((branch) => !hasArrived(fork, branch));
}

/** Whether, with no majority in reach, there can still be a tie that has a winner. */
function isTieInReach(fork: Fork, ballot: Ballot, rules: Rules): boolean {
  if (!mayTie(fork, ballot, rules)) return false;
  const { tieBreak } = rules;
  return (
    ballot.even || canTie(fork, ballot, typeof tieBreak === 'object' ? ballot.branchOf(tieBreak.branch) : undefined)
  );
}

/**
 * Exact where every branch has equally many votes. With unequal ones it may say yes although no sum of the outstanding votes
 * closes the gap, which {@link canTie} tells.
 */
function mayTie(fork: Fork, ballot: Ballot, { tieBreak }: Rules): boolean {
  if (tieBreak === 'fail') return false;
  const { first, open } = ballot;
  const outstanding = openCount(fork);
  const gap = (first?.weight ?? 0) - (ballot.second?.weight ?? 0);
  if (tieBreak === 'first') return first ? gap <= open : outstanding > 1;
  const casting = ballot.branchOf(tieBreak.branch);
  if (!casting || hasArrived(fork, casting)) return mayTieWith(ballot, ballot.choiceOf(casting));
  if (!first) return outstanding > 1;
  return gap > 0 ? gap <= open : outstanding > 1 || canCatchUp(ballot, first, open);
}

/** Whether the outstanding votes suffice to make this value a leader beside another one. */
function mayTieWith({ first, second, open }: Ballot, choice: Candidate | undefined): boolean {
  if (!first || !choice) return false;
  const rival = choice === first ? second : first;
  return Math.max(first.weight - choice.weight, first.weight - (rival?.weight ?? 0)) <= open;
}

/** Whether one vote of this weight makes a value that is behind, or a new one, a leader among others. */
function canCatchUp(ballot: Ballot, leader: Candidate, weight: number): boolean {
  return leader.weight === weight || ballot.ranking().some((each) => each.weight + weight === leader.weight);
}
