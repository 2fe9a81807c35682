import { DataSource } from 'typeorm';
import { StoreSetupError, StoreUnavailableError } from './errors';
import { type EventStore, type PartitionLeases } from './event-store';
import { requirePartitions } from './migrations/run';
import { Inspection } from './inspection/inspection';
import { PlaybookEntity } from './playbooks/playbook.entity';
import { Payloads } from './payloads/payloads';
import { Playbooks } from './playbooks/playbooks';
import { Appender } from './postgres/appender';
import { PostgresEventStore } from './postgres/event-store';
import { classify, codeOf } from './postgres/failures';
import { PostgresLeases } from './postgres/leases';
import { Reader } from './postgres/reader';
import { Retention } from './retention/retention';
import { type RebuildOptions, type RebuildReport, rebuildSummaries } from './projections/rebuild-summaries';
import { SummaryProjection } from './projections/summary-projection';
import { WorkflowSummaryEntity } from './projections/workflow-summary.entity';
import { WorkflowSummaries } from './projections/workflow-summaries';

export type OpenOptions = {
  /** `postgres://user:password@host:port/database` */
  readonly url: string;
  /** The configured number of partitions; checked when it is given. */
  readonly partitions?: number;
  /** Connections for reads of the log, leases and checkpoints; 4 unless told. Appends have one of their own. */
  readonly readConnections?: number;
  /** Connections for lists and playbooks; 2 unless told. */
  readonly viewConnections?: number;
  /** Milliseconds for which an append or a read waits out an outage before it gives up; 10 000 unless told. */
  readonly patienceMs?: number;
  /** Milliseconds after which an unanswered statement counts as lost with its connection; 15 000 unless told. */
  readonly statementTimeoutMs?: number;
};

export type OpenEventStore = {
  readonly store: EventStore;
  readonly leases: PartitionLeases;
  readonly playbooks: Playbooks;
  readonly summaries: WorkflowSummaries;
  readonly projection: SummaryProjection;
  readonly retention: Pick<Retention, keyof Retention>;
  readonly inspection: Inspection;
  /** Makes the list of workflows anew beside the one that is read, and puts it in its place. */
  rebuildSummaries(options?: RebuildOptions): Promise<RebuildReport>;
  close(): Promise<void>;
};

/**
 * Opens everything that Braid keeps in PostgreSQL.
 * @throws StoreSetupError when the schema is missing or has another number of partitions.
 * @throws StoreUnavailableError when the server cannot be reached.
 */
export async function openEventStore(options: OpenOptions): Promise<OpenEventStore> {
  const { url, patienceMs = 10_000, statementTimeoutMs = 15_000 } = options;
  const reader = new Reader({ url, connections: options.readConnections ?? 4, patienceMs, statementTimeoutMs });
  const views = viewSource(url, options.viewConnections ?? 2, statementTimeoutMs);
  const appender = new Appender({ url, patienceMs, statementTimeoutMs });
  const close = async () => {
    await appender.close();
    await reader.close();
    if (views.isInitialized) {
      await views.destroy();
    }
  };
  try {
    await checkSetup(reader, options.partitions);
    await views.initialize();
  } catch (error) {
    await close();
    throw classify(error) === 'disconnected' ? new StoreUnavailableError('not-written', { cause: error }) : error;
  }
  const store = new PostgresEventStore(appender, reader, new Payloads(reader));
  const next = new SummaryProjection(reader, 'workflow_summary_next');
  return {
    store,
    leases: new PostgresLeases(reader),
    playbooks: new Playbooks(views, patienceMs),
    summaries: new WorkflowSummaries(views, patienceMs),
    projection: new SummaryProjection(reader),
    retention: new Retention(reader),
    inspection: new Inspection(reader),
    rebuildSummaries: (rebuild) => rebuildSummaries(url, store, next, rebuild),
    close,
  };
}

function viewSource(url: string, connections: number, statementTimeoutMs: number): DataSource {
  return new DataSource({
    type: 'postgres',
    url,
    schema: 'braid',
    entities: [PlaybookEntity, WorkflowSummaryEntity],
    installExtensions: false,
    applicationName: 'braid-views',
    connectTimeoutMS: 5000,
    // The pool replaces connections that broke while idle.
    poolErrorHandler: () => undefined,
    extra: { max: connections, query_timeout: statementTimeoutMs, keepAlive: true },
  });
}

/** What a PostgreSQL without the schema, the table or the function answers. */
const missing: ReadonlySet<string> = new Set(['3F000', '42P01', '42883', '42703']);

async function checkSetup(reader: Reader, partitions: number | undefined): Promise<void> {
  const existing = await countPartitions(reader);
  requirePartitions(existing, partitions ?? existing);
}

async function countPartitions(reader: Reader): Promise<number> {
  try {
    const count = { name: 'braid.partitions', text: 'select count(*) as count from braid.partition' };
    const [row] = await reader.query<{ count: number }>(count);
    return row?.count ?? 0;
  } catch (error) {
    if (missing.has(codeOf(error) ?? '')) {
      throw new StoreSetupError('The database lacks the tables of Braid; run `braid migrate` first', { cause: error });
    }
    throw error;
  }
}
