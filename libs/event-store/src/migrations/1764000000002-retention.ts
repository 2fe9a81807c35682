import { type MigrationInterface, type QueryRunner } from 'typeorm';

/**
 * Large values of events and snapshots, once each, and which streams refer to them. And the order in which workflows ended:
 * `due_at` of one that is closed is the moment of its end, or -1 when it is about to be removed. From then on its row does
 * not change, and so nothing can be appended: an append that opens a closed workflow again must write the row.
 */
export class Retention1764000000002 implements MigrationInterface {
  readonly name = 'Retention1764000000002';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table braid.payload (
        hash text collate "C" primary key,
        body json not null,
        used_at timestamptz not null default clock_timestamp()
      );

      create table braid.payload_use (
        stream text collate "C" not null,
        hash text collate "C" not null,
        used_at timestamptz not null default clock_timestamp(),
        primary key (stream, hash)
      );
      create index payload_use_hash on braid.payload_use (hash);

      create index workflow_ended on braid.workflow (due_at) where not open;

      create function braid.refuse_condemned() returns trigger language plpgsql as $$
      begin
        raise exception 'workflow % is being removed', old.id using errcode = 'unique_violation';
      end $$;
      create trigger workflow_condemned before update on braid.workflow
        for each row when (old.due_at = -1) execute function braid.refuse_condemned();
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      drop trigger workflow_condemned on braid.workflow;
      drop function braid.refuse_condemned;
      drop index braid.workflow_ended;
      drop table braid.payload_use, braid.payload;
    `);
  }
}
