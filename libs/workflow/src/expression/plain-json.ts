import { Optional } from '@marcbachmann/cel-js';
import { Duration, UnsignedInt } from '@marcbachmann/cel-js/evaluator';
import type { Json } from '@braid/events';
import { MAX_VALUE_DEPTH, charge } from './meter';

const halfCharacter = /\p{Cs}/u;

/** A value of CEL that JSON cannot carry. */
export class NotJson extends Error {}

/**
 * The value of an expression as JSON: integers become numbers, an empty optional null, a timestamp ISO 8601 text, a
 * duration ISO 8601 text in seconds (`PT90S`). Parts that are JSON already are not copied. Charges for what it visits.
 *
 * @throws NotJson for NaN, infinities, half characters, integers beyond 2^53, bytes and types
 */
export function plainJson(value: unknown, depth = 0): Json {
  switch (typeof value) {
    case 'boolean':
      return value;
    case 'string':
      if (!halfCharacter.test(value)) return value;
      throw new NotJson('the result ends or begins in the middle of a character; cut the text elsewhere');
    case 'number':
      // Minus zero would come back from JSON as zero.
      if (Number.isFinite(value)) return value === 0 ? 0 : value;
      throw new NotJson(`the result is ${value}, which JSON cannot carry; check for a division by zero or an overflow`);
    case 'bigint':
      return safeInteger(value);
    case 'object':
      return value === null ? null : plainObject(value, depth);
    default:
      throw new NotJson(`the result is of the kind ${typeof value}, which JSON cannot carry`);
  }
}

/** Seconds and nanoseconds as an ISO 8601 duration, exact to the nanosecond. */
export function isoDuration(duration: Duration): string {
  const total = duration.seconds * 1_000_000_000n + BigInt(duration.nanos);
  const size = total < 0n ? -total : total;
  const fraction = (size % 1_000_000_000n).toString().padStart(9, '0').replace(/0+$/, '');
  return `${total < 0n ? '-' : ''}PT${size / 1_000_000_000n}${fraction === '' ? '' : `.${fraction}`}S`;
}

function safeInteger(value: bigint): number {
  const number = Number(value);
  if (Number.isSafeInteger(number)) return number;
  throw new NotJson(
    `the integer ${value} is beyond 2^53, where JSON numbers lose digits; use string(…) to keep them all`,
  );
}

function plainObject(value: object, depth: number): Json {
  if (depth > MAX_VALUE_DEPTH) throw new NotJson(`the result is nested deeper than ${MAX_VALUE_DEPTH} levels`);
  if (Array.isArray(value)) return plainList(value, depth);
  if (value instanceof Optional) return plainJson(value.orValue(null), depth + 1);
  if (value instanceof Duration) return isoDuration(value);
  if (value instanceof UnsignedInt) return safeInteger(value.value);
  if (isTimestamp(value)) return value.toISOString();
  if (value instanceof Uint8Array) throw new NotJson('the result is bytes; use .base64() or .string()');
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === null || Object.getPrototypeOf(prototype) === null) return plainMap(value, depth);
  throw new NotJson('the result is a type or a namespace, not a value');
}

function plainList(list: readonly unknown[], depth: number): Json {
  charge(1 + (list.length >> 3));
  let copy: Json[] | undefined;
  for (let index = 0; index < list.length; index++) {
    const item = list[index];
    const plain = item === undefined ? null : visit(item, depth);
    if (copy !== undefined) copy.push(plain);
    else if (plain !== item) copy = [...list.slice(0, index).map((earlier) => plainJson(earlier)), plain];
  }
  return copy ?? (list as readonly Json[]);
}

function plainMap(map: object, depth: number): Json {
  const entries = Object.entries(map);
  charge(1 + (entries.length >> 3));
  let changed = false;
  const plain = entries.map(([key, item]): [string, Json] => {
    const visited = visit(item, depth);
    changed ||= visited !== item;
    return [key, visited];
  });
  return changed ? Object.fromEntries(plain) : (map as { readonly [key: string]: Json });
}

function visit(item: unknown, depth: number): Json {
  if (typeof item === 'string') charge(item.length >> 5);
  return plainJson(item, depth + 1);
}

function isTimestamp(value: object): value is { toISOString(): string } {
  return Object.prototype.toString.call(value) === '[object Date]';
}
