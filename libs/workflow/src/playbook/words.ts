const longest = 60;

/** A value, or the kind of a large one, in a few words for a message. */
export function inWords(value: unknown): string {
  if (value === null) return 'nothing';
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list';
  switch (typeof value) {
    case 'string':
      return `the text ${JSON.stringify(value.length > longest ? `${value.slice(0, longest)}…` : value)}`;
    case 'number':
      return `the number ${value}`;
    case 'boolean':
      return String(value);
    default:
      return 'an object';
  }
}

/** The first of some names, so that a message about them stays short. */
export function listed(names: readonly string[]): string {
  return names.length <= 12 ? names.join(', ') : `${names.slice(0, 12).join(', ')}, …`;
}

/** "a", "a or b", "a, b or c". */
export function alternatives(words: readonly string[]): string {
  const last = words.at(-1) ?? '';
  return words.length < 2 ? last : `${words.slice(0, -1).join(', ')} or ${last}`;
}

const kinds: { readonly [type: string]: string } = {
  object: 'an object',
  array: 'a list',
  string: 'a text',
  number: 'a number',
  integer: 'a whole number',
  boolean: 'true or false',
  null: 'null',
};

/** A type of JSON Schema in words. */
export function typeInWords(type: unknown): string {
  const types = Array.isArray(type) ? type : [type];
  return alternatives(types.map((each) => kinds[String(each)] ?? String(each)));
}
