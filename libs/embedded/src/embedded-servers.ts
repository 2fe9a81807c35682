import { join } from 'node:path';
import { startNats } from './nats';
import { startPostgres } from './postgres';

export type EmbeddedServersOptions = {
  /** Gets the directories `postgres` and `nats`. */
  readonly dataDir: string;
  /** Where DATABASE_URL, NATS_URL and the settings of `startNats` are read from; default `process.env`. */
  readonly env?: NodeJS.ProcessEnv;
  readonly log?: (line: string) => void;
};

export type EmbeddedServers = {
  readonly databaseUrl: string;
  readonly natsUrl: string;
  /** Stops what was started here; servers that were named by DATABASE_URL or NATS_URL are left alone. */
  stop(): Promise<void>;
};

type Server = { readonly url: string; stop(): Promise<void> };

/**
 * PostgreSQL and NATS for a whole Braid on one machine, started side by side. DATABASE_URL and NATS_URL each replace one of
 * them by a server that runs already. When one fails to start, the other is stopped and the failure is thrown.
 */
export async function embeddedServers(options: EmbeddedServersOptions): Promise<EmbeddedServers> {
  const env = options.env ?? process.env;
  const log = options.log ?? (() => undefined);
  const [database, nats] = await Promise.allSettled([
    given(env['DATABASE_URL']) ?? startPostgres({ dataDir: join(options.dataDir, 'postgres'), env, log }),
    given(env['NATS_URL']) ?? startNats({ dataDir: join(options.dataDir, 'nats'), env, log }),
  ]);
  if (database.status === 'fulfilled' && nats.status === 'fulfilled') {
    return {
      databaseUrl: database.value.url,
      natsUrl: nats.value.url,
      async stop() {
        await Promise.all([database.value.stop(), nats.value.stop()]);
      },
    };
  }
  const failures: unknown[] = [];
  for (const one of [database, nats]) {
    if (one.status === 'fulfilled') await one.value.stop();
    else failures.push(one.reason);
  }
  throw failures.length === 1 ? failures[0] : new AggregateError(failures, failures.map(String).join('\n'));
}

const given = (url: string | undefined): Promise<Server> | undefined =>
  url === undefined || url === '' ? undefined : Promise.resolve({ url, stop: () => Promise.resolve() });
