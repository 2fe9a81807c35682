import { type Branch, type Fork } from '../state';
import { type Ballot, type Candidate } from './ballot';
import { hasArrived, openCount } from './strategy';

/**
 * Of how many outstanding votes sums are tried, and in how many steps. Beyond that a tie counts as possible, and the answer
 * comes with later arrivals: votes of many weights have more sums than can be tried, and no arrival may cost that much.
 */
const mostVotes = 24;
const mostSteps = 20_000;

/** Two values and how far they are from each other: the votes of the first and of the second, of which each may be new. */
type Pair = { readonly one: number; readonly other: number };

/**
 * Whether outstanding votes of unequal weights can still make a tie that has a winner, where no majority is in reach. All of
 * them may stay away, so it takes two disjoint sets of them that bring two values level, and above every other value.
 * `casting`: the branch whose value must be one of the two.
 */
export function canTie(fork: Fork, ballot: Ballot, casting?: Branch): boolean {
  if (openCount(fork) > mostVotes) return true;
  const isOut = casting && !hasArrived(fork, casting);
  const choice = ballot.choiceOf(casting);
  if (casting && !isOut && !choice) return false;
  const out = fork.branches.filter((branch) => !hasArrived(fork, branch) && branch !== casting);
  const weights = out.map((branch) => ballot.weightOf(branch));
  const level = ballot.first?.weight ?? 0;
  const extra = isOut ? ballot.weightOf(casting) : 0;
  const pairs = pairsOf(ballot.ranking(), casting ? (choice ?? 'any') : undefined, extra);
  return reaches(weights, pairs, level);
}

/** The pairs of values that may come to share the most votes; a value that nobody has voted for yet has none. */
function pairsOf(ranking: readonly Candidate[], must: Candidate | 'any' | undefined, extra: number): readonly Pair[] {
  // Of values with equally many votes two are enough to stand for all.
  const distinct = ranking.filter(({ weight }, at) => ranking[at - 2]?.weight !== weight);
  const values = [...distinct.map(({ weight }) => weight), 0, 0];
  if (must !== undefined && must !== 'any') {
    const others = [...ranking.filter((each) => each !== must).map(({ weight }) => weight), 0];
    return [...new Set(others)].map((other) => ({ one: must.weight, other }));
  }
  return values.flatMap((one, at) =>
    values.flatMap((other, index) => (index === at ? [] : [{ one: one + extra, other }])),
  );
}

/** Whether disjoint sets of weights bring the two values of a pair level with each other, at `level` or above. */
function reaches(weights: readonly number[], pairs: readonly Pair[], level: number): boolean {
  /** By how much more the second set weighs than the first: the most that both can weigh together. */
  let sums = new Map([[0, 0]]);
  let steps = 0;
  for (const weight of weights) {
    const next = new Map(sums);
    for (const [ahead, total] of sums) {
      for (const sum of [ahead + weight, ahead - weight]) next.set(sum, Math.max(next.get(sum) ?? 0, total + weight));
    }
    steps += sums.size;
    if (steps > mostSteps) return true;
    sums = next;
  }
  return pairs.some(({ one, other }) => {
    const total = sums.get(one - other);
    return total !== undefined && (one + other + total) / 2 >= Math.max(level, 1);
  });
}
