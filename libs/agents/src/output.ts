import { type Json } from '@braid/events';
import { AgentError } from '@braid/sdk';

/** Deeper values overflow the stacks of those who read them. */
const deepest = 200;
const loneSurrogate = /\p{Surrogate}/u;

/**
 * A value as JSON, the way `JSON.stringify` reads it: `toJSON` is honoured, properties that are `undefined` are left out,
 * `undefined` elsewhere is null. Everything that JSON would lose or that a reader could not store is refused, with its place.
 * @throws AgentError `invalid-output`
 */
export function toJson(value: unknown): Json {
  return convert(value, '$', 0, new Set());
}

/**
 * Refuses an output that is larger than the limit, measured in bytes of JSON.
 * @throws AgentError `limit`
 */
export function checkOutputSize(output: Json, maxBytes: number): void {
  const bytes = Buffer.byteLength(JSON.stringify(output));
  if (bytes > maxBytes) throw outputTooLarge(`the output has ${bytes} bytes`, maxBytes);
}

/** The failure of an output over the limit; `found` says what was too large. */
export function outputTooLarge(found: string, maxBytes: number): AgentError {
  const message = `${found}; at most ${maxBytes} are allowed (BRAID_MAX_OUTPUT_BYTES). Return less, or a reference to it.`;
  return new AgentError(message, { type: 'OutputTooLarge', code: 'limit', retryable: false });
}

function convert(value: unknown, at: string, depth: number, above: Set<object>): Json {
  switch (typeof value) {
    case 'string':
      return text(value, at);
    case 'boolean':
      return value;
    case 'number':
      if (!Number.isFinite(value)) throw invalid(at, `the number ${value}, which JSON does not have`);
      return value;
    case 'undefined':
      return null;
    case 'object':
      return value === null ? null : convertObject(value, at, depth, above);
    case 'bigint':
      throw invalid(at, `a BigInt (${value}); make it a number or a string`);
    case 'function':
    case 'symbol':
      throw invalid(at, `a ${typeof value}`);
  }
}

function convertObject(value: object, at: string, depth: number, above: Set<object>): Json {
  if (depth >= deepest) throw invalid(at, `a value nested deeper than ${deepest} levels`);
  if (above.has(value)) throw invalid(at, 'an object that contains itself');
  if ('toJSON' in value && typeof value.toJSON === 'function') {
    const replaced: unknown = value.toJSON('');
    // A toJSON that returns itself would never end; one that returns another object with toJSON is read once, as JSON.stringify does.
    return typeof replaced === 'object' && replaced !== null
      ? convertPlain(replaced, at, depth, above)
      : convert(replaced, at, depth, above);
  }
  return convertPlain(value, at, depth, above);
}

function convertPlain(value: object, at: string, depth: number, above: Set<object>): Json {
  above.add(value);
  try {
    if (Array.isArray(value)) {
      return Array.from(value, (item: unknown, index) => convert(item, `${at}[${index}]`, depth + 1, above));
    }
    refuseInstance(value, at);
    const result: Record<string, Json> = {};
    for (const [key, item] of Object.entries(value)) {
      if (item === undefined) continue;
      if (key === '__proto__') throw invalid(at, 'the key "__proto__", which is not safe to store');
      result[text(key, at)] = convert(item, `${at}.${key}`, depth + 1, above);
    }
    return result;
  } finally {
    above.delete(value);
  }
}

/** Objects of classes lose their meaning as JSON (a Map becomes `{}`), so they are refused rather than emptied. */
function refuseInstance(value: object, at: string): void {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === null) return;
  // Objects of another realm (`node:vm`) have their own Object.prototype, which also has no prototype.
  if (Object.getPrototypeOf(prototype) === null) return;
  const name: unknown = Reflect.get(value, 'constructor');
  const label = typeof name === 'function' && name.name !== '' ? name.name : 'a class';
  throw invalid(at, `an instance of ${label}; return plain objects, arrays, strings, numbers and booleans`);
}

function text(value: string, at: string): string {
  if (value.includes('\0'))
    throw invalid(at, 'a string with a NUL character; encode binary data, for example as base64');
  if (loneSurrogate.test(value)) throw invalid(at, 'a string with half a surrogate pair, which is not Unicode text');
  return value;
}

function invalid(at: string, what: string): AgentError {
  const place = at.length > 200 ? `${at.slice(0, 200)}…` : at;
  return new AgentError(`the output is not JSON: at ${place} there is ${what}`, {
    type: 'InvalidOutput',
    code: 'invalid-output',
    retryable: false,
    details: { path: place },
  });
}
