import { loadConfig } from '@braid/contracts';
import { openEventStore, type OpenEventStore } from '@braid/event-store';
import { type Cli } from '../cli';
import { CliError } from '../cli-error';
import { serverAddresses } from '../server-addresses';

/** Operators' statements may look at a whole table; milliseconds. */
const statementTimeoutMs = 300_000;

/**
 * Opens the database for as long as `use` takes.
 * @throws CliError without an address; StoreSetupError, StoreUnavailableError.
 */
export async function withStore<T>(
  cli: Cli,
  use: (store: OpenEventStore, databaseUrl: string) => Promise<T>,
): Promise<T> {
  const { databaseUrl } = await serverAddresses(loadConfig(cli.environment), cli.environment);
  if (databaseUrl === undefined) throw new CliError('DATABASE_URL is not set, and no "braid up" runs here');
  const opened = await openEventStore({ url: databaseUrl, statementTimeoutMs, readConnections: 2, viewConnections: 1 });
  try {
    return await use(opened, databaseUrl);
  } finally {
    await opened.close();
  }
}
