import { expect, test } from '@jest/globals';
import { runInNewContext } from 'node:vm';
import { checkOutputSize, toJson } from './output';

const refusal = (value: unknown): { message: string; code: string; retryable: boolean } => {
  try {
    toJson(value);
  } catch (error) {
    return error as { message: string; code: string; retryable: boolean };
  }
  throw new Error('it was taken');
};

test('what JSON can carry is taken as JSON.stringify would', () => {
  const shared = { s: 1 };
  const value = {
    a: [1, 'x', null, undefined, true],
    gone: undefined,
    at: new Date(0),
    url: new URL('http://x/'),
    s1: shared,
    s2: shared,
  };
  expect(toJson(value)).toEqual(JSON.parse(JSON.stringify(value)));
  expect(toJson(undefined)).toBeNull();
  expect(toJson(Object.assign(Object.create(null) as object, { a: 1 }))).toEqual({ a: 1 });
  expect(toJson(runInNewContext('({ a: [1] })'))).toEqual({ a: [1] });
});

const cyclic: { self?: unknown } = {};
cyclic.self = { cyclic };
const endless = { toJSON: () => endless };
let deep: unknown = 1;
for (let n = 0; n < 10_000; n++) deep = [deep];

test.each<[string, unknown, string, string]>([
  ['a BigInt', { n: [10n] }, '$.n[0]', 'BigInt'],
  ['a function', { f: () => 1 }, '$.f', 'function'],
  ['a symbol', [Symbol('x')], '$[0]', 'symbol'],
  ['NaN', { x: Number.NaN }, '$.x', 'NaN'],
  ['Infinity', -Infinity, '$', '-Infinity'],
  ['a cycle', cyclic, '$.self.cyclic', 'contains itself'],
  ['a Map', { m: new Map([[1, 2]]) }, '$.m', 'Map'],
  ['a Set', new Set(), '$', 'Set'],
  ['an instance', { p: new (class Person {})() }, '$.p', 'Person'],
  ['a toJSON that returns itself', { e: endless }, '$.e', 'a function'],
  ['depth', deep, '$[0]', 'deeper than 200'],
  ['NUL', { s: 'a\0b' }, '$.s', 'NUL'],
  ['half a surrogate pair', ['\ud800'], '$[0]', 'surrogate'],
  ['a key that poisons prototypes', JSON.parse('{"a":{"__proto__":{"x":1}}}'), '$.a', '__proto__'],
])('%s is refused with its place', (_name, value, place, what) => {
  const { message, code, retryable } = refusal(value);
  expect({ code, retryable }).toEqual({ code: 'invalid-output', retryable: false });
  expect(message).toContain(place);
  expect(message).toContain(what);
});

test('an output that is too large names the setting', () => {
  expect(() => checkOutputSize('é'.repeat(5), 12)).not.toThrow();
  expect(() => checkOutputSize('é'.repeat(6), 12)).toThrow(/14 bytes.*12.*BRAID_MAX_OUTPUT_BYTES/);
});
