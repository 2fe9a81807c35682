import { type PartitionAppend, type Snapshot } from '../event-store';
import { type Reader } from '../postgres/reader';
import { putBack, referencesOf, setAside } from './set-aside';

/** Characters of JSON from which on a value is stored apart, once, by its hash. */
const limit = 262_144;
/** A snapshot is broad by itself: only values of agents and callers, which stand this many keys from its top, are set apart. */
const ownOfSnapshots = 3;

const statements = {
  // `used_at` moves also when the body is there already: whoever collects what nobody uses goes by it.
  keep: {
    name: 'braid.keep-payloads',
    text: `with body as (
             insert into braid.payload (hash, body) select * from unnest($1::text[], $2::json[]) order by 1
             on conflict (hash) do update set used_at = clock_timestamp())
           insert into braid.payload_use (stream, hash) select * from unnest($3::text[], $4::text[]) order by 1, 2
           on conflict (stream, hash) do update set used_at = clock_timestamp()`,
  },
  load: { name: 'braid.load-payloads', text: 'select hash, body from braid.payload where hash = any ($1)' },
};

/**
 * Large values of events and snapshots. They are stored before what refers to them: a reference on disk always has its value.
 * A value whose event was never written is collected later.
 */
export class Payloads {
  constructor(private readonly reader: Pick<Reader, 'query'>) {}

  /** The same append without its large values, which are on disk afterwards. */
  async setAside(batch: readonly PartitionAppend[]): Promise<readonly PartitionAppend[]> {
    const texts = batch.map(({ data, events }) => data ?? events.map((event) => JSON.stringify(event.data)));
    if (!texts.some((data) => data.some(isLarge)))
      return batch.map((append, at) => ({ ...append, data: texts[at] ?? [] }));
    const uses: Use[] = [];
    const lean = batch.map((append, at) => ({
      ...append,
      data: append.events.map(({ workflow, data }, index) => {
        const text = texts[at]?.[index] ?? '';
        return isLarge(text) ? this.lighten(workflow, data, text, uses) : text;
      }),
    }));
    await this.keep(uses);
    return lean;
  }

  /** The state of a snapshot as JSON without its large values, which are on disk afterwards. */
  async setAsideOf({ workflow, state }: Snapshot): Promise<string> {
    const text = JSON.stringify(state);
    if (!isLarge(text) || typeof state !== 'object' || state === null) return text;
    const uses: Use[] = [];
    const lean = this.lighten(workflow, state, text, uses, ownOfSnapshots);
    await this.keep(uses);
    return lean;
  }

  /** Puts the large values back into documents that were just read, in place; equal ones are one object in memory. */
  async putBack(documents: readonly unknown[]): Promise<void> {
    const referring = documents.filter((document) => referencesOf(document).length > 0) as object[];
    if (referring.length === 0) return;
    const hashes = new Set(referring.flatMap((document) => referencesOf(document).map(([, hash]) => hash)));
    const rows = await this.reader.query<{ hash: string; body: unknown }>(statements.load, [[...hashes]]);
    const bodies = new Map(rows.map(({ hash, body }) => [hash, body]));
    for (const document of referring) putBack(document, bodies);
  }

  private lighten(stream: string, document: object, whole: string, uses: Use[], own?: number): string {
    const { text, bodies } = setAside(document, limit, own, whole);
    for (const [hash, body] of bodies) uses.push({ stream, hash, body });
    return text;
  }

  private async keep(uses: readonly Use[]): Promise<void> {
    if (uses.length === 0) return;
    const bodies = new Map(uses.map(({ hash, body }) => [hash, body]));
    const pairs = new Map(uses.map((use) => [`${use.hash} ${use.stream}`, use]));
    const used = [...pairs.values()];
    const values = [
      [...bodies.keys()],
      [...bodies.values()],
      used.map(({ stream }) => stream),
      used.map(({ hash }) => hash),
    ];
    await this.reader.query(statements.keep, values);
  }
}

type Use = { readonly stream: string; readonly hash: string; readonly body: string };

function isLarge(text: string): boolean {
  return text.length > limit;
}
