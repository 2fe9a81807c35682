import { randomUUID } from 'node:crypto';
import { Client, type QueryResultRow } from 'pg';
import { integerTypes } from './types';

export type Statement = { readonly name: string; readonly text: string };

/**
 * An answered start is on disk, whatever the default of the database or of the role is. And the plans of the append, which
 * are made once and kept, look rows up by index even when they were made while the tables were empty.
 */
const sessionSettings = `
  select set_config('synchronous_commit', 'on', false) where current_setting('synchronous_commit') = 'off';
  select set_config(name, 'off', false) from unnest(array['enable_seqscan', 'enable_hashjoin', 'enable_mergejoin']) name;
`;

/**
 * The one connection on which appends travel, opened when it is needed and dropped after any failure of the connection.
 * A new connection first ends the backend of the one before: with a half-open link that backend could hold the locks of an
 * append, waiting for a client that is gone, for as long as TCP takes to notice.
 */
export class AppendConnection {
  #client: Client | undefined;
  #name: string | undefined;

  constructor(
    private readonly url: string,
    private readonly statementTimeoutMs: number,
  ) {}

  async query<Row extends QueryResultRow>(statement: Statement, values: readonly unknown[]): Promise<Row[]> {
    const client = await this.open();
    const { rows } = await client.query<Row>({ ...statement, values: [...values] });
    return rows;
  }

  /** Connects unless there is a connection. A failure here means that no statement was sent. */
  async open(): Promise<Client> {
    if (this.#client !== undefined) {
      return this.#client;
    }
    const previous = this.#name;
    const name = `braid-append-${randomUUID()}`;
    const client = new Client({
      connectionString: this.url,
      application_name: name,
      connectionTimeoutMillis: 5000,
      query_timeout: this.statementTimeoutMs,
      keepAlive: true,
      keepAliveInitialDelayMillis: 10_000,
      types: integerTypes,
    });
    // Without a listener the loss of an idle connection would end the process; the next query finds it out anyway.
    client.on('error', () => this.#forget(client));
    client.on('end', () => this.#forget(client));
    try {
      await client.connect();
      await client.query(sessionSettings);
      if (previous !== undefined) {
        await client.query(
          `select pg_terminate_backend(pid) from pg_stat_activity where application_name = $1 and usename = current_user`,
          [previous],
        );
      }
    } catch (error) {
      client.end().catch(ignore);
      throw error;
    }
    this.#name = name;
    this.#client = client;
    return client;
  }

  /** Gives the connection up without waiting for what runs on it. */
  drop(): void {
    const client = this.#client;
    this.#client = undefined;
    client?.end().catch(ignore);
  }

  async close(): Promise<void> {
    const client = this.#client;
    this.#client = undefined;
    this.#name = undefined;
    await client?.end().catch(ignore);
  }

  #forget(client: Client): void {
    if (this.#client === client) {
      this.#client = undefined;
    }
  }
}

/** The connection is given up; how its end goes changes nothing. */
function ignore(): void {}
