import { type Random, random, seedOf } from './random';

/** One disturbance. Durations are in milliseconds; members are named like `orchestrator-2`, links by member and server. */
export type Act = { readonly at: number } & (
  | { readonly is: 'kill'; readonly member: string; readonly downMs: number }
  | { readonly is: 'freeze'; readonly member: string; readonly ms: number }
  /** `immediate`: PostgreSQL's own way to go at once; `kill`: kill -9 of the postmaster. */
  | { readonly is: 'crash-postgres'; readonly how: 'kill' | 'immediate'; readonly downMs: number }
  | { readonly is: 'end-backends'; readonly share: number }
  | { readonly is: 'kill-nats'; readonly downMs: number }
  | { readonly is: 'wipe-nats'; readonly downMs: number }
  | { readonly is: 'cut' | 'half-open' | 'slow'; readonly member: string; readonly server: Server; readonly ms: number }
  | { readonly is: 'fill-disk'; readonly server: Server; readonly ms: number }
);

export type Server = 'postgres' | 'nats';

export type PlanOptions = {
  readonly seed: number;
  readonly chaosMs: number;
  readonly gateways: number;
  readonly orchestrators: number;
  readonly runners: number;
  /** Longer than this and a frozen orchestrator has lost its partitions. */
  readonly leaseMs: number;
};

type Card =
  | 'kill gateway'
  | 'kill orchestrator'
  | 'kill runner'
  | 'freeze gateway'
  | 'freeze orchestrator'
  | 'freeze runner'
  | 'crash postgres'
  | 'postgres away'
  | 'end backends'
  | 'kill nats'
  | 'wipe nats'
  | 'cut'
  | 'half-open'
  | 'slow'
  | 'fill postgres'
  | 'fill nats';

/** What a deck holds: it is shuffled and played through, then shuffled again. */
const deck: readonly (readonly [Card, number])[] = [
  ['kill gateway', 2],
  ['kill orchestrator', 5],
  ['kill runner', 3],
  ['freeze gateway', 1],
  ['freeze orchestrator', 3],
  ['freeze runner', 2],
  ['crash postgres', 2],
  ['end backends', 2],
  ['kill nats', 2],
  ['wipe nats', 2],
  ['cut', 2],
  ['half-open', 2],
  ['slow', 1],
];
/** In short runs these would take up most of the time. */
const slowCards: readonly Card[] = ['postgres away', 'fill postgres', 'fill nats'];
/** A short run plays a few cards only, so these come first, in some order. */
const always: readonly Card[] = [
  'wipe nats',
  'kill orchestrator',
  'kill runner',
  'crash postgres',
  'freeze orchestrator',
];

const warmUpMs = 3_000;
const longRunMs = 150_000;
const leastGapMs = 1_500;
const mostGapMs = 5_000;

/** What happens when. The same options give the same plan. */
export function planOf(options: PlanOptions): readonly Act[] {
  const draw = random(seedOf(options.seed, 'plan'));
  const acts: Act[] = [];
  const cards = draw.shuffled(always);
  for (let at = warmUpMs; at < options.chaosMs - leastGapMs; at += draw.whole(leastGapMs, mostGapMs)) {
    if (cards.length === 0) cards.push(...draw.shuffled(wholeDeck(options)));
    const card = cards.shift();
    if (card !== undefined) acts.push(play(card, at, draw, options));
  }
  return acts;
}

const wholeDeck = ({ chaosMs }: PlanOptions): readonly Card[] => [
  ...deck.flatMap(([card, count]) => Array.from({ length: count }, () => card)),
  ...(chaosMs >= longRunMs ? slowCards : []),
];

function play(card: Card, at: number, draw: Random, options: PlanOptions): Act {
  const down = () => draw.pick([0, 0, draw.whole(100, 4_000)]);
  const [what = '', whom = ''] = card.split(' ');
  switch (card) {
    case 'kill gateway':
    case 'kill orchestrator':
    case 'kill runner':
      return { at, is: 'kill', member: member(whom, draw, options), downMs: down() };
    case 'freeze gateway':
    case 'freeze orchestrator':
    case 'freeze runner':
      return { at, is: 'freeze', member: member(whom, draw, options), ms: options.leaseMs + draw.whole(500, 6_000) };
    case 'crash postgres':
      return { at, is: 'crash-postgres', how: draw.pick(['kill', 'immediate']), downMs: down() };
    case 'postgres away':
      return { at, is: 'crash-postgres', how: 'immediate', downMs: draw.whole(12_000, 20_000) };
    case 'end backends':
      return { at, is: 'end-backends', share: draw.pick([0.3, 1]) };
    case 'kill nats':
    case 'wipe nats':
      return { at, is: card === 'kill nats' ? 'kill-nats' : 'wipe-nats', downMs: down() };
    case 'cut':
    case 'half-open':
    case 'slow': {
      const kind = draw.pick(['gateway', 'orchestrator', 'orchestrator', 'runner']);
      const server = kind === 'runner' ? 'nats' : draw.pick<Server>(['postgres', 'nats']);
      return { at, is: card, member: member(kind, draw, options), server, ms: draw.whole(2_000, 8_000) };
    }
    case 'fill postgres':
    case 'fill nats':
      return {
        at,
        is: 'fill-disk',
        server: what === 'fill' && whom === 'nats' ? 'nats' : 'postgres',
        ms: draw.whole(3_000, 6_000),
      };
  }
}

function member(kind: string, draw: Random, { gateways, orchestrators, runners }: PlanOptions): string {
  const count = kind === 'gateway' ? gateways : kind === 'orchestrator' ? orchestrators : runners;
  return `${kind}-${draw.whole(1, count)}`;
}

/** What happens, for people. */
export function describeAct({ at: _at, is, ...rest }: Act): string {
  const fields = Object.entries(rest).map(([name, value]) => `${name}=${value}`);
  return `${is.padEnd(14)} ${fields.join(' ')}`;
}
