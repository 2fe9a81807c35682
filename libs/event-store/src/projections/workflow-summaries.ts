import { type DataSource, type SelectQueryBuilder } from 'typeorm';
import { patiently } from '../postgres/patiently';
import { type SummaryStatus } from './summary-fold';
import { WorkflowSummaryEntity } from './workflow-summary.entity';

/** One line of the list of workflows. Moments are ISO 8601. */
export type WorkflowSummary = {
  readonly id: string;
  readonly playbook: string;
  readonly playbookVersion?: string;
  readonly status: SummaryStatus;
  readonly executionMode: 'parallel' | 'sequential';
  readonly startedAt: string;
  readonly endedAt?: string;
  readonly branches: { readonly total: number; readonly completed: number; readonly failed: number };
  readonly error?: string;
};

export type SummaryFilter = {
  readonly status?: SummaryStatus;
  readonly playbook?: string;
  /** Workflows that have asked this agent for something. */
  readonly agent?: string;
  /** Started at or after, in milliseconds since the epoch. */
  readonly from?: number;
  /** Started before, in milliseconds since the epoch. */
  readonly to?: number;
  /** A workflow's id or its beginning, or part of a playbook's name or of an error. */
  readonly q?: string;
  /** The `next` of the page before. */
  readonly cursor?: string;
  /** 50 unless told, at most 500. */
  readonly limit?: number;
};

export type SummaryPage = { readonly workflows: readonly WorkflowSummary[]; readonly next?: string };

/** The cursor is not one that a list has given out. Next move: start again without it. */
export class InvalidCursorError extends Error {
  override readonly name = 'InvalidCursorError';
  readonly code = 'cursor.invalid';

  constructor() {
    super('The cursor is not one that this list has given out; leave it out to start from the newest workflow');
  }
}

/** Lists of workflows, newest first. They follow the log within moments. */
export class WorkflowSummaries {
  constructor(
    private readonly source: DataSource,
    private readonly patienceMs: number,
  ) {}

  /** @throws InvalidCursorError */
  async list(filter: SummaryFilter): Promise<SummaryPage> {
    if ([filter.playbook, filter.agent, filter.q].some((text) => text?.includes('\0'))) {
      return { workflows: [] };
    }
    const limit = Math.min(Math.max(Math.floor(filter.limit ?? 50), 1), 500);
    const query = this.source
      .getRepository(WorkflowSummaryEntity)
      .createQueryBuilder('w')
      .orderBy('w.startedAt', 'DESC')
      .addOrderBy('w.workflow', 'DESC')
      .limit(limit + 1);
    narrow(query, filter);
    const rows = await patiently(this.patienceMs, () => query.getMany());
    const page = rows.slice(0, limit);
    const last = page.at(-1);
    return {
      workflows: page.map(toSummary),
      ...(last && rows.length > limit ? { next: encodeCursor(last) } : {}),
    };
  }

  /** How many workflows there are of each status. */
  async counts(): Promise<ReadonlyMap<string, number>> {
    const text = 'select status, count(*) as count from braid.workflow_summary group by status';
    type Row = { readonly status: string; readonly count: string };
    const rows = await patiently(this.patienceMs, () => this.source.query<Row[]>(text));
    return new Map(rows.map(({ status, count }) => [status, Number(count)]));
  }
}

function narrow(query: SelectQueryBuilder<WorkflowSummaryEntity>, filter: SummaryFilter): void {
  const { status, playbook, agent, from, to, q, cursor } = filter;
  if (status !== undefined) {
    query.andWhere('w.status = :status', { status });
  }
  if (playbook !== undefined) {
    query.andWhere('w.playbook = :playbook', { playbook });
  }
  if (agent !== undefined) {
    query.andWhere('w.agents @> array[:agent]::text[]', { agent });
  }
  if (from !== undefined) {
    query.andWhere('w.startedAt >= :from', { from: Math.ceil(from) });
  }
  if (to !== undefined) {
    query.andWhere('w.startedAt < :to', { to: Math.ceil(to) });
  }
  if (q !== undefined && q !== '') {
    const text = q.replaceAll(/[\\%_]/g, String.raw`\$&`);
    query.andWhere('(w.workflow like :start or w.playbook ilike :part or w.error ilike :part)', {
      start: `${text}%`,
      part: `%${text}%`,
    });
  }
  if (cursor !== undefined) {
    const { at, workflow } = decodeCursor(cursor);
    query.andWhere('(w.startedAt, w.workflow) < (:at, :workflow)', { at, workflow });
  }
}

function encodeCursor(row: WorkflowSummaryEntity): string {
  return Buffer.from(JSON.stringify([row.startedAt, row.workflow])).toString('base64url');
}

function decodeCursor(cursor: string): { at: number; workflow: string } {
  const parts = parse(Buffer.from(cursor, 'base64url').toString());
  if (!Array.isArray(parts)) {
    throw new InvalidCursorError();
  }
  const [at, workflow]: unknown[] = parts;
  if (!Number.isSafeInteger(at) || typeof workflow !== 'string' || workflow.includes('\0')) {
    throw new InvalidCursorError();
  }
  return { at: Number(at), workflow };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function toSummary(row: WorkflowSummaryEntity): WorkflowSummary {
  return {
    id: row.workflow,
    playbook: row.playbook,
    ...(row.playbookVersion === null ? {} : { playbookVersion: row.playbookVersion }),
    // The projection writes only these values into the two columns.
    status: row.status as SummaryStatus,
    executionMode: row.executionMode as WorkflowSummary['executionMode'],
    startedAt: new Date(row.startedAt).toISOString(),
    ...(row.endedAt === null ? {} : { endedAt: new Date(row.endedAt).toISOString() }),
    branches: { total: row.branchesTotal, completed: row.branchesCompleted, failed: row.branchesFailed },
    ...(row.error === null ? {} : { error: row.error }),
  };
}
