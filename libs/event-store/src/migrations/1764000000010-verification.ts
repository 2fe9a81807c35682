import { type MigrationInterface, type QueryRunner } from 'typeorm';

/**
 * What lets damage be told from what is meant to be: a digest of each event, made where it is appended, and how many events
 * of each partition were removed with workflows that had ended long ago. Events that were there before have no digest.
 */
export class Verification1764000000010 implements MigrationInterface {
  readonly name = 'Verification1764000000010';

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of [column, digest, append(true), removed]) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(append(false));
    await runner.query(`
      drop table braid.removed;
      drop function braid.event_digest;
      alter table braid.event drop column digest;
    `);
  }
}

const column = 'alter table braid.event add column digest bytea';

/** Nothing in it depends on settings of a session, and it is simple enough to be made part of the statement that asks for it. */
const digest = `
  create function braid.event_digest(
    stream text, version integer, type text, schema_version integer, at bigint, data json
  ) returns bytea language sql stable as $$
    select substring(sha256(convert_to(stream || ' ' || version::text || ' ' || type || ' ' || schema_version::text || ' '
      || at::text || ' ' || data::text, 'UTF8')) from 1 for 12)
  $$;
`;

const removed = `
  create table braid.removed (p integer primary key, events bigint not null) with (fillfactor = 50);
  insert into braid.removed (p, events)
    select t.p, t.seq - (select count(*) from braid.event e where e.p = t.p) from braid.partition t
    where t.seq > 0;
  delete from braid.removed where events = 0;
`;

/** The append of the first migration, which is explained there; with a digest of each event, or as it was without. */
const append = (digested: boolean): string => `
  create or replace function braid.append(
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
    insert into braid.event (p, seq, epoch, stream, version, type, schema_version, at, data${digested ? ', digest' : ''})
      select w.*${digested ? ', braid.event_digest(w.stream, w.version, w.type, w.schema_version, w.at, w.data)' : ''}
      from unnest(e_p, e_seq, e_epoch, e_stream, e_version, e_type, e_schema, e_at, e_data)
        as w (p, seq, epoch, stream, version, type, schema_version, at, data);
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
