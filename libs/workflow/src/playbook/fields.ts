export type Fields = { readonly [name: string]: unknown };

/** The fields of an object of the tree; none for what could not be read. */
export function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {};
}

/** The items of a list of the tree; undefined for what could not be read or is not there. */
export function listOf(value: unknown): readonly unknown[] | undefined {
  return Array.isArray(value) ? value : undefined;
}

export function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

export function has(fields: Fields, name: string): boolean {
  return Object.hasOwn(fields, name);
}

const strange = Symbol('strange');

/** Remembers that a field was taken out of the object because nobody knows it. */
export function markStrange(fields: object): void {
  Object.defineProperty(fields, strange, { value: true, enumerable: true });
}

/** Whether the object had a field that nobody knows, which may have been its most important one. */
export function isStrange(fields: Fields): boolean {
  return Object.hasOwn(fields, strange);
}
