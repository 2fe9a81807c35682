import { EvaluationError, type Environment } from '@marcbachmann/cel-js';
import type { Duration } from '@marcbachmann/cel-js/evaluator';
import type { Json } from '@braid/events';
import { charge, chargeDeep } from './meter';
import { matchesLinear } from './linear-regex';
import { isoDuration, plainJson } from './plain-json';

type Handler = (...args: never[]) => unknown;
type AddedFunction = readonly [signature: string, handler: Handler];

/** The name under which `matches` is compiled, because the library's own one runs a backtracking engine. */
export const LINEAR_MATCHES = 'matchesLinear';

/**
 * What Braid adds to the functions of CEL, named as in CEL's extension libraries where those define it. Indexes and
 * counts may be numbers of JSON. The library itself brings the standard ones (`size`, `contains`, `startsWith`,
 * `endsWith`, `split`, `join`, `substring`, `indexOf`, `lowerAscii`, `upperAscii`, `trim`, `int`, `double`, `string`,
 * `timestamp`, `duration`, `has`, `all`, `exists`, `exists_one`, `map`, `filter`, `cel.bind`, `?.` as `.?`).
 *
 * | function | value |
 * |---|---|
 * | `text.replace(old, new)` | the text with every occurrence replaced |
 * | `list.sum()` | the sum of numbers; 0 for an empty list |
 * | `list.min()`, `list.max()` | the least or greatest of numbers or of texts |
 * | `list.sort()` | the list of numbers or of texts in ascending order |
 * | `list.distinct()` | the list without repeated values, the first of each kept |
 * | `list.flatten()` | the list with the items of inner lists in their place, one level deep |
 * | `list.reverse()`, `list.slice(from, to)` | the list backwards; the items from `from` up to and without `to` |
 * | `json(value)`, `fromJson(text)` | the value as JSON text, and back |
 * | `default(value, fallback)` | the fallback where the value is null or a part of its path is missing |
 */
const added: readonly AddedFunction[] = [
  ['string.replace(string, string): string', replaceAll],
  [`string.${LINEAR_MATCHES}(string): bool`, matchesLinear],
  ['list.sum(): dyn', sum],
  ['list.min(): dyn', (list: readonly unknown[]) => edge(list, 'min', (a, b) => a < b)],
  ['list.max(): dyn', (list: readonly unknown[]) => edge(list, 'max', (a, b) => a > b)],
  ['list.sort(): list', sort],
  ['list.distinct(): list', distinct],
  ['list.flatten(): list', (list: readonly unknown[]) => list.flat()],
  ['list.reverse(): list', (list: readonly unknown[]) => list.toReversed()],
  ['list.slice(int, int): list', slice],
  ['json(dyn): string', toJsonText],
  ['fromJson(string): dyn', fromJsonText],
  ['string(google.protobuf.Timestamp): string', (moment: { toISOString(): string }) => moment.toISOString()],
  ['string(google.protobuf.Duration): string', (duration: Duration) => isoDuration(duration)],
];

/** Functions whose integer arguments may be whole numbers of JSON. */
export const takesIntegers: ReadonlySet<string> = new Set([
  'at',
  'indexOf',
  'lastIndexOf',
  'slice',
  'split',
  'substring',
  'timestamp',
]);

export function registerFunctions(environment: Environment): void {
  for (const [signature, handler] of added) environment.registerFunction(signature, handler, { async: false });
}

function replaceAll(text: string, old: string, replacement: string): string {
  const pieces = text.split(old);
  charge((pieces.length >> 3) + ((pieces.length * replacement.length) >> 5));
  return pieces.join(replacement);
}

type Numeric = number | bigint;
const isNumeric = (value: unknown): value is Numeric => typeof value === 'number' || typeof value === 'bigint';
const isText = (value: unknown): value is string => typeof value === 'string';

function sum(list: readonly unknown[]): Numeric {
  if (!list.every(isNumeric)) throw kindError('sum() takes a list of numbers');
  if (list.every((item) => typeof item === 'bigint')) return list.reduce((total, item) => total + item, 0n);
  return list.reduce<number>((total, item) => total + Number(item), 0);
}

function comparable(list: readonly unknown[], name: string): readonly (Numeric | string)[] {
  if (list.every(isNumeric) || list.every(isText)) return list;
  throw kindError(`${name}() takes a list of numbers or a list of texts`);
}

function edge(
  list: readonly unknown[],
  name: string,
  better: (a: Numeric | string, b: Numeric | string) => boolean,
): Numeric | string {
  const [first, ...rest] = comparable(list, name);
  if (first !== undefined) return rest.reduce((best, item) => (better(item, best) ? item : best), first);
  throw new EvaluationError({ code: 'empty_list', message: `${name}() of an empty list; test size() first` });
}

function sort(list: readonly unknown[]): readonly unknown[] {
  charge(list.length);
  return comparable(list, 'sort').toSorted((a, b) => Number(a > b) - Number(a < b));
}

function distinct(list: readonly unknown[]): readonly unknown[] {
  chargeDeep(list);
  const first = new Map<string, unknown>();
  for (const item of list) {
    const key = JSON.stringify(withSortedKeys(plainJson(item)));
    if (!first.has(key)) first.set(key, item);
  }
  return [...first.values()];
}

/** A form in which equal values have equal JSON text, whatever the order of their keys. */
function withSortedKeys(value: Json): Json {
  if (typeof value !== 'object' || value === null) return value;
  if (isList(value)) return ['[]', ...value.map(withSortedKeys)];
  const entries = Object.entries(value).map(([key, item]): [string, Json] => [key, withSortedKeys(item)]);
  return ['{}', ...entries.toSorted(([a], [b]) => (a < b ? -1 : 1))];
}

function slice(list: readonly unknown[], from: bigint, to: bigint): readonly unknown[] {
  if (from >= 0n && from <= to && to <= BigInt(list.length)) return list.slice(Number(from), Number(to));
  const message = `slice(${from}, ${to}) is out of range for a list of ${list.length}`;
  throw new EvaluationError({ code: 'index_out_of_range', message });
}

function toJsonText(value: unknown): string {
  chargeDeep(value);
  return JSON.stringify(plainJson(value));
}

function fromJsonText(text: string): Json {
  try {
    const value: Json = JSON.parse(text);
    return value;
  } catch {
    throw new EvaluationError({ code: 'invalid_json', message: 'fromJson() got a text that is not JSON' });
  }
}

function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}

function kindError(message: string): EvaluationError {
  return new EvaluationError({ code: 'wrong_kind', message });
}
