type Pair = { readonly a: unknown; readonly b: unknown; readonly key: string; readonly within: Pair | undefined };

/**
 * Where two values differ first, as a path; undefined when they are equal in every field. Made for states, which refer to
 * themselves: a pair of objects is compared once (node's isDeepStrictEqual compares members of sets again and again, which
 * takes minutes here). Maps and sets must be equal in their order too, because decisions follow it.
 */
export function difference(a: unknown, b: unknown): string | undefined {
  const compared = new Map<object, object[]>();
  const open: Pair[] = [{ a, b, key: '', within: undefined }];
  for (let pair = open.pop(); pair; pair = open.pop()) {
    const { a: left, b: right } = pair;
    if (!isObject(left) || !isObject(right) || Object.getPrototypeOf(left) !== Object.getPrototypeOf(right)) {
      return `${pathOf(pair)}: ${inWords(left)} and ${inWords(right)}`;
    }
    const partners = compared.get(left);
    if (partners?.includes(right) === true) continue;
    if (partners) partners.push(right);
    else compared.set(left, [right]);
    const missing = compareFields(fieldsOf(left), fieldsOf(right), pair, open);
    if (missing !== undefined) return `${pathOf(pair)}: ${missing}`;
  }
  return undefined;
}

type Fields = { readonly [key: string]: unknown };

/** Puts the fields that need a closer look onto `open`. */
function compareFields(left: Fields, right: Fields, within: Pair, open: Pair[]): string | undefined {
  const keys = Object.keys(left);
  const others = Object.keys(right).length;
  if (keys.length !== others) return `${keys.length} and ${others} members`;
  for (const key of keys) {
    const a = left[key];
    const b = right[key];
    if (Object.is(a, b) && (b !== undefined || Object.hasOwn(right, key))) continue;
    if (!Object.hasOwn(right, key)) return `${key} is missing`;
    open.push({ a, b, key, within });
  }
  return undefined;
}

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;

function fieldsOf(object: object): Fields {
  const members = object instanceof Set || object instanceof Map ? [...object] : object;
  return members as unknown as Fields;
}

function pathOf(pair: Pair): string {
  return pair.within ? `${pathOf(pair.within)}.${pair.key}` : 'state';
}

function inWords(value: unknown): string {
  return isObject(value) ? `an object of ${Object.keys(value).length} fields` : String(value);
}
