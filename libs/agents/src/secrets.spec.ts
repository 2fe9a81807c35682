import { expect, test } from '@jest/globals';
import { type Json } from '@braid/events';
import { nothingToRedact, resolveSecrets, secretsFromEnvironment } from './secrets';

const source = secretsFromEnvironment({
  BRAID_SECRET_TOKEN: 's3cret/+value',
  BRAID_SECRET_SHORT: 'abc',
  BRAID_SECRET_KEY: '-----BEGIN KEY-----\nMIIEabcdefgh\n-----END KEY-----',
  BRAID_SECRET: 'hmac-key-of-the-orchestrator',
  PATH: '/bin',
});
const refusalOf = (input: Json): unknown => {
  try {
    return resolveSecrets(input, source).input;
  } catch (error) {
    return error;
  }
};

test('references become values, alone and inside text, wherever they stand', () => {
  const input = {
    a: [{ $secret: 'TOKEN' }],
    b: { c: { $text: ['Bearer ', { $secret: 'TOKEN' }, '!'] } },
    d: 'plain',
    n: 1,
  };
  expect(resolveSecrets(input, source).input).toEqual({
    a: ['s3cret/+value'],
    b: { c: 'Bearer s3cret/+value!' },
    d: 'plain',
    n: 1,
  });
});

test('an input without references is not redacted for', () => {
  expect(resolveSecrets({ a: 1 }, source)).toEqual({ input: { a: 1 }, redactor: nothingToRedact });
});

test.each(['MISSING', '', '../PATH', 'TOKEN ', '__proto__'])(
  'the secret %j is refused without a value in the message',
  (name) => {
    expect(refusalOf({ $secret: name })).toMatchObject({
      code: 'invalid-input',
      retryable: false,
      message: expect.stringContaining('BRAID_SECRET_'),
    });
  },
);

test('a secret that is too short to be redacted is refused', () => {
  expect(refusalOf({ $secret: 'SHORT' })).toMatchObject({
    code: 'invalid-input',
    message: expect.not.stringContaining('abc'),
  });
});

test('a value is redacted in every form in which it may come back', () => {
  const { redactor } = resolveSecrets({ $secret: 'TOKEN' }, source);
  const value = 's3cret/+value';
  const forms = [
    value,
    `x${value}${value}y`,
    encodeURIComponent(value),
    Buffer.from(value).toString('base64'),
    Buffer.from(value).toString('base64url'),
    JSON.stringify({ value }),
    new URLSearchParams({ value }).toString(),
  ];
  for (const form of forms) expect(redactor.text(form)).not.toMatch(/s3cret|czNjcmV0/);
  expect(redactor.json({ [value]: [value, { deep: `a ${value}` }], n: 1 })).toEqual({
    '***': ['***', { deep: 'a ***' }],
    n: 1,
  });
  expect(
    redactor.failure({
      type: value,
      message: value,
      code: 'agent-error',
      retryable: true,
      stack: `at ${value}`,
      details: { value },
      cause: { type: 'Error', message: value, code: 'agent-error', retryable: true },
    }),
  ).toEqual({
    type: '***',
    message: '***',
    code: 'agent-error',
    retryable: true,
    stack: 'at ***',
    details: { value: '***' },
    cause: { type: 'Error', message: '***', code: 'agent-error', retryable: true },
  });
});

test('the lines of a secret of several lines are redacted apart', () => {
  const { redactor } = resolveSecrets({ $secret: 'KEY' }, source);
  expect(redactor.text('found MIIEabcdefgh here')).toBe('found *** here');
  expect(redactor.text(JSON.stringify({ key: '-----BEGIN KEY-----\nMIIEabcdefgh\n-----END KEY-----' }))).toBe(
    '{"key":"***"}',
  );
});
