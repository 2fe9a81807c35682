import { unreachable } from '@braid/events';

export type Server = 'postgres' | 'nats';
export type Stream = 'in' | 'work' | 'events';

/** What is done. Durations are in milliseconds; members are named like `orchestrator-2`, links by member and server. */
export type Deed =
  | { readonly is: 'kill'; readonly member: string; readonly downMs: number }
  | { readonly is: 'freeze'; readonly member: string; readonly ms: number }
  /** `immediate`: PostgreSQL's own way to go at once; `kill`: kill -9 of the postmaster. */
  | { readonly is: 'crash-postgres'; readonly how: 'kill' | 'immediate'; readonly downMs: number }
  | { readonly is: 'end-backends'; readonly share: number }
  /** For `ms`, backends are ended while they commit: what they wrote is on disk, and nobody is told. */
  | { readonly is: 'end-commits'; readonly ms: number }
  /** A transaction that stays open: it has read everything and, with `locks`, holds the rows of half of the partitions. */
  | { readonly is: 'hold-transaction'; readonly locks: boolean; readonly ms: number }
  | { readonly is: 'kill-nats'; readonly downMs: number }
  /** The runners get nothing for `holdMs` before, so that there is something to lose. */
  | { readonly is: 'wipe-nats'; readonly downMs: number; readonly holdMs: number }
  | { readonly is: 'purge-stream'; readonly stream: Stream; readonly holdMs: number }
  /** A subscriber that reads nothing, until NATS cuts it off or the time is over. */
  | { readonly is: 'slow-consumer'; readonly ms: number }
  | {
      readonly is: 'cut' | 'half-open' | 'stall' | 'slow';
      readonly member: string;
      readonly server: Server;
      readonly ms: number;
    }
  | { readonly is: 'fill-disk'; readonly server: Server; readonly ms: number };

/** How long an act takes, in milliseconds, without what comes after it. */
export function durationOf(deed: Deed): number {
  switch (deed.is) {
    case 'kill':
    case 'crash-postgres':
    case 'kill-nats':
      return deed.downMs;
    case 'wipe-nats':
      return deed.downMs + deed.holdMs;
    case 'purge-stream':
      return deed.holdMs;
    case 'end-backends':
      return 0;
    case 'freeze':
    case 'end-commits':
    case 'hold-transaction':
    case 'slow-consumer':
    case 'cut':
    case 'half-open':
    case 'stall':
    case 'slow':
    case 'fill-disk':
      return deed.ms;
    default:
      return unreachable(deed);
  }
}

/** What happens, for people. */
export function describeDeed({ is, ...rest }: Deed): string {
  const fields = Object.entries(rest).flatMap(([name, value]) => (name === 'at' ? [] : [`${name}=${value}`]));
  return `${is.padEnd(16)} ${fields.join(' ')}`;
}
