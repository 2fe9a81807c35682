import { type ProblemDetails } from '@braid/contracts';
import { PlaybookVersionTakenError, StoreUnavailableError } from '@braid/event-store';
import { DeadLetterError, PublishError, type PublishErrorCode } from '@braid/messaging';
import { HttpException } from '@nestjs/common';
import { Problem } from './problem';
import { problemCode, type ProblemCode } from './problem-codes';

export type DescribedProblem = {
  readonly code: ProblemCode;
  readonly status: number;
  readonly body: ProblemDetails & { readonly next: string };
  readonly headers: { readonly [name: string]: string };
  /** Seconds after which the same request may succeed. */
  readonly retryAfter: number | undefined;
  /** Whether this is a fault of ours, which belongs into the log. */
  readonly fault: boolean;
};

/** Where the codes are explained; resolved against the API's own address. */
const typePrefix = '/v1/problems/';

/** Turns whatever was thrown into problem details (RFC 9457). Never shows a stack or the message of an unforeseen error. */
export function describeProblem(thrown: unknown, instance: string): DescribedProblem {
  const problem = problemOf(thrown);
  const entry = problemCode(problem.code);
  const { problems, allow, members, retryAfter = entry.retryAfter } = problem.extras;
  return {
    code: problem.code,
    status: entry.status,
    body: {
      ...members,
      type: `${typePrefix}${problem.code}`,
      title: entry.title,
      status: entry.status,
      code: problem.code,
      ...(problem.detail === undefined ? {} : { detail: problem.detail }),
      next: entry.next,
      instance,
      ...(problems === undefined ? {} : { problems }),
    },
    headers: {
      ...(retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) }),
      ...(allow === undefined ? {} : { allow: allow.join(', ') }),
    },
    retryAfter,
    fault: problem.code === 'internal',
  };
}

/** What the errors of the libraries below mean to a caller, whatever the edge. */
function problemOf(thrown: unknown): Problem {
  if (thrown instanceof Problem) return thrown;
  if (thrown instanceof HttpException) return fromHttpException(thrown);
  if (thrown instanceof StoreUnavailableError) {
    return new Problem('service.unavailable', 'The event store cannot be reached', {}, thrown);
  }
  if (thrown instanceof PublishError) return new Problem(fromPublishing[thrown.code], undefined, {}, thrown);
  if (thrown instanceof DeadLetterError) {
    return new Problem(`dead-letter.${thrown.code}`, thrown.message, {}, thrown);
  }
  if (thrown instanceof PlaybookVersionTakenError) {
    return new Problem('playbook.version-exists', thrown.message, {}, thrown);
  }
  return new Problem('internal', undefined, {}, thrown);
}

const fromPublishing: { readonly [code in PublishErrorCode]: ProblemCode } = {
  full: 'intake.full',
  'too-large': 'request.too-large',
  timeout: 'service.unavailable',
  closed: 'service.unavailable',
  refused: 'internal',
};

const byStatus: { readonly [status: number]: ProblemCode } = {
  404: 'route.not-found',
  405: 'route.method-not-allowed',
  413: 'body.too-large',
  415: 'body.unsupported-type',
  429: 'intake.full',
  503: 'service.unavailable',
};

/** What Nest and Fastify throw themselves: they know a status and sometimes a code of their own. */
function fromHttpException(exception: HttpException): Problem {
  const status = exception.getStatus();
  const code = byStatus[status];
  if (code !== undefined) return new Problem(code, exception.message, { members: membersOf(exception) }, exception);
  if (status >= 500) return new Problem('internal', undefined, {}, exception);
  const cause = exception.cause;
  const fastifyCode = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  const bodyError = fastifyCode.startsWith('FST_ERR_CTP') || cause instanceof SyntaxError;
  return new Problem(bodyError ? 'body.malformed' : 'request.rejected', exception.message, {}, exception);
}

/** The readiness answer keeps its checks, so that the caller sees which part is missing. */
function membersOf(exception: HttpException): { readonly [name: string]: unknown } {
  const response = exception.getResponse();
  return typeof response === 'object' && 'checks' in response ? { checks: response.checks } : {};
}
