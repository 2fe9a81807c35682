/** What is read to hold the store against itself. Each statement sees one moment of the database. */
export const statements = {
  counts: {
    name: 'braid.inspect-counts',
    text: `select (select count(*) from braid.workflow) as workflows,
             (select coalesce(sum(seq), 0)::bigint from braid.partition)
               - (select coalesce(sum(events), 0)::bigint from braid.removed) as events`,
  },
  partition: {
    name: 'braid.inspect-partition',
    text: `select t.p as partition, t.seq as head, coalesce(r.events, 0) as removed,
             (select count(*) from braid.event e where e.p = t.p) as events,
             (select coalesce(max(e.seq), 0) from braid.event e where e.p = t.p) as highest
           from braid.partition t left join braid.removed r using (p) where t.p = $1`,
  },
  gaps: {
    name: 'braid.inspect-gaps',
    text: `select after + 1 as "from", seq - 1 as "to" from (
             select seq, lag(seq, 1, 0::bigint) over (order by seq) as after from braid.event where p = $1
           ) e where seq <> after + 1 order by seq limit $2`,
  },
  strays: {
    name: 'braid.inspect-strays',
    text: `select distinct e.stream as id from braid.event e
           where e.p = $1 and not exists (select 1 from braid.workflow w where w.id = e.stream) limit $2`,
  },
  all: {
    name: 'braid.inspect-all',
    text: 'select id from braid.workflow where id > $1 order by id limit $2',
  },
  ofPlaybook: {
    name: 'braid.inspect-playbook',
    text: `select workflow as id from braid.workflow_summary
           where playbook = $3 and workflow > $1 order by workflow limit $2`,
  },
  sample: {
    name: 'braid.inspect-sample',
    text: 'select id from (select id from braid.workflow order by random() limit $1) w order by id',
  },
  sampleOfPlaybook: {
    name: 'braid.inspect-playbook-sample',
    text: `select id from (
             select workflow as id from braid.workflow_summary where playbook = $2 order by random() limit $1
           ) w order by id`,
  },
  // The row of a workflow is written together with its events: what one statement sees of both belongs together.
  rows: {
    name: 'braid.inspect-rows',
    text: `select w.id, w.p as partition, w.open, w.due_at as "dueAt",
             (select max(e.version) from braid.event e where e.stream = w.id) as version,
             (select s.version from braid.snapshot s where s.stream = w.id) as "snapshotVersion",
             array(select u.hash from braid.payload_use u where u.stream = w.id) as uses
           from braid.workflow w where w.id = any ($1)`,
  },
  events: {
    name: 'braid.inspect-events',
    text: `select p, seq, stream, version, type, schema_version, at, data,
             (digest is null or digest = braid.event_digest(stream, version, type, schema_version, at, data)) as intact
           from braid.event where stream = any ($1) and (stream, version) > ($2, $3) order by stream, version limit $4`,
  },
  payloads: {
    name: 'braid.inspect-payloads',
    text: `select hash, body, encode(sha256(convert_to(body::text, 'UTF8')), 'hex') = hash as intact
           from braid.payload where hash = any ($1)`,
  },
  snapshot: {
    name: 'braid.inspect-snapshot',
    text: 'select version, state_schema as "stateSchema", state from braid.snapshot where stream = $1',
  },
  payloadCount: { name: 'braid.inspect-payload-count', text: 'select count(*) as count from braid.payload' },
  uncollected: {
    name: 'braid.inspect-uncollected',
    text: `select count(*) as count from braid.payload p
           where used_at < clock_timestamp() - $1 * interval '1 ms'
             and not exists (select 1 from braid.payload_use u where u.hash = p.hash)`,
  },
  /** What is kept of workflows that are not there; uses only when they are old, because they are noted before their events. */
  leftovers: {
    name: 'braid.inspect-leftovers',
    text: `(select 'a line of the list' as what, s.workflow as id from braid.workflow_summary s
              where not exists (select 1 from braid.workflow w where w.id = s.workflow) limit $2)
           union all
           (select 'a snapshot', s.stream from braid.snapshot s
              where not exists (select 1 from braid.workflow w where w.id = s.stream) limit $2)
           union all
           (select 'a use of a large value', u.stream from braid.payload_use u
              where u.used_at < clock_timestamp() - $1 * interval '1 ms'
                and not exists (select 1 from braid.workflow w where w.id = u.stream) limit $2)`,
  },
};
