import { createHash } from 'node:crypto';

type Path = readonly (string | number)[];

/** Where a value stood (keys and indexes from the document's top), and the SHA-256 of its JSON, in hex. */
type Reference = readonly [path: Path, hash: string];

/** A document that is too large to be stored whole: what is left of it, and what was taken out. */
type SetAside = {
  /** The document as JSON, with `null` where a value was taken out and the references under {@link referencesKey}. */
  readonly text: string;
  /** The values that were taken out, as JSON, by their hash. */
  readonly bodies: ReadonlyMap<string, string>;
};

/** No document that is stored has a key of this name at its top: the names there are Braid's own. */
const referencesKey = '$payloads';

/** Containers this deep or deeper are taken out whole or not at all. */
const deepest = 32;

/** What is left of a value, how many characters its JSON has then, more or less, and what was taken out of it. */
type Part = { readonly left: unknown; readonly size: number; readonly references: readonly Reference[] };

/**
 * Takes values of more than `limit` characters out of a document, the innermost ones that are too large, so that the same
 * value is the same body wherever it stands. A container that stays too large without them is taken out whole, unless it is
 * one of the document's own: fewer than `own` keys from its top. `whole` is the document's JSON, where that is known already.
 */
export function setAside(document: object, limit: number, own = 1, whole?: string): SetAside {
  const { left, references } = lightenMembers(document, [], { limit, own });
  const bodies = new Map<string, string>();
  const named: Reference[] = references.map(([path, body]) => {
    const hash = createHash('sha256').update(body).digest('hex');
    bodies.set(hash, body);
    return [path, hash];
  });
  if (named.length === 0) return { text: whole ?? JSON.stringify(document), bodies };
  return { text: JSON.stringify({ ...(left as object), [referencesKey]: named }), bodies };
}

type Rule = { readonly limit: number; readonly own: number };

/** Of a value that is too large. Here a reference has the JSON itself, not yet its hash. */
function lighten(value: unknown, path: Path, rule: Rule): Part {
  const whole = (): Part => ({ left: null, size: 4, references: [[path, JSON.stringify(value)]] });
  if (typeof value !== 'object' || value === null || path.length >= deepest) return whole();
  const lighter = lightenMembers(value, path, rule);
  return lighter.size > rule.limit && path.length >= rule.own ? whole() : lighter;
}

function lightenMembers(value: object, path: Path, rule: Rule): Part {
  let size = 2;
  let left = value;
  const references: Reference[] = [];
  const visit = (key: string | number, member: unknown): void => {
    size += sizeOfKey(key);
    const memberSize = sizeOf(member, rule.limit);
    if (memberSize <= rule.limit) {
      size += memberSize;
      return;
    }
    const lighter = lighten(member, [...path, key], rule);
    size += lighter.size;
    if (lighter.references.length === 0) return;
    references.push(...lighter.references);
    if (left === value) left = Array.isArray(value) ? [...(value as unknown[])] : { ...value };
    define(left, key, lighter.left);
  };
  if (Array.isArray(value)) for (const [index, member] of value.entries()) visit(index, member);
  else for (const [key, member] of Object.entries(value)) visit(key, member);
  return { left, size, references };
}

/** Characters of a value's JSON, more or less; counted little further than `limit`, and no deeper than is looked into. */
function sizeOf(value: unknown, limit: number, depth = 0): number {
  if (typeof value === 'string') return value.length + 2;
  if (typeof value !== 'object' || value === null) return 8;
  if (depth >= deepest) return JSON.stringify(value).length;
  let size = 2;
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length && size <= limit; index++) {
      size += sizeOfKey(index) + sizeOf(value[index], limit - size, depth + 1);
    }
    return size;
  }
  for (const key in value) {
    size += sizeOfKey(key) + sizeOf((value as Record<string, unknown>)[key], limit - size, depth + 1);
    if (size > limit) break;
  }
  return size;
}

const sizeOfKey = (key: string | number) => (typeof key === 'string' ? key.length + 4 : 1);

/** The references of a stored document; none for most. */
export function referencesOf(document: unknown): readonly Reference[] {
  if (typeof document !== 'object' || document === null || !Object.hasOwn(document, referencesKey)) return [];
  return (document as { readonly [referencesKey]: readonly Reference[] })[referencesKey];
}

/**
 * Puts the values back into a document that was just read, in place.
 * @throws MissingPayloadError when one of them is not there.
 */
export function putBack(document: object, bodies: ReadonlyMap<string, unknown>): void {
  for (const [path, hash] of referencesOf(document)) {
    if (!bodies.has(hash)) throw new MissingPayloadError(hash);
    let at: object = document;
    for (const key of path.slice(0, -1)) at = (at as Record<string | number, object>)[key] ?? {};
    define(at, path.at(-1) ?? '', bodies.get(hash));
  }
  Reflect.deleteProperty(document, referencesKey);
}

/** A key may be called `__proto__`: it is data all the same. */
function define(target: object, key: string | number, value: unknown): void {
  Object.defineProperty(target, key, { value, writable: true, enumerable: true, configurable: true });
}

/** A large value is not in the store although a document refers to it: the database was changed by other hands. */
export class MissingPayloadError extends Error {
  override readonly name = 'MissingPayloadError';
  readonly code = 'payload.missing';

  constructor(readonly hash: string) {
    super(
      `The database lacks the large value with SHA-256 ${hash}, to which an event refers; restore it from a backup`,
    );
  }
}
