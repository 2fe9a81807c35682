import { type MigrationInterface, type QueryRunner } from 'typeorm';

/** Published playbooks, and the projection behind lists of workflows. */
export class ReadSide1764000000001 implements MigrationInterface {
  readonly name = 'ReadSide1764000000001';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table braid.playbook (
        name text collate "C" not null,
        version text collate "C" not null,
        ordinal integer not null,
        source json not null,
        graph json not null,
        digest text collate "C" not null,
        published_at timestamptz not null default clock_timestamp(),
        primary key (name, version),
        unique (name, ordinal)
      );

      create table braid.workflow_summary (
        workflow text collate "C" primary key,
        version integer not null,
        playbook text not null,
        playbook_version text,
        status text not null,
        execution_mode text not null,
        started_at bigint not null,
        ended_at bigint,
        branches_total integer not null,
        branches_completed integer not null,
        branches_failed integer not null,
        fork_widths json not null,
        agents text[] not null,
        error text
      ) with (fillfactor = 80);
      create index workflow_summary_started on braid.workflow_summary (started_at desc, workflow desc);
      create index workflow_summary_status on braid.workflow_summary (status, started_at desc, workflow desc);
      create index workflow_summary_playbook on braid.workflow_summary (playbook, started_at desc, workflow desc);
      create index workflow_summary_agents on braid.workflow_summary using gin (agents);
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table braid.workflow_summary, braid.playbook');
  }
}
