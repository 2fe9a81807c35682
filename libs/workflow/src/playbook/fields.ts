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
