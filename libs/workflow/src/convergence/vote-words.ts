import { type Json } from '@braid/events';
import { type Branch, type Fork } from '../state';
import { type Candidate } from './ballot';
import { namesInWords, openCount } from './strategy';

export type Result = {
  readonly fork: Fork;
  /** The one with the most votes first. */
  readonly ranking: readonly Candidate[];
  /** The votes of which more than half are a majority. */
  readonly possible: number;
  readonly dissented: readonly Branch[];
  /** Of the dissenters those that cast no vote. */
  readonly silent: readonly Branch[];
  /** Why the first of them that completed cast none. */
  readonly why: string | undefined;
};

/** "approve has 2 of 3 votes: security, speed; style dissents" */
export function victory(result: Result, winner: Candidate, by: 'majority' | 'tie-break'): string {
  const voters = namesInWords(winner.voters.toSorted((a, b) => a.index - b.index));
  const tied = result.ranking.filter(({ weight }) => weight === winner.weight).map(({ value }) => valueInWords(value));
  const figures = `${valueInWords(winner.value)} has ${winner.weight} of ${result.possible} ${votes(result.possible)}: ${voters}`;
  const tie = by === 'tie-break' ? `, which wins the tie of ${tied.slice(0, mostValues).join(' and ')}` : '';
  return `${figures}${tie}${dissent(result)}${withoutVote(result)}`;
}

/** "no value has more than half of 4 votes: approve 2, reject 2" */
export function noMajority(result: Result): string {
  const { ranking, possible, fork } = result;
  if (ranking.length === 0 && openCount(fork) === 0) return `no branch cast a vote${withoutVote(result)}`;
  const shown = ranking.slice(0, mostValues).map(({ value, weight }) => `${valueInWords(value)} ${weight}`);
  const more = ranking.length > mostValues ? [`${ranking.length - mostValues} others`] : [];
  const open = openCount(fork) > 0 ? [`${openCount(fork)} open`] : [];
  const tally = [...shown, ...more, ...open].join(', ');
  return `no value can have more than half of ${possible} ${votes(possible)}: ${tally}${withoutVote(result)}`;
}

const mostValues = 5;
const longestValue = 60;

function valueInWords(value: Json): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length > longestValue ? `${text.slice(0, longestValue)}…` : text;
}

function votes(count: number): string {
  return count === 1 ? 'vote' : 'votes';
}

function dissent({ dissented, silent }: Result): string {
  const without = new Set(silent);
  const speaking = dissented.filter((branch) => !without.has(branch));
  if (speaking.length === 0) return '';
  return `; ${namesInWords(speaking)} ${speaking.length === 1 ? 'dissents' : 'dissent'}`;
}

function withoutVote({ silent, why }: Result): string {
  if (silent.length === 0) return '';
  return `; ${namesInWords(silent)} cast no vote${why === undefined ? '' : ` (${why})`}`;
}
