import { Pool, type QueryResultRow } from 'pg';
import { type Statement } from './append-connection';
import { patiently } from './patiently';
import { integerTypes } from './types';

/**
 * Statements that may run twice without harm: reads, leases, snapshots, checkpoints. They have their own connections, so
 * that a slow read never holds up an append, and they are tried again for a while when a connection breaks.
 */
export class Reader {
  readonly #pool: Pool;
  readonly #patienceMs: number;

  constructor(options: {
    readonly url: string;
    readonly connections: number;
    readonly patienceMs: number;
    readonly statementTimeoutMs: number;
  }) {
    this.#patienceMs = options.patienceMs;
    this.#pool = new Pool({
      connectionString: options.url,
      application_name: 'braid-read',
      max: options.connections,
      connectionTimeoutMillis: 5000,
      query_timeout: options.statementTimeoutMs,
      keepAlive: true,
      keepAliveInitialDelayMillis: 10_000,
      types: integerTypes,
    });
    // Idle connections end when the server restarts; the pool opens others. Without a listener the process would end.
    this.#pool.on('error', () => undefined);
  }

  /** @throws StoreUnavailableError when no connection works for as long as the patience lasts. */
  async query<Row extends QueryResultRow>(statement: Statement, values: readonly unknown[] = []): Promise<Row[]> {
    const query = { ...statement, values: [...values] };
    const { rows } = await patiently(this.#patienceMs, () => this.#pool.query<Row>(query));
    return rows;
  }

  async close(): Promise<void> {
    await this.#pool.end();
  }
}
