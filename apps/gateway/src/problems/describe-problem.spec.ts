import { StoreUnavailableError } from '@braid/event-store';
import { PublishError } from '@braid/messaging';
import { HttpException } from '@nestjs/common';
import { describe, expect, test } from '@jest/globals';
import { describeProblem } from './describe-problem';
import { Problem } from './problem';

const codeOf = (thrown: unknown) => {
  const { status, body, headers } = describeProblem(thrown, '/x');
  return [status, body.code, headers['retry-after']];
};

describe('problem details', () => {
  test('say when to come back for what passes', () => {
    expect(codeOf(new PublishError('full', 's', 'm'))).toEqual([429, 'intake.full', '5']);
    expect(codeOf(new PublishError('timeout', 's', 'm'))).toEqual([503, 'service.unavailable', '5']);
    expect(codeOf(new StoreUnavailableError('not-written', { cause: new Error('x') }))).toEqual([
      503,
      'service.unavailable',
      '5',
    ]);
  });

  test('tell the caller what to change for what does not pass', () => {
    expect(codeOf(new PublishError('too-large', 's', 'm'))).toEqual([413, 'request.too-large', undefined]);
    expect(codeOf(new HttpException('x', 415))).toEqual([415, 'body.unsupported-type', undefined]);
    expect(codeOf(new HttpException('x', 414))).toEqual([400, 'request.rejected', undefined]);
    const problems = [{ path: 'a', message: 'b', severity: 'error' as const }];
    expect(describeProblem(new Problem('input.invalid', 'd', { problems }), '/x').body).toMatchObject({
      type: '/v1/problems/input.invalid',
      status: 422,
      detail: 'd',
      instance: '/x',
      problems,
    });
  });

  test('show nothing of an unforeseen error', () => {
    const { status, body, fault } = describeProblem(new TypeError('password is hunter2'), '/x');
    expect([status, body.code, fault]).toEqual([500, 'internal', true]);
    expect(JSON.stringify(body)).not.toMatch(/hunter2|TypeError|\.ts/);
    expect(JSON.stringify(describeProblem(new HttpException('secret', 500), '/x').body)).not.toContain('secret');
  });
});
