import { type StoredEvent } from '@braid/events';
import { type Reader } from '../postgres/reader';
import { foldSummary, type SummaryRow } from './summary-fold';

/** Generations of the list: the one that is read, and the one that is being made beside it. */
export type SummaryTable = 'workflow_summary' | 'workflow_summary_next';

const statementsOf = (table: SummaryTable) => ({
  load: {
    name: table === 'workflow_summary' ? 'braid.load-summaries' : 'braid.load-next-summaries',
    text: `select workflow, version, playbook, playbook_version as "playbookVersion", status,
             execution_mode as "executionMode", started_at as "startedAt", ended_at as "endedAt",
             branches_total as "branchesTotal", branches_completed as "branchesCompleted",
             branches_failed as "branchesFailed", fork_widths as "forkWidths", agents, error
           from braid.${table} where workflow = any ($1)`,
  },
  // The rows travel as one JSON document. An update counts only on top of the version that it was computed from: if
  // another follower was faster, the row is not among the answers and is computed again.
  save: {
    name: table === 'workflow_summary' ? 'braid.save-summaries' : 'braid.save-next-summaries',
    text: `insert into braid.${table} as s (workflow, version, playbook, playbook_version, status, execution_mode,
             started_at, ended_at, branches_total, branches_completed, branches_failed, fork_widths, agents, error)
           select r.workflow, r.version, r.playbook, r."playbookVersion", r.status, r."executionMode",
             r."startedAt", r."endedAt", r."branchesTotal", r."branchesCompleted", r."branchesFailed",
             r."forkWidths", r.agents, r.error
           from json_to_recordset($1::json) as r (workflow text, version integer, playbook text, "playbookVersion" text,
             status text, "executionMode" text, "startedAt" bigint, "endedAt" bigint, "branchesTotal" integer,
             "branchesCompleted" integer, "branchesFailed" integer, "forkWidths" json, agents text[], error text)
           order by r.workflow
           on conflict (workflow) do update set version = excluded.version, status = excluded.status,
             ended_at = excluded.ended_at, branches_total = excluded.branches_total,
             branches_completed = excluded.branches_completed, branches_failed = excluded.branches_failed,
             agents = excluded.agents, error = excluded.error
           where s.version = ($2::json ->> s.workflow)::integer
           returning workflow`,
  },
});

const statements = {
  workflow_summary: statementsOf('workflow_summary'),
  workflow_summary_next: statementsOf('workflow_summary_next'),
};

/** The name of the follower that keeps the list of workflows up to date. */
export const summaryFollower = 'summaries';

/** Keeps the list of workflows up to date with the log; the handler of a follower. */
export class SummaryProjection {
  constructor(
    private readonly reader: Pick<Reader, 'query'>,
    private readonly table: SummaryTable = 'workflow_summary',
  ) {}

  /**
   * Brings the rows of these events' workflows up to date, with one write per workflow. Events that a row has seen already
   * change nothing, so the same events may come again, also from two followers at once.
   */
  async project(events: readonly StoredEvent[]): Promise<void> {
    let open = byWorkflow(events);
    while (open.size > 0) {
      open = await this.#projectOnce(open);
    }
  }

  /** Answers what another follower's write has overtaken. */
  async #projectOnce(events: ReadonlyMap<string, StoredEvent[]>): Promise<Map<string, StoredEvent[]>> {
    const current = await loadSummaries(this.reader, [...events.keys()], this.table);
    const changed: SummaryRow[] = [];
    const seen = new Map<string, number>();
    for (const [workflow, history] of events) {
      const before = current.get(workflow)?.version ?? 0;
      let row = current.get(workflow);
      for (const event of history) {
        row = foldSummary(row, event);
      }
      if (row !== undefined && row.version > before) {
        changed.push(row);
        seen.set(workflow, before);
      }
    }
    if (changed.length === 0) {
      return new Map();
    }
    const values = [JSON.stringify(changed), JSON.stringify(Object.fromEntries(seen))];
    const saved = await this.reader.query<{ workflow: string }>(statements[this.table].save, values);
    const done = new Set(saved.map(({ workflow }) => workflow));
    const overtaken = changed.filter(({ workflow }) => !done.has(workflow));
    return new Map(overtaken.map(({ workflow }) => [workflow, events.get(workflow) ?? []]));
  }
}

/** The lines of the list that these workflows have. */
export async function loadSummaries(
  reader: Pick<Reader, 'query'>,
  ids: readonly string[],
  table: SummaryTable = 'workflow_summary',
): Promise<Map<string, SummaryRow>> {
  const rows = await reader.query<SummaryRow>(statements[table].load, [ids]);
  return new Map(rows.map((row) => [row.workflow, row]));
}

function byWorkflow(events: readonly StoredEvent[]): Map<string, StoredEvent[]> {
  const groups = new Map<string, StoredEvent[]>();
  for (const event of events) {
    const group = groups.get(event.workflow);
    if (group === undefined) {
      groups.set(event.workflow, [event]);
    } else {
      group.push(event);
    }
  }
  return groups;
}
