import { createHash } from 'node:crypto';
import { type Graph } from '@braid/events';
import { type DataSource, type EntityManager, LessThan, MoreThan, type Repository } from 'typeorm';
import { patiently } from '../postgres/patiently';
import { PlaybookEntity } from './playbook.entity';

export type PublishedPlaybook = {
  readonly name: string;
  readonly version: string;
  readonly source: string;
  readonly graph: Graph;
  /** SHA-256 of the source, in hex. */
  readonly digest: string;
  /** Milliseconds since the epoch. */
  readonly publishedAt: number;
};

type PlaybookKey = Pick<PublishedPlaybook, 'name' | 'version'>;

export type PlaybookListing = Pick<PublishedPlaybook, 'name' | 'version' | 'publishedAt'>;

/** The version exists with another source. Next move: publish under a new version, or without one. */
export class PlaybookVersionTakenError extends Error {
  override readonly name = 'PlaybookVersionTakenError';
  readonly code = 'playbook.version-taken';

  constructor(playbook: string, version: string) {
    super(
      `Version ${version} of playbook ${playbook} exists already with another content, and versions never change; publish it under a new version, or leave the version out to get the next one`,
    );
  }
}

/** Published playbooks. A version never changes once it is there. */
export class Playbooks {
  readonly #repository: Repository<PlaybookEntity>;

  constructor(
    private readonly source: DataSource,
    private readonly patienceMs: number,
  ) {
    this.#repository = source.getRepository(PlaybookEntity);
  }

  /**
   * Publishes a source under a version. Without a version, the latest one is answered when it has this source, else the
   * source gets the next whole number.
   * @throws PlaybookVersionTakenError when the version exists with another source.
   */
  async publish(playbook: {
    readonly name: string;
    readonly version?: string;
    readonly source: string;
    readonly graph: Graph;
  }): Promise<{ readonly playbook: PublishedPlaybook; readonly created: boolean }> {
    const { name, source, graph } = playbook;
    const digest = createHash('sha256').update(source).digest('hex');
    const publishing = async (manager: EntityManager) => {
      // Publishers of one name take turns, or two of them would choose the same next version.
      await manager.query('select pg_advisory_xact_lock(hashtextextended($1, 7236143501))', [name]);
      const latest = await findLatest(manager, name);
      const same =
        playbook.version === undefined
          ? latest
          : await manager.findOneBy(PlaybookEntity, { name, version: playbook.version });
      if (same?.digest === digest) {
        return { playbook: toPlaybook(same), created: false };
      }
      if (same && playbook.version !== undefined) {
        throw new PlaybookVersionTakenError(name, playbook.version);
      }
      const version = playbook.version ?? (await nextVersion(manager, name));
      const ordinal = (latest?.ordinal ?? 0) + 1;
      await manager.insert(PlaybookEntity, { name, version, ordinal, source, graph, digest });
      const created = await manager.findOneByOrFail(PlaybookEntity, { name, version });
      return { playbook: toPlaybook(created), created: true };
    };
    return patiently(this.patienceMs, () => this.source.transaction(publishing));
  }

  /** A version, or with `latest` the one that was published last. */
  async get(name: string, version = 'latest'): Promise<PublishedPlaybook | undefined> {
    if (name.includes('\0') || version.includes('\0')) {
      return undefined;
    }
    const found = await patiently(this.patienceMs, () =>
      version === 'latest' ? findLatest(this.#repository.manager, name) : this.#repository.findOneBy({ name, version }),
    );
    return found ? toPlaybook(found) : undefined;
  }

  /** Every version of every playbook, or of one, by name and newest first; at most `limit`. */
  async list(options: { readonly name?: string; readonly limit?: number } = {}): Promise<PlaybookListing[]> {
    if (options.name?.includes('\0')) {
      return [];
    }
    const rows = await patiently(this.patienceMs, () =>
      this.#repository.find({
        select: { name: true, version: true, ordinal: true, publishedAt: true },
        where: options.name === undefined ? {} : { name: options.name },
        order: { name: 'ASC', ordinal: 'DESC' },
        take: options.limit ?? 1000,
      }),
    );
    return rows.map(toListing);
  }

  /**
   * A page of what {@link list} gives in whole: the first, or the one after a version. Undefined when there is no such version.
   */
  async page(limit: number, after?: PlaybookKey): Promise<PlaybookListing[] | undefined> {
    if (after === undefined) return this.list({ limit });
    const last = await this.get(after.name, after.version);
    if (last === undefined) return undefined;
    const rows = await patiently(this.patienceMs, async () => {
      const { name, ordinal } = await this.#repository.findOneByOrFail({ name: last.name, version: last.version });
      return this.#repository.find({
        select: { name: true, version: true, ordinal: true, publishedAt: true },
        where: [{ name: MoreThan(name) }, { name, ordinal: LessThan(ordinal) }],
        order: { name: 'ASC', ordinal: 'DESC' },
        take: limit,
      });
    });
    return rows.map(toListing);
  }
}

function toListing({ name, version, publishedAt }: PlaybookEntity): PlaybookListing {
  return { name, version, publishedAt: publishedAt.getTime() };
}

function findLatest(manager: EntityManager, name: string): Promise<PlaybookEntity | null> {
  return manager.findOne(PlaybookEntity, { where: { name }, order: { ordinal: 'DESC' } });
}

async function nextVersion(manager: EntityManager, name: string): Promise<string> {
  const rows = await manager.query<{ next: string }[]>(
    `select (coalesce(max(version::bigint), 0) + 1)::text as next
     from braid.playbook where name = $1 and version ~ '^[0-9]{1,9}$'`,
    [name],
  );
  return rows[0]?.next ?? '1';
}

function toPlaybook(entity: PlaybookEntity): PublishedPlaybook {
  const { name, version, source, digest, publishedAt } = entity;
  // The column holds only what was published as a Graph.
  return { name, version, source, graph: entity.graph as Graph, digest, publishedAt: publishedAt.getTime() };
}
