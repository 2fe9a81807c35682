import { type status } from '@grpc/grpc-js';

/**
 * Every problem that the API answers, in one table for all edges. `code` is stable; `next` tells the caller what to do: change
 * the request, try again later, or report a bug.
 */
type ProblemCodeEntry = {
  /** The status of HTTP. */
  readonly status: number;
  readonly grpc: keyof typeof status;
  readonly title: string;
  readonly next: string;
  /** Seconds after which the same request may succeed; sent as `Retry-After` and as `RetryInfo`. */
  readonly retryAfter?: number;
};

export const problemCodes = {
  'body.malformed': {
    status: 400,
    grpc: 'INVALID_ARGUMENT',
    title: 'The body cannot be read',
    next: 'Send well-formed JSON, or YAML as application/yaml.',
  },
  'body.forbidden-key': {
    status: 400,
    grpc: 'INVALID_ARGUMENT',
    title: 'The body has a key that is not allowed',
    next: 'Remove keys named __proto__, and constructor objects that hold prototype.',
  },
  'body.forbidden-text': {
    status: 400,
    grpc: 'INVALID_ARGUMENT',
    title: 'The body has text that cannot be stored',
    next: 'Remove NUL characters and unpaired surrogates.',
  },
  'body.forbidden-number': {
    status: 400,
    grpc: 'INVALID_ARGUMENT',
    title: 'The body has a number that cannot be represented',
    next: 'Send the number as text, or one that fits into a double.',
  },
  'body.too-deep': {
    status: 400,
    grpc: 'INVALID_ARGUMENT',
    title: 'The body is nested too deeply',
    next: 'Nest objects and lists less deeply.',
  },
  'body.too-large': {
    status: 413,
    grpc: 'RESOURCE_EXHAUSTED',
    title: 'The body is too large',
    next: 'Send less, or pass a reference to the content; BRAID_MAX_BODY_BYTES is the limit.',
  },
  'request.too-large': {
    status: 413,
    grpc: 'RESOURCE_EXHAUSTED',
    title: 'The request does not fit into one message',
    next: 'Make the playbook, the variables or the context smaller; pass references to large content.',
  },
  'body.unsupported-type': {
    status: 415,
    grpc: 'INVALID_ARGUMENT',
    title: 'The content type is not supported',
    next: 'Send application/json or application/yaml.',
  },
  'request.invalid': {
    status: 400,
    grpc: 'INVALID_ARGUMENT',
    title: 'The request has a parameter or header that cannot be used',
    next: 'Change the parameters that `problems` names.',
  },
  'request.rejected': {
    status: 400,
    grpc: 'INVALID_ARGUMENT',
    title: 'The request cannot be understood',
    next: 'Change the request as `detail` says.',
  },
  'input.invalid': {
    status: 422,
    grpc: 'INVALID_ARGUMENT',
    title: 'The body has fields that cannot be used',
    next: 'Change the fields that `problems` names.',
  },
  'playbook.invalid': {
    status: 422,
    grpc: 'INVALID_ARGUMENT',
    title: 'The playbook has mistakes',
    next: 'Correct every entry of `problems` whose severity is error.',
  },
  'playbook.unknown': {
    status: 422,
    grpc: 'NOT_FOUND',
    title: 'There is no such playbook',
    next: 'Use the name and version of a published playbook; GET /v1/playbooks lists them.',
  },
  'playbook.not-found': {
    status: 404,
    grpc: 'NOT_FOUND',
    title: 'There is no such playbook version',
    next: 'GET /v1/playbooks lists what is published.',
  },
  'playbook.version-exists': {
    status: 409,
    grpc: 'ALREADY_EXISTS',
    title: 'This version is published already, with other content',
    next: 'Publish the changed playbook under a new version: a published version never changes.',
  },
  'variables.invalid': {
    status: 422,
    grpc: 'INVALID_ARGUMENT',
    title: 'The variables do not fit the playbook',
    next: 'Change the variables that `problems` names.',
  },
  'workflow.not-found': {
    status: 404,
    grpc: 'NOT_FOUND',
    title: 'There is no such workflow',
    next: 'Check the id; GET /v1/workflows lists what there is.',
  },
  'workflow.closed': {
    status: 409,
    grpc: 'FAILED_PRECONDITION',
    title: 'The workflow has ended',
    next: 'Read the workflow: it cannot be changed any more.',
  },
  'workflow.not-failed': {
    status: 409,
    grpc: 'FAILED_PRECONDITION',
    title: 'The workflow cannot be tried again',
    next: 'Read the workflow: only one that failed in one of its branches can be tried again.',
  },
  'workflow.compensated': {
    status: 409,
    grpc: 'FAILED_PRECONDITION',
    title: 'The completed steps of the workflow are undone',
    next: 'Start a new workflow: there is nothing left that this one could go on from.',
  },
  'workflow.is-child': {
    status: 409,
    grpc: 'FAILED_PRECONDITION',
    title: 'A child workflow is not tried again by itself',
    next: 'Try the workflow that `parent` of this one names again: it starts a new child.',
  },
  'signal.invalid': {
    status: 422,
    grpc: 'INVALID_ARGUMENT',
    title: 'No step of the workflow can take this signal',
    next: 'Change the name or the payload as `problems` says: the playbook declares both.',
  },
  'convergence.invalid': {
    status: 422,
    grpc: 'INVALID_ARGUMENT',
    title: 'This convergence cannot be tried out here',
    next: 'Change the fields that `problems` names; they are those of `converge` in a playbook.',
  },
  'workflow.different-start': {
    status: 409,
    grpc: 'ALREADY_EXISTS',
    title: 'The idempotency key was used with another request',
    next: 'Use a new Idempotency-Key for a different request, or repeat the first one unchanged.',
  },
  'dead-letter.not-found': {
    status: 404,
    grpc: 'NOT_FOUND',
    title: 'There is no such dead letter',
    next: 'GET /v1/dead-letters lists what is set aside.',
  },
  'dead-letter.incomplete': {
    status: 409,
    grpc: 'FAILED_PRECONDITION',
    title: 'The dead letter cannot be sent again',
    next: 'Send the message anew from where it came, then delete the dead letter.',
  },
  'verification.under-way': {
    status: 409,
    grpc: 'FAILED_PRECONDITION',
    title: 'A verification runs already',
    next: 'Repeat the request when that one has ended, or ask another gateway.',
    retryAfter: 5,
  },
  'route.not-found': {
    status: 404,
    grpc: 'UNIMPLEMENTED',
    title: 'There is nothing at this address',
    next: 'GET /openapi.json lists every address; people read it at /docs.',
  },
  'route.method-not-allowed': {
    status: 405,
    grpc: 'UNIMPLEMENTED',
    title: 'This address does not take this method',
    next: 'Use one of the methods of the Allow header.',
  },
  'intake.full': {
    status: 429,
    grpc: 'RESOURCE_EXHAUSTED',
    title: 'Too much work is waiting',
    next: 'Repeat the request after Retry-After, with the same Idempotency-Key.',
    retryAfter: 5,
  },
  'gateway.busy': {
    status: 429,
    grpc: 'RESOURCE_EXHAUSTED',
    title: 'The gateway has as many starts in hand as it may',
    next: 'Nothing was started. Repeat the request after Retry-After, with the same Idempotency-Key; BRAID_STARTS_AT_ONCE and BRAID_START_BYTES_AT_ONCE are the limits.',
    retryAfter: 1,
  },
  'orchestrator.behind': {
    status: 503,
    grpc: 'UNAVAILABLE',
    title: 'Starts wait too long for an orchestrator',
    next: 'Nothing was started. Repeat the request after Retry-After, with the same Idempotency-Key; BRAID_START_PATIENCE is the limit, and more orchestrators help.',
    retryAfter: 5,
  },
  'receipt.missing': {
    status: 503,
    grpc: 'UNAVAILABLE',
    title: 'Nobody confirmed the request in time',
    next: 'Repeat the request with the same Idempotency-Key: it may have been accepted or may still be.',
    retryAfter: 5,
  },
  'service.unavailable': {
    status: 503,
    grpc: 'UNAVAILABLE',
    title: 'A part of the service cannot be reached',
    next: 'Repeat the request after Retry-After; GET /health/ready names the part.',
    retryAfter: 5,
  },
  internal: {
    status: 500,
    grpc: 'INTERNAL',
    title: 'Something went wrong inside Braid',
    next: 'This is a bug. Report it with the request id; repeating may help.',
  },
} as const satisfies { readonly [code: string]: ProblemCodeEntry };

export type ProblemCode = keyof typeof problemCodes;

/** The entry of a code, with its optional fields visible. */
export function problemCode(code: ProblemCode): ProblemCodeEntry {
  return problemCodes[code];
}
