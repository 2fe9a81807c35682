import { runMigrations, setPartitions } from '@braid/event-store';
import { connectBus, provision } from '@braid/messaging';

export type Prepared = {
  /** Names of the migrations that ran. */
  readonly migrations: readonly string[];
  /** Absent without NATS. */
  readonly streams?: { readonly total: number; readonly made: number };
};

/** How long NATS may take to answer, in milliseconds. */
const natsPatienceMs = 15_000;

/**
 * Brings PostgreSQL and NATS to the shape of this release. Repeating it changes nothing.
 * @throws StoreSetupError, ProvisionError and connection errors
 */
export async function prepare(options: {
  readonly databaseUrl: string;
  readonly natsUrl: string | undefined;
  readonly partitions: number;
}): Promise<Prepared> {
  const { databaseUrl, natsUrl, partitions } = options;
  const migrations = await runMigrations(databaseUrl);
  await setPartitions(databaseUrl, partitions);
  if (natsUrl === undefined) return { migrations };
  const bus = await connectBus({ url: natsUrl, name: 'braid-provision', connectWithin: natsPatienceMs });
  try {
    const provisioned = await provision(bus, { partitions });
    const made = provisioned.filter(({ action }) => action !== 'unchanged').length;
    return { migrations, streams: { total: provisioned.length, made } };
  } finally {
    await bus.close();
  }
}
