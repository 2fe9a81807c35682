import { describe, expect, test } from '@jest/globals';
import { readCursor, writeCursor } from '../events/feed-cursor';
import { Wake } from '../events/wake';
import { type Problem } from '../problems/problem';
import { checkBody, deepestBody } from './body-rules';
import { waitMs } from './duration';

const codeOf = (value: unknown) => {
  try {
    checkBody(value);
    return 'fine';
  } catch (error) {
    return (error as Problem).code;
  }
};

const nested = (depth: number): unknown => (depth === 0 ? 1 : [nested(depth - 1)]);

describe('bodies', () => {
  test('may be nested up to the limit', () => {
    expect([codeOf(nested(deepestBody)), codeOf(nested(deepestBody + 1))]).toEqual(['fine', 'body.too-deep']);
  });

  test.each([
    ['{"a":{"__proto__":1}}', 'body.forbidden-key'],
    ['{"a":{"constructor":{"prototype":{}}}}', 'body.forbidden-key'],
    ['{"a":{"constructor":"a word like any other"}}', 'fine'],
    ['["\\u0000"]', 'body.forbidden-text'],
    ['["\\ud83d"]', 'body.forbidden-text'],
    ['["\\ud83e\\udde6"]', 'fine'],
    ['[1e400]', 'body.forbidden-number'],
  ])('%s is %s', (json, code) => expect(codeOf(JSON.parse(json))).toBe(code));
});

describe('waiting times', () => {
  test.each([
    ['300ms', 300],
    ['30s', 30_000],
    ['1.5m', 90_000],
    ['5m', 300_000],
  ])('%s is %i', (text, value) => expect(waitMs(text)).toBe(value));
  test.each(['', '30', 's', '-1s', '1h', '6m', '1e9s', '30 s', 'soon'])('"%s" is refused', (text) =>
    expect(() => waitMs(text)).toThrow('is not a duration'),
  );
});

describe('cursors', () => {
  test('come back as they were', () => {
    const positions = [0, 35, 36, 123_456_789];
    expect(readCursor(writeCursor(positions), 4)).toEqual(positions);
    expect(readCursor('0', 3)).toEqual([0, 0, 0]);
  });
  test.each(['', 'p1', 'p1.0.0', 'p2.0', 'p1.A', 'p1.-1', '1'])('"%s" is none', (text) =>
    expect(readCursor(text, 1)).toBeUndefined(),
  );
});

test('a ring between two waits is not lost, and wakes only once', async () => {
  const wake = new Wake();
  const { signal } = new AbortController();
  wake.ring();
  await wake.wait(60_000, signal);
  let woken = false;
  const next = wake.wait(60_000, signal).then(() => (woken = true));
  await Promise.resolve();
  expect(woken).toBe(false);
  wake.ring();
  await next;
});
