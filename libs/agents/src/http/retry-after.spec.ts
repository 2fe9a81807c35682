import { expect, test } from '@jest/globals';
import { retryAfterMs } from './retry-after';

const now = Date.parse('2026-01-01T00:00:00Z');

test.each<[string | null, number | undefined]>([
  [null, undefined],
  ['0', 0],
  [' 5 ', 5_000],
  ['1e3', undefined],
  ['-5', undefined],
  ['soon', undefined],
  ['99999999999', 86_400_000],
  ['Thu, 01 Jan 2026 00:00:30 GMT', 30_000],
  ['Wed, 31 Dec 2025 23:00:00 GMT', 0],
])('%j asks for %s ms', (header, expected) => {
  expect(retryAfterMs(header, now)).toBe(expected);
});
