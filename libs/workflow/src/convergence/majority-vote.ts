import { type Json, type Strategy } from '@braid/events';
import { evaluateExpression } from '../evaluate';
import { ExpressionError } from '../expression/expression-error';
import { convergenceScope } from '../scope';
import { type Branch, type Fork, type Workflow } from '../state';
import { Ballot, type Candidate } from './ballot';
import { possibleVotes, standingOf } from './majority';
import { Memory } from './memory';
import { inDeclaredOrder, type Rule, waiting } from './strategy';
import { type Result, noMajority, victory } from './vote-words';

type Majority = Extract<Strategy, { name: 'majority-vote' }>;

const ballots = new Memory<Ballot>();

/**
 * Met as soon as one value has more than half of the votes, counted by weight: of all that there could be (`of: all`), or of
 * those that will have been cast. A branch that fails, whose `by` cannot be evaluated or gives null casts none. Unreachable
 * as soon as no outstanding vote can bring a majority, or a tie that `tieBreak` decides.
 *
 * The output's `result` is the output of the first branch in declared order that voted for the winner by then.
 */
export const majorityVote: Rule<Majority> = {
  judge(fork, strategy, { workflow, deadlinePassed }) {
    const ballot = ballots.of(fork, () => new Ballot(fork, strategy.weights ?? {}));
    ballot.count((branch) => voteOf(workflow, strategy, branch));
    const standing = standingOf(fork, ballot, strategy, deadlinePassed);
    if (standing.is === 'open') return waiting;
    const leader = standing.is === 'won' ? standing.winner : ballot.ranking()[0];
    const result = resultOf(fork, ballot, leader, possibleVotes(ballot, strategy, deadlinePassed));
    const votes = ballot.ranking().map(votesOf);
    if (standing.is === 'won') {
      const counted = inDeclaredOrder(fork, indexesOf(standing.winner));
      const value: Json = { value: standing.winner.value, votes, result: counted[0]?.output ?? null };
      const reason = victory(result, standing.winner, standing.by);
      return { is: 'met', reason, counted, output: { shape: 'value', value }, dissented: result.dissented };
    }
    const details = { votes, withoutVote: result.silent.map(({ name }) => name) };
    return { is: 'unreachable', reason: noMajority(result), dissented: result.dissented, details };
  },
};

function voteOf(workflow: Workflow, { by }: Majority, branch: Branch) {
  try {
    const value = evaluateExpression(by, convergenceScope(workflow, branch));
    return value === null ? { silent: 'its vote is null' } : { value };
  } catch (error) {
    if (error instanceof ExpressionError) return { silent: error.reason };
    throw error;
  }
}

/** What is said of an election: its candidates, those who are not of the leader's mind, and those of them without a vote. */
function resultOf(fork: Fork, ballot: Ballot, leader: Candidate | undefined, possible: number): Result {
  const silent = inDeclaredOrder(fork, [...ballot.silent.keys(), ...fork.failed]);
  const others = ballot.ranking().flatMap((each) => (each === leader ? [] : indexesOf(each)));
  const dissented = inDeclaredOrder(fork, [...others, ...ballot.silent.keys(), ...fork.failed]);
  const [first] = silent.flatMap(({ index }) => ballot.silent.get(index) ?? []);
  return { ranking: ballot.ranking(), fork, possible, dissented, silent, why: first };
}

function votesOf({ value, weight, voters }: Candidate): { value: Json; votes: number; branches: readonly string[] } {
  const branches = voters.toSorted((a, b) => a.index - b.index).map(({ name }) => name);
  return { value, votes: weight, branches };
}

function indexesOf({ voters }: Candidate): readonly number[] {
  return voters.map(({ index }) => index);
}
