import { type Json } from '@braid/events';
import { type Branch, type Fork } from '../state';
import { Newcomers } from './newcomers';

/** A value that somebody voted for. */
export type Candidate = { value: Json; weight: number; readonly voters: Branch[]; firstVoter: number };

/**
 * The votes of a fork as they come in. Each arrival costs O(1): the two leading candidates are kept, because they say
 * whether anything can still change.
 */
export class Ballot {
  /** Every branch's votes, and those of branches that have not ended. */
  readonly total: number;
  open: number;
  cast = 0;
  first: Candidate | undefined;
  /** The best of the others, which may have as many votes as the first. */
  second: Candidate | undefined;
  /** Branches that completed and cast no vote, and why. */
  readonly silent = new Map<number, string>();
  /** Whether every branch has as many votes as any other. */
  readonly even: boolean;
  private readonly candidates = new Map<string, Candidate>();
  private readonly choices = new Map<number, Candidate>();
  private readonly places = new Map<string, number>();
  private readonly completed: Newcomers;
  private readonly lost: readonly Newcomers[];

  constructor(
    private readonly fork: Fork,
    private readonly weights: { readonly [branch: string]: number },
  ) {
    const all = fork.branches.map((branch) => this.weightOf(branch));
    this.total = all.reduce((sum, weight) => sum + weight, 0);
    this.open = this.total;
    this.even = all.every((weight) => weight === all[0]);
    this.completed = new Newcomers(fork.completed);
    this.lost = [fork.failed, fork.skipped, fork.cancelled].map((set) => new Newcomers(set));
  }

  weightOf({ name }: Branch): number {
    return Object.hasOwn(this.weights, name) ? (this.weights[name] ?? 1) : 1;
  }

  /** Counts the branches that have ended since the last call; `voteOf` gives the value, or the reason why there is none. */
  count(voteOf: (branch: Branch) => { readonly value: Json } | { readonly silent: string }): void {
    for (const lost of this.lost) for (const index of lost.next()) this.open -= this.weightAt(index);
    for (const index of this.completed.next()) {
      this.open -= this.weightAt(index);
      const branch = this.fork.branches[index];
      if (!branch) continue;
      const vote = voteOf(branch);
      if ('silent' in vote) this.silent.set(index, vote.silent);
      else this.add(branch, vote.value);
    }
  }

  /** The branch of this name. */
  branchOf(name: string): Branch | undefined {
    if (this.places.size === 0) for (const branch of this.fork.branches) this.places.set(branch.name, branch.index);
    return this.fork.branches[this.places.get(name) ?? -1];
  }

  /** What a branch voted for. */
  choiceOf(branch: Branch | undefined): Candidate | undefined {
    return branch && this.choices.get(branch.index);
  }

  /** The candidates, the one with the most votes first; of equal ones the one with the first voter in declared order. */
  ranking(): readonly Candidate[] {
    return [...this.candidates.values()].toSorted((a, b) => b.weight - a.weight || a.firstVoter - b.firstVoter);
  }

  private weightAt(index: number): number {
    const branch = this.fork.branches[index];
    return branch ? this.weightOf(branch) : 0;
  }

  private add(branch: Branch, value: Json): void {
    const weight = this.weightOf(branch);
    const key = JSON.stringify(sorted(value));
    const known = this.candidates.get(key);
    const candidate = known ?? { value, weight: 0, voters: [], firstVoter: branch.index };
    if (!known) this.candidates.set(key, candidate);
    this.choices.set(branch.index, candidate);
    candidate.weight += weight;
    candidate.voters.push(branch);
    if (branch.index < candidate.firstVoter) {
      candidate.value = value;
      candidate.firstVoter = branch.index;
    }
    this.cast += weight;
    this.rank(candidate);
  }

  private rank(candidate: Candidate): void {
    if (candidate === this.first) return;
    if (this.first === undefined || candidate.weight > this.first.weight) {
      this.second = this.first;
      this.first = candidate;
    } else if (this.second === undefined || candidate.weight > this.second.weight) {
      this.second = candidate;
    }
  }
}

/** Equal values have equal texts, whatever the order of their keys. An object becomes a list of its fields, marked as such. */
function sorted(value: Json): Json {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((item: Json) => sorted(item));
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return { fields: entries.map(([key, item]) => [key, sorted(item)]) };
}
