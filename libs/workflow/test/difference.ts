/**
 * Where two values differ first, as a path; undefined when they are equal in every field. Made for states, which refer to
 * themselves: a pair of objects is compared once (node's isDeepStrictEqual compares members of sets again and again, which
 * takes minutes here). Maps and sets must be equal in their order too, because decisions follow it.
 */
export function difference(a: unknown, b: unknown): string | undefined {
  const compared = new Map<object, Set<object>>();
  const open: { readonly a: unknown; readonly b: unknown; readonly path: string }[] = [{ a, b, path: '' }];
  for (let pair = open.pop(); pair; pair = open.pop()) {
    if (Object.is(pair.a, pair.b)) continue;
    if (!isObject(pair.a) || !isObject(pair.b) || Object.getPrototypeOf(pair.a) !== Object.getPrototypeOf(pair.b)) {
      return `${pair.path}: ${inWords(pair.a)} and ${inWords(pair.b)}`;
    }
    const partners = compared.get(pair.a) ?? new Set();
    if (partners.has(pair.b)) continue;
    compared.set(pair.a, partners.add(pair.b));
    const left = fieldsOf(pair.a);
    const right = fieldsOf(pair.b);
    const keys = Object.keys(left);
    const others = Object.keys(right).length;
    if (keys.length !== others) return `${pair.path}: ${keys.length} and ${others} members`;
    for (const key of keys) {
      if (!Object.hasOwn(right, key)) return `${pair.path}.${key} is missing`;
      if (!Object.is(left[key], right[key])) open.push({ a: left[key], b: right[key], path: `${pair.path}.${key}` });
    }
  }
  return undefined;
}

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;

function fieldsOf(object: object): { readonly [key: string]: unknown } {
  return { ...(object instanceof Set || object instanceof Map ? [...object] : object) };
}

function inWords(value: unknown): string {
  return isObject(value) ? `an object of ${Object.keys(value).length} fields` : String(value);
}
