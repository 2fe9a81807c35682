import { unreachable } from '@braid/events';
import {
  crashPostgres,
  type Deal,
  disturb,
  endBackends,
  endCommits,
  fillDisk,
  freeze,
  holdTransaction,
  kill,
  killNats,
  links,
  postgresAway,
  purgeStream,
  slowConsumer,
  wipeNats,
} from './decks';
import { type Deed } from './deeds';

/** What is disturbed: processes are killed, or come back as zombies; PostgreSQL; NATS; the network. */
export const families = { T6: 'kills', T7: 'zombies', T8: 'postgres', T9: 'nats', T10: 'network' } as const;
export type Family = (typeof families)[keyof typeof families];

const zombiesOfEachKind = 5;

/** Every act of a family. */
export const familyActs: Readonly<Record<Family, readonly Deal[]>> = {
  kills: [...(['gateway', 'orchestrator', 'runner'] as const).flatMap((kind) => [kill(kind), kill(kind)])],
  zombies: Array.from({ length: zombiesOfEachKind }, () => [freeze('orchestrator'), freeze('runner')]).flat(),
  postgres: [
    crashPostgres('immediate'),
    crashPostgres('kill'),
    endBackends(1),
    endCommits,
    holdTransaction(false),
    holdTransaction(true),
    fillDisk('postgres'),
    postgresAway(60_000, 60_000),
  ],
  nats: [
    killNats,
    wipeNats,
    purgeStream('in'),
    purgeStream('work'),
    purgeStream('events'),
    slowConsumer,
    fillDisk('nats'),
  ],
  network: links.flatMap((link) => [
    disturb('cut', link, 5_000),
    disturb('cut', link, 30_000),
    disturb('half-open', link, 8_000),
    disturb('stall', link, 8_000),
    disturb('slow', link, 15_000),
  ]),
};

export function familyOf(deed: Deed): Family {
  switch (deed.is) {
    case 'kill':
      return 'kills';
    case 'freeze':
      return 'zombies';
    case 'crash-postgres':
    case 'end-backends':
    case 'end-commits':
    case 'hold-transaction':
      return 'postgres';
    case 'kill-nats':
    case 'wipe-nats':
    case 'purge-stream':
    case 'slow-consumer':
      return 'nats';
    case 'cut':
    case 'half-open':
    case 'stall':
    case 'slow':
      return 'network';
    case 'fill-disk':
      return deed.server;
    default:
      return unreachable(deed);
  }
}
