import { Column, Entity, PrimaryColumn } from 'typeorm';

/** PostgreSQL hands out `bigint` as text. */
const milliseconds = {
  from: (value: string | null) => (value === null ? null : Number(value)),
  to: (value: number | null) => value,
};

@Entity({ schema: 'braid', name: 'workflow_summary' })
export class WorkflowSummaryEntity {
  @PrimaryColumn({ type: 'text' })
  workflow!: string;

  @Column({ type: 'integer' })
  version!: number;

  @Column({ type: 'text' })
  playbook!: string;

  @Column({ type: 'text', name: 'playbook_version', nullable: true })
  playbookVersion!: string | null;

  @Column({ type: 'text' })
  status!: string;

  @Column({ type: 'text', name: 'execution_mode' })
  executionMode!: string;

  @Column({ type: 'bigint', name: 'started_at', transformer: milliseconds })
  startedAt!: number;

  @Column({ type: 'bigint', name: 'ended_at', nullable: true, transformer: milliseconds })
  endedAt!: number | null;

  @Column({ type: 'integer', name: 'branches_total' })
  branchesTotal!: number;

  @Column({ type: 'integer', name: 'branches_completed' })
  branchesCompleted!: number;

  @Column({ type: 'integer', name: 'branches_failed' })
  branchesFailed!: number;

  /** How many branches each `parallel` step of the playbook opens, by the step's id. */
  @Column({ type: 'json', name: 'fork_widths' })
  forkWidths!: object;

  @Column({ type: 'text', array: true })
  agents!: string[];

  @Column({ type: 'text', nullable: true })
  error!: string | null;
}
