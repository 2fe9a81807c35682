import { type MigrationInterface, type QueryRunner } from 'typeorm';

/**
 * The log, the rows by which waiting workflows are found, and what belongs to owners and followers.
 *
 * `event.data` is `json`: unlike `jsonb` it keeps the text as it is, with `\u0000` and lone surrogates.
 * Ids and names compare by bytes (`collate "C"`), so that no upgrade of a locale can corrupt an index.
 * `partition` and `checkpoint` are updated all the time in place; the free space in their pages keeps these updates HOT.
 */
export class EventLog1764000000000 implements MigrationInterface {
  readonly name = 'EventLog1764000000000';

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of [tables, append, appended]) {
      await runner.query(statement);
    }
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      drop function braid.appended;
      drop function braid.append;
      drop table braid.orchestrator, braid.checkpoint, braid.snapshot, braid.workflow, braid.event, braid.partition;
    `);
  }
}

const tables = `
  create table braid.partition (
    p integer primary key,
    epoch integer not null default 0,
    seq bigint not null default 0,
    commits bigint not null default 0,
    owner text collate "C",
    lease_until timestamptz
  ) with (fillfactor = 10);

  create table braid.event (
    seq bigint not null,
    at bigint not null,
    p integer not null,
    version integer not null,
    epoch integer not null,
    schema_version smallint not null,
    type text collate "C" not null,
    stream text collate "C" not null,
    data json not null,
    primary key (p, seq),
    unique (stream, version)
  );

  create table braid.workflow (
    id text collate "C" primary key,
    p integer not null,
    open boolean not null,
    due_at bigint,
    constraint open_workflows_are_due check (not open or due_at is not null)
  ) with (fillfactor = 85);
  create index workflow_due on braid.workflow (p, due_at) where open;

  create table braid.snapshot (
    stream text collate "C" primary key,
    version integer not null,
    state_schema integer not null,
    state json not null,
    taken_at timestamptz not null default clock_timestamp()
  );

  create table braid.checkpoint (
    name text collate "C" not null,
    p integer not null,
    position bigint not null,
    primary key (name, p)
  ) with (fillfactor = 50);

  create table braid.orchestrator (
    id text collate "C" primary key,
    seen_until timestamptz not null
  ) with (fillfactor = 50);
`;

/**
 * One append, in one statement and therefore in one transaction.
 *
 * Rows of \`partition\` are locked in the order of p: two writers can wait for each other but never deadlock. With the locks
 * held, epoch and commit count must be what the writer knows; else the answer has one line per partition that differs and
 * nothing is written. The lock lives until the commit, so positions become visible in their order and have no gaps.
 */
const append = `
  create function braid.append(
    ps integer[], epochs integer[], expected bigint[], heads bigint[],
    e_p integer[], e_seq bigint[], e_epoch integer[], e_stream text[], e_version integer[],
    e_type text[], e_schema integer[], e_at bigint[], e_data json[],
    w_id text[], w_p integer[], w_open boolean[], w_due bigint[]
  ) returns table (refused integer, fenced boolean) language plpgsql as $$
  declare
    orphan text;
  begin
    perform 1 from braid.partition t where t.p = any (ps) order by t.p for update;
    return query
      select w.p, t.epoch is distinct from w.epoch
      from unnest(ps, epochs, expected) as w (p, epoch, commits) left join braid.partition t on t.p = w.p
      where t.epoch is distinct from w.epoch or t.commits is distinct from w.commits;
    if found then
      return;
    end if;
    update braid.partition t set seq = w.head, commits = t.commits + 1
      from unnest(ps, heads) as w (p, head) where t.p = w.p;
    insert into braid.event (p, seq, epoch, stream, version, type, schema_version, at, data)
      select * from unnest(e_p, e_seq, e_epoch, e_stream, e_version, e_type, e_schema, e_at, e_data);
    select w.stream || ':' || w.version into orphan
      from unnest(e_stream, e_version) as w (stream, version)
      where w.version > 1
        and not exists (select 1 from braid.event e where e.stream = w.stream and e.version = w.version - 1)
      limit 1;
    if found then
      raise exception 'event % has no predecessor', orphan using errcode = 'unique_violation';
    end if;
    insert into braid.workflow (id, p, open, due_at)
      select * from unnest(w_id, w_p, w_open, w_due)
      on conflict (id) do update set open = excluded.open, due_at = excluded.due_at;
  end $$;
`;

/** Whether exactly these events are in the log, written under this epoch: the answer to "was that append committed?". */
const appended = `
  create function braid.appended(
    e_epoch integer[], e_stream text[], e_version integer[], e_type text[], e_at bigint[], e_data json[]
  ) returns boolean language sql stable as $$
    select count(*) = cardinality(e_stream)
    from unnest(e_epoch, e_stream, e_version, e_type, e_at, e_data) as w (epoch, stream, version, type, at, data)
    join braid.event e on e.stream = w.stream and e.version = w.version
    where e.epoch = w.epoch and e.type = w.type and e.at = w.at and e.data::text = w.data::text
  $$;
`;
