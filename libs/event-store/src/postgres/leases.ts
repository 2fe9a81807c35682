import { type Lease, type PartitionLeases } from '../event-store';
import { type Reader } from './reader';

const until = (ttl: string) => `clock_timestamp() + ${ttl} * interval '1 millisecond'`;

/**
 * Partitions are locked in the order of p wherever a statement may wait for a lock: appends lock in the same order, so
 * nothing deadlocks. `acquire` does not wait at all: what is locked is being taken, renewed or written by somebody else.
 */
const statements = {
  announce: {
    name: 'braid.announce',
    text: `with gone as (delete from braid.orchestrator where seen_until < clock_timestamp() - interval '1 hour' and id <> $1),
           me as (
             insert into braid.orchestrator (id, seen_until) values ($1, ${until('$2::float8')})
             on conflict (id) do update set seen_until = excluded.seen_until
           )
           select count(*) filter (where id <> $1 and seen_until >= clock_timestamp()) + 1 as owners from braid.orchestrator`,
  },
  acquire: {
    name: 'braid.acquire',
    text: `with free as (
             select p from braid.partition where owner is null or lease_until < clock_timestamp()
             order by p limit $2 for update skip locked
           )
           update braid.partition t set owner = $1, epoch = t.epoch + 1, lease_until = ${until('$3::float8')}
           from free where t.p = free.p returning t.p, t.epoch`,
  },
  renew: {
    name: 'braid.renew',
    text: `with mine as (
             select t.p from braid.partition t join unnest($2::integer[], $3::integer[]) as w (p, epoch) on w.p = t.p
             where t.owner = $1 and t.epoch = w.epoch order by t.p for update of t
           )
           update braid.partition t set lease_until = ${until('$4::float8')}
           from mine where t.p = mine.p returning t.p, t.epoch`,
  },
  release: {
    name: 'braid.release',
    text: `with mine as (
             select t.p from braid.partition t join unnest($2::integer[], $3::integer[]) as w (p, epoch) on w.p = t.p
             where t.owner = $1 and t.epoch = w.epoch order by t.p for update of t
           )
           update braid.partition t set owner = null, lease_until = null from mine where t.p = mine.p`,
  },
  leave: { name: 'braid.leave', text: 'delete from braid.orchestrator where id = $1' },
  list: {
    name: 'braid.leases',
    text: `select p, owner, epoch, coalesce(lease_until >= clock_timestamp(), false) as live
           from braid.partition order by p`,
  },
};

type LeaseRow = { readonly p: number; readonly epoch: number };

/** Leases as columns of the partition's row, next to the epoch that fences appends. */
export class PostgresLeases implements PartitionLeases {
  constructor(private readonly reader: Reader) {}

  async announce(owner: string, ttlMs: number): Promise<number> {
    const rows = await this.reader.query<{ owners: number }>(statements.announce, [owner, ttlMs]);
    return rows[0]?.owners ?? 1;
  }

  async acquire(owner: string, limit: number, ttlMs: number): Promise<Lease[]> {
    if (limit <= 0) {
      return [];
    }
    return toLeases(await this.reader.query<LeaseRow>(statements.acquire, [owner, limit, ttlMs]));
  }

  async renew(owner: string, leases: readonly Lease[], ttlMs: number): Promise<Lease[]> {
    return toLeases(await this.reader.query<LeaseRow>(statements.renew, [owner, ...columns(leases), ttlMs]));
  }

  async release(owner: string, leases: readonly Lease[]): Promise<void> {
    await this.reader.query(statements.release, [owner, ...columns(leases)]);
  }

  async leave(owner: string): Promise<void> {
    await this.reader.query(statements.leave, [owner]);
  }

  async list(): Promise<{ partition: number; owner?: string; epoch: number; live: boolean }[]> {
    type Row = LeaseRow & { readonly owner: string | null; readonly live: boolean };
    const rows = await this.reader.query<Row>(statements.list);
    return rows.map(({ p, owner, epoch, live }) => ({
      partition: p,
      ...(owner === null ? {} : { owner }),
      epoch,
      live,
    }));
  }
}

function columns(leases: readonly Lease[]): [number[], number[]] {
  return [leases.map((lease) => lease.partition), leases.map((lease) => lease.epoch)];
}

function toLeases(rows: readonly LeaseRow[]): Lease[] {
  return rows.map(({ p, epoch }) => ({ partition: p, epoch })).toSorted((a, b) => a.partition - b.partition);
}
