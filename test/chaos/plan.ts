import { type Family, familyActs } from './families';
import { type Crew, type Deal, roundDeck, roundMs, shortDeck, shortFirst } from './decks';
import { type Deed, durationOf } from './deeds';
import { random, seedOf } from './random';

/** A deed at its moment, in milliseconds since the beginning. */
export type Act = { readonly at: number } & Deed;

export type PlanOptions = Crew & { readonly seed: number; readonly chaosMs: number };

const warmUpMs = 3_000;
const longRunMs = 150_000;
const leastGapMs = 1_500;
const mostGapMs = 5_000;
/** From this length on, the first of each kind of process is not killed in the second half, so that its memory tells something. */
const sparingMs = 600_000;

/** What happens when. The same options give the same plan. */
export function planOf(options: PlanOptions): readonly Act[] {
  const acts = options.chaosMs < longRunMs ? shortPlan(options) : longPlan(options);
  return [...acts, ...lastActs(options)].toSorted((one, other) => one.at - other.at);
}

/** At the end the orchestrators are killed, so that nothing is left to what they remember, or to what comes later. */
function lastActs(options: PlanOptions): readonly Act[] {
  const first = options.chaosMs >= sparingMs && options.orchestrators > 1 ? 2 : 1;
  return Array.from({ length: options.orchestrators + 1 - first }, (_, index) => ({
    at: options.chaosMs,
    ...{ is: 'kill', member: `orchestrator-${first + index}`, downMs: 0 },
  }));
}

/** Every act of one family, which are played one after the other. */
export function planOfFamily(family: Family, options: PlanOptions): readonly Deed[] {
  const draw = random(seedOf(options.seed, family));
  return familyActs[family].map((deal) => deal({ draw, ...options, sparing: false }));
}

/** A short run plays a few cards only, so what matters most comes first, in some order. */
function shortPlan(options: PlanOptions): readonly Act[] {
  const draw = random(seedOf(options.seed, 'plan'));
  const acts: Act[] = [];
  const cards: Deal[] = draw.shuffled(shortFirst);
  for (let at = warmUpMs; at < options.chaosMs - leastGapMs; at += draw.whole(leastGapMs, mostGapMs)) {
    if (cards.length === 0) cards.push(...draw.shuffled(shortDeck));
    const deal = cards.shift();
    if (deal !== undefined) acts.push({ at, ...deal({ draw, ...options, sparing: false }) });
  }
  return acts;
}

/** Every round of three minutes holds the same acts, so that any seed has all of them; the seed says when, and against whom. */
function longPlan(options: PlanOptions): readonly Act[] {
  const draw = random(seedOf(options.seed, 'plan'));
  const rounds = Math.max(1, Math.round(options.chaosMs / roundMs));
  const lengthMs = (options.chaosMs - warmUpMs) / rounds;
  const acts: Act[] = [];
  for (let round = 0; round < rounds; round++) {
    const begin = warmUpMs + round * lengthMs;
    const cards = draw.shuffled(roundDeck(round, rounds));
    const gapMs = lengthMs / cards.length;
    cards.forEach((deal, index) => {
      const planned = Math.round(begin + (index + draw.next() * 0.8) * gapMs);
      const sparing = options.chaosMs >= sparingMs && planned >= options.chaosMs / 2;
      const deed = deal({ draw, ...options, sparing });
      // What lasts is begun early enough to be over with the round.
      const latest = Math.round(begin + lengthMs - durationOf(deed) - leastGapMs);
      acts.push({ at: Math.max(Math.min(planned, latest), Math.round(begin)), ...deed });
    });
  }
  return acts;
}
