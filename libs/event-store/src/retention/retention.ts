import { type Reader } from '../postgres/reader';

/** What `due_at` of a closed workflow says that is about to be removed: nothing is appended to it any more. */
const condemned = -1;

const statements = {
  // A workflow goes only when every follower has handled its last event, and the ones that were begun earlier go first. A child,
  // whose id is its parent's and a number, stays while its parent is open: one that is asked for again must not run again.
  condemn: {
    name: 'braid.condemn',
    text: `with old as (
             select w.id from braid.workflow w
             cross join lateral (
               select e.p, e.seq from braid.event e where e.stream = w.id order by e.version desc limit 1
             ) last
             where not w.open and w.due_at < $1
               and not exists (
                 select 1 from braid.workflow parent
                 where parent.id = substring(w.id from '^(.+)_[0-9]+$') and parent.open)
               and cardinality($2::text[]) = (
                 select count(*) from braid.checkpoint c
                 where c.p = last.p and c.name = any ($2) and c.position >= last.seq)
             order by w.due_at limit $3)
           update braid.workflow w set due_at = ${condemned} from old
           where w.id = old.id and not w.open and w.due_at is distinct from ${condemned}`,
  },
  condemned: {
    name: 'braid.condemned',
    text: `select id from braid.workflow where not open and due_at = ${condemned} limit $1`,
  },
  remove: {
    name: 'braid.remove',
    text: `with gone as (delete from braid.workflow where id = $1 and not open and due_at = ${condemned} returning id),
             events as (delete from braid.event where stream in (select id from gone) returning p),
             counted as (
               insert into braid.removed as r (p, events) select p, count(*) from events group by p
               on conflict (p) do update set events = r.events + excluded.events),
             snapshots as (delete from braid.snapshot where stream in (select id from gone)),
             uses as (delete from braid.payload_use where stream in (select id from gone)),
             summaries as (delete from braid.workflow_summary where workflow in (select id from gone))
           select id from gone`,
  },
  // A use is noted before its event is written: one that is old and has no workflow belongs to an append that never was.
  collectUses: {
    name: 'braid.collect-uses',
    text: `delete from braid.payload_use u using (
             select stream, hash from braid.payload_use
             where used_at < clock_timestamp() - $1 * interval '1 ms'
               and not exists (select 1 from braid.workflow w where w.id = stream)
             limit $2) old
           where u.stream = old.stream and u.hash = old.hash and u.used_at < clock_timestamp() - $1 * interval '1 ms'`,
  },
  // Whoever is about to use a body again moves `used_at` first, so that the row that was locked for it is left alone.
  collectBodies: {
    name: 'braid.collect-payloads',
    text: `delete from braid.payload p using (
             select hash from braid.payload b
             where used_at < clock_timestamp() - $1 * interval '1 ms'
               and not exists (select 1 from braid.payload_use u where u.hash = b.hash)
             limit $2) old
           where p.hash = old.hash and p.used_at < clock_timestamp() - $1 * interval '1 ms'
           returning p.hash`,
  },
};

/** Removes workflows that ended long ago, in two steps, so that a crash in between leaves nothing half removed. */
export class Retention {
  constructor(private readonly reader: Pick<Reader, 'query'>) {}

  /**
   * Marks finished workflows as to be removed, oldest first: from then on they cannot be retried.
   * @param endedBefore milliseconds since the epoch.
   * @param followers names of followers of the log that must have handled a workflow's last event.
   * @returns up to `limit` workflows that are marked, also by an earlier call, each to be given to {@link remove}.
   */
  async condemn(endedBefore: number, followers: readonly string[], limit: number): Promise<readonly string[]> {
    await this.reader.query(statements.condemn, [Math.floor(endedBefore), followers, limit]);
    const rows = await this.reader.query<{ id: string }>(statements.condemned, [limit]);
    return rows.map(({ id }) => id);
  }

  /** Removes everything that is kept of a marked workflow. False when it was not marked, or is gone already. */
  async remove(workflow: string): Promise<boolean> {
    return (await this.reader.query(statements.remove, [workflow])).length > 0;
  }

  /** Removes up to `limit` large values that nothing refers to and that nobody has used for `unusedMs`. */
  async collectPayloads(unusedMs: number, limit: number): Promise<number> {
    await this.reader.query(statements.collectUses, [unusedMs, limit]);
    return (await this.reader.query(statements.collectBodies, [unusedMs, limit])).length;
  }
}
