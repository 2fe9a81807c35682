/**
 * A JSON Schema that accepts values of type T. Built by the functions below it cannot drift from the type: a property that is
 * missing in one of them, has another type, or is optional in one of them only, does not compile.
 *
 * Properties that a schema does not name are let through: a newer sender may say more than an older receiver understands.
 */
export type Schema<T> = { readonly [keyword: string]: unknown } & {
  /** Never there; binds the schema to its type. */
  readonly accepts?: (value: T) => T;
};

type Optional<T> = { readonly optional: Schema<T> };

type Properties<T> = {
  readonly [K in keyof T]-?: object extends Pick<T, K> ? Optional<Exclude<T[K], undefined>> : Schema<T[K]>;
};

/** The members of the union T by the value of their property P. */
type Members<T, P extends keyof T> = { readonly [V in T[P] & string]: Schema<Extract<T, { readonly [K in P]: V }>> };

export function optional<T>(schema: Schema<T>): Optional<T> {
  return { optional: schema };
}

export function object<T extends object>(properties: Properties<T>): Schema<T> {
  const entries: [string, Schema<unknown> | Optional<unknown>][] = Object.entries(properties);
  return {
    type: 'object',
    properties: Object.fromEntries(entries.map(([name, entry]) => [name, isOptional(entry) ? entry.optional : entry])),
    required: entries.filter(([, entry]) => !isOptional(entry)).map(([name]) => name),
  };
}

function isOptional(entry: Schema<unknown> | Optional<unknown>): entry is Optional<unknown> {
  return 'optional' in entry;
}

export function list<T>(items: Schema<T>): Schema<readonly T[]> {
  return { type: 'array', items };
}

export function record<T>(values: Schema<T>): Schema<{ readonly [name: string]: T }> {
  return { type: 'object', additionalProperties: values };
}

/** One of the words; all that the type has are listed, and no other. */
export function oneOf<T extends string>(words: Readonly<Record<T, true>>): Schema<T> {
  return { type: 'string', enum: Object.keys(words) };
}

export function constant<const T extends string | number>(value: T): Schema<T> {
  return { const: value };
}

export function either<A, B>(a: Schema<A>, b: Schema<B>): Schema<A | B> {
  return { anyOf: [a, b] };
}

/** Objects that are told apart by one property; all members of the union are listed. */
export function taggedBy<T extends object, P extends keyof T & string>(tag: P, members: Members<T, P>): Schema<T> {
  return {
    type: 'object',
    discriminator: { propertyName: tag },
    required: [tag],
    oneOf: Object.values(members),
  };
}

/** Another schema, by the name that it is registered under: what makes recursion possible. */
export function named<T>(name: string): Schema<T> {
  return { $ref: name };
}
