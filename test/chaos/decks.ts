import { type Deed, type Server, type Stream } from './deeds';
import { type Random } from './random';

type Kind = 'gateway' | 'orchestrator' | 'runner';

/** How many of each kind there are. */
export type Crew = {
  readonly gateways: number;
  readonly orchestrators: number;
  readonly runners: number;
  /** Longer than this and a frozen orchestrator has lost its partitions. */
  readonly leaseMs: number;
};

/** What a card is dealt with. `sparing`: the first of each kind is not to be killed. */
type Hand = Crew & { readonly draw: Random; readonly sparing: boolean };

/** A card, and how it becomes an act. */
export type Deal = (hand: Hand) => Deed;

/** The time in which a long run plays everything once. */
export const roundMs = 180_000;
/** With less than this the rounds are too few for the long outages. */
const longOutageRounds = 5;

const down = (draw: Random) => draw.pick([0, 0, draw.whole(100, 4_000)]);
const countOf = (kind: Kind, { gateways, orchestrators, runners }: Hand) =>
  kind === 'gateway' ? gateways : kind === 'orchestrator' ? orchestrators : runners;

function memberOf(kind: Kind, hand: Hand, spare = false): string {
  const count = countOf(kind, hand);
  return `${kind}-${hand.draw.whole(spare && count > 1 ? 2 : 1, count)}`;
}

export const kill =
  (kind: Kind): Deal =>
  (hand) => ({ is: 'kill', member: memberOf(kind, hand, hand.sparing), downMs: down(hand.draw) });

export const freeze =
  (kind: Kind): Deal =>
  (hand) => ({ is: 'freeze', member: memberOf(kind, hand), ms: hand.leaseMs + hand.draw.whole(500, 6_000) });

export const crashPostgres =
  (how?: 'kill' | 'immediate'): Deal =>
  ({ draw }) => ({ is: 'crash-postgres', how: how ?? draw.pick(['kill', 'immediate']), downMs: down(draw) });

export const postgresAway =
  (leastMs: number, mostMs: number): Deal =>
  ({ draw }) => ({ is: 'crash-postgres', how: 'immediate', downMs: draw.whole(leastMs, mostMs) });

export const endBackends =
  (share?: number): Deal =>
  ({ draw }) => ({ is: 'end-backends', share: share ?? draw.pick([0.3, 1]) });

export const endCommits: Deal = () => ({ is: 'end-commits', ms: 3_000 });

export const holdTransaction =
  (locks: boolean): Deal =>
  ({ draw }) => ({ is: 'hold-transaction', locks, ms: locks ? draw.whole(2_000, 8_000) : draw.whole(10_000, 30_000) });

export const killNats: Deal = ({ draw }) => ({ is: 'kill-nats', downMs: down(draw) });
export const wipeNats: Deal = ({ draw }) => ({ is: 'wipe-nats', downMs: down(draw), holdMs: draw.whole(500, 1_500) });

export const purgeStream =
  (stream?: Stream): Deal =>
  ({ draw }) => ({
    is: 'purge-stream',
    stream: stream ?? draw.pick<Stream>(['in', 'work', 'events']),
    holdMs: draw.whole(500, 1_500),
  });

export const slowConsumer: Deal = () => ({ is: 'slow-consumer', ms: 15_000 });

export const fillDisk =
  (server: Server): Deal =>
  ({ draw }) => ({ is: 'fill-disk', server, ms: draw.whole(3_000, 6_000) });

type LinkOf = readonly [Kind, Server];
/** Every link that there is; runners know no PostgreSQL. */
export const links: readonly [LinkOf, ...LinkOf[]] = [
  ['gateway', 'postgres'],
  ['gateway', 'nats'],
  ['orchestrator', 'postgres'],
  ['orchestrator', 'nats'],
  ['runner', 'nats'],
];

export const disturb =
  (is: 'cut' | 'half-open' | 'stall' | 'slow', link?: LinkOf, ms?: number): Deal =>
  (hand) => {
    const [kind, server] = link ?? hand.draw.pick(links);
    return { is, member: memberOf(kind, hand), server, ms: ms ?? hand.draw.whole(2_000, 8_000) };
  };

const times = (count: number, ...deals: readonly Deal[]): readonly Deal[] =>
  Array.from({ length: count }, () => deals).flat();

/** These come first in a short run, in some order. */
export const shortFirst: readonly Deal[] = [
  wipeNats,
  kill('orchestrator'),
  kill('runner'),
  crashPostgres(),
  freeze('orchestrator'),
];

/** What a short run goes on with: it is shuffled and played through, then shuffled again. */
export const shortDeck: readonly Deal[] = [
  ...times(
    2,
    kill('gateway'),
    crashPostgres(),
    endBackends(),
    killNats,
    wipeNats,
    disturb('cut'),
    disturb('half-open'),
  ),
  ...times(5, kill('orchestrator')),
  ...times(3, kill('runner'), freeze('orchestrator')),
  ...times(2, freeze('runner')),
  ...times(1, freeze('gateway'), disturb('slow'), disturb('stall'), endCommits, holdTransaction(true), purgeStream()),
];

/** What every three minutes of a long run hold. */
export function roundDeck(round: number, rounds: number): readonly Deal[] {
  const longOutage = rounds >= longOutageRounds && round === 1;
  return [
    ...times(7, kill('orchestrator')),
    ...times(5, kill('runner')),
    ...times(3, kill('gateway'), killNats),
    ...times(2, wipeNats, endBackends(), endCommits, purgeStream()),
    ...times(6, freeze('orchestrator'), freeze('runner')),
    ...times(1, freeze('gateway'), slowConsumer),
    crashPostgres('immediate'),
    crashPostgres('kill'),
    crashPostgres(),
    longOutage ? postgresAway(60_000, 60_000) : postgresAway(12_000, 20_000),
    ...[true, false].map(holdTransaction),
    fillDisk('postgres'),
    fillDisk('nats'),
    ...links.flatMap((link) => [
      disturb('cut', link, 5_000),
      disturb('cut', link, 30_000),
      disturb('half-open', link),
      disturb('slow', link, 10_000),
    ]),
    ...times(3, disturb('stall')),
  ];
}
