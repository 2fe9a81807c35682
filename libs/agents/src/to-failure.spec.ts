import { expect, test } from '@jest/globals';
import { runInNewContext } from 'node:vm';
import { AgentError } from '@braid/sdk';
import { FailureError, toFailure } from './to-failure';

test('an error keeps its name, message, stack, code and causes', () => {
  const error = new RangeError('outer', {
    cause: Object.assign(new Error('inner'), { code: 'ECONNRESET', syscall: 'read' }),
  });
  expect(toFailure(error)).toEqual({
    type: 'RangeError',
    message: 'outer',
    code: 'agent-error',
    retryable: true,
    stack: expect.stringContaining('to-failure.spec'),
    cause: {
      type: 'Error',
      message: 'inner',
      code: 'agent-error',
      retryable: true,
      stack: expect.any(String),
      details: { code: 'ECONNRESET', syscall: 'read' },
    },
  });
});

test('an agent error says how to go on, everything else follows the default', () => {
  const error = new AgentError('x', { code: 'overloaded', retryable: false, retryAfter: 10, details: { a: 1 } });
  expect(toFailure(error)).toMatchObject({ code: 'overloaded', retryable: false, retryAfter: 10, details: { a: 1 } });
  expect(toFailure(new Error('x'), { retryable: false }).retryable).toBe(false);
  expect(toFailure(new AgentError('x'), { retryable: false }).retryable).toBe(false);
  expect(toFailure(new AgentError('x', { retryable: true }), { retryable: false }).retryable).toBe(true);
});

test('a failure that is one already stays as it is', () => {
  const failure = { type: 'T', message: 'm', code: 'timeout', retryable: true } as const;
  expect(toFailure(new FailureError(failure))).toBe(failure);
});

test.each<[unknown, string]>([
  ['just text', 'just text'],
  [undefined, 'undefined'],
  [null, 'null'],
  [42n, '42'],
  [{ a: 1 }, '{"a":1}'],
  [Symbol('s'), 'Symbol(s)'],
])('%p that was thrown is described', (thrown, message) => {
  expect(toFailure(thrown)).toMatchObject({ type: 'NonError', message });
});

test('errors of another realm and AbortErrors are errors', () => {
  expect(toFailure(runInNewContext(`new TypeError('far')`))).toMatchObject({ type: 'TypeError', message: 'far' });
  expect(toFailure(AbortSignal.abort().reason)).toMatchObject({ type: 'AbortError' });
});

test('all errors of an AggregateError are told', () => {
  const error = new AggregateError([new Error('a'), new TypeError('b')], 'both');
  expect(toFailure(error)).toMatchObject({ details: { errors: ['Error: a', 'TypeError: b'] } });
});

test('whatever is thrown, the failure is small and safe to store', () => {
  const loop = new Error('loop');
  loop.cause = loop;
  const hostile: unknown[] = [
    loop,
    new Error('x'.repeat(1_000_000)),
    new AgentError('big', { details: { text: 'y'.repeat(1_000_000) } }),
    new AgentError('bad', { details: { n: 1n } as never }),
    new AgentError('\0\ud800', { details: ['\0', { '\udc00': '\ud800' }] }),
    Object.assign(new Error('odd'), { code: 'x', retryAfter: 'soon' }),
    new AgentError('odd', { code: 'no-such-code' as never, retryAfter: -5 }),
    Object.defineProperty(new Error('trap'), 'message', {
      get: () => {
        throw new Error('no');
      },
    }),
    new Proxy(new Error('proxy'), {
      get: () => {
        throw new Error('no');
      },
    }),
    Object.create(null),
    {
      toJSON: () => {
        throw new Error('no');
      },
    },
    {
      toString: () => {
        throw new Error('no');
      },
    },
  ];
  for (const thrown of hostile) {
    const text = JSON.stringify(toFailure(thrown));
    expect(text.length).toBeLessThan(100_000);
    expect(text).not.toMatch(/\\u0000|\\ud[89a-f]/i);
    expect(JSON.parse(text)).toMatchObject({
      type: expect.any(String),
      message: expect.any(String),
      code: 'agent-error',
    });
  }
});
