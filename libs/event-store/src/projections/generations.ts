import { type Client } from 'pg';

/** Any number that nobody else in this database uses for an advisory lock. */
const lockKey = 7_236_143_502;

/** The follower that makes the generation that is being made. */
export const nextFollower = 'summaries.next';

/** How the two generations of the list compare at one moment. Lines of the same version are equal, or one of them is wrong. */
export type Comparison = {
  /** Lines of the same version. */
  readonly compared: number;
  readonly differing: number;
  /** Digests of those lines. */
  readonly before: string;
  readonly after: string;
};

/** A line of which the generations have different versions; null where one has none. */
export type Unsettled = { readonly workflow: string; readonly before: number | null; readonly after: number | null };

const both = `braid.workflow_summary o full join braid.workflow_summary_next n using (workflow)`;

/** The tables of the list's generations, through one connection. */
export class Generations {
  constructor(private readonly client: Client) {}

  /** Whether nobody else makes a generation now. The claim ends with the connection. */
  async claim(): Promise<boolean> {
    const { rows } = await this.client.query<{ claimed: boolean }>('select pg_try_advisory_lock($1) as claimed', [
      lockKey,
    ]);
    return rows[0]?.claimed === true;
  }

  /** Whether a next generation of today's shape has been begun. */
  async isBegun(): Promise<boolean> {
    const shape = `select string_agg(attname || ' ' || atttypid, ',' order by attnum) as shape from pg_attribute
                   where attrelid = to_regclass($1) and attnum > 0 and not attisdropped`;
    const shapes = [];
    for (const table of ['braid.workflow_summary', 'braid.workflow_summary_next']) {
      shapes.push((await this.client.query<{ shape: string | null }>(shape, [table])).rows[0]?.shape);
    }
    return shapes[0] === shapes[1];
  }

  async begin(): Promise<void> {
    await this.together([
      'create table braid.workflow_summary_next (like braid.workflow_summary including all) with (fillfactor = 80)',
    ]);
  }

  async drop(): Promise<void> {
    await this.together([]);
  }

  async compare(): Promise<Comparison> {
    const { rows } = await this.client.query<Comparison>(
      `select count(*)::integer as compared, count(*) filter (where old <> new)::integer as differing,
         md5(coalesce(sum(old), 0)::text) as before, md5(coalesce(sum(new), 0)::text) as after
       from (
         select hashtextextended(o::text, 0) as old, hashtextextended(n::text, 0) as new
         from ${both} where o.version = n.version
       ) lines`,
    );
    return rows[0] ?? { compared: 0, differing: 0, before: '', after: '' };
  }

  async differing(limit: number): Promise<readonly string[]> {
    const { rows } = await this.client.query<{ workflow: string }>(
      `select workflow from ${both} where o.version = n.version and o::text <> n::text order by workflow limit $1`,
      [limit],
    );
    return rows.map(({ workflow }) => workflow);
  }

  /** Lines of different versions; of these workflows only, when they are given. */
  async unsettled(limit: number, among: readonly string[] | null = null): Promise<readonly Unsettled[]> {
    const { rows } = await this.client.query<Unsettled>(
      `select workflow, o.version as before, n.version as after from ${both}
       where o.version is distinct from n.version and ($2::text[] is null or workflow = any ($2))
       order by workflow limit $1`,
      [limit, among],
    );
    return rows;
  }

  /**
   * Puts the next generation in the place of the one that is read. Readers wait for moments only: when they cannot be kept
   * away soon, nothing is changed and false is answered. `catchUp` runs while nobody writes to the old generation.
   */
  async switch(catchUp: () => Promise<void>): Promise<boolean> {
    await this.client.query('begin');
    try {
      await this.client.query(`set local lock_timeout = '1s'`);
      await this.client.query('lock table braid.workflow_summary in share row exclusive mode');
      await catchUp();
      await this.client.query(
        `delete from braid.workflow_summary_next n where not exists (select 1 from braid.workflow w where w.id = n.workflow)`,
      );
      const names = await this.indexNames();
      await this.client.query('drop table braid.workflow_summary');
      await this.client.query('alter table braid.workflow_summary_next rename to workflow_summary');
      for (const [from, to] of names) await this.client.query(`alter index braid."${from}" rename to "${to}"`);
      await this.client.query('delete from braid.checkpoint where name = $1', [nextFollower]);
      await this.client.query('commit');
      return true;
    } catch (error) {
      await this.client.query('rollback');
      if ((error as { readonly code?: string }).code === lockNotAvailable) return false;
      throw error;
    }
  }

  /** The indexes of the next generation, and the names that they take over from those of the same definition. */
  private async indexNames(): Promise<readonly (readonly [string, string])[]> {
    const { rows } = await this.client.query<{ from: string; to: string }>(
      `select n.indexname as "from", o.indexname as "to" from pg_indexes o join pg_indexes n
         on n.schemaname = o.schemaname and substring(n.indexdef from ' USING .*') = substring(o.indexdef from ' USING .*')
       where o.schemaname = 'braid' and o.tablename = 'workflow_summary' and n.tablename = 'workflow_summary_next'`,
    );
    return rows.map(({ from, to }) => [from, to]);
  }

  /** Ends whatever next generation there was, and does this, at once. */
  private async together(statements: readonly string[]): Promise<void> {
    await this.client.query('begin');
    try {
      await this.client.query('drop table if exists braid.workflow_summary_next');
      await this.client.query('delete from braid.checkpoint where name = $1', [nextFollower]);
      for (const statement of statements) await this.client.query(statement);
      await this.client.query('commit');
    } catch (error) {
      await this.client.query('rollback');
      throw error;
    }
  }
}

/** What PostgreSQL answers when a lock could not be had in time. */
const lockNotAvailable = '55P03';
