import { type Config } from '@braid/contracts';
import { type Cli } from './cli';
import { dataDir } from './gateway';
import { readRuntime } from './up/runtime-file';

/** Where PostgreSQL and NATS are: as configured, else those of the `braid up` that runs in this data folder. */
export async function serverAddresses(
  config: Config,
  environment: Cli['environment'],
): Promise<{ readonly databaseUrl: string | undefined; readonly natsUrl: string | undefined }> {
  const runtime = await readRuntime(dataDir(environment));
  return {
    databaseUrl: config.DATABASE_URL || runtime?.databaseUrl,
    natsUrl: config.NATS_URL || runtime?.natsUrl,
  };
}
