import { failureCodes, type Failure, type Json } from '@braid/events';
import { isAgentError } from '@braid/sdk';
import { type ErrorLike, isErrorLike } from './error-like';
import { toJson } from './output';

const longestMessage = 4_000;
const longestStack = 8_000;
const largestDetails = 16_000;
const deepestCause = 5;

/** A failure that is already described, on its way through code that throws. */
export class FailureError extends Error {
  override readonly name = 'FailureError';
  constructor(readonly failure: Failure) {
    super(failure.message);
  }
}

/**
 * Describes anything that was thrown. The result is small (stack, message, details and the chain of causes are cut) and
 * safe to store, whatever the thrown value does when it is looked at. Errors without an opinion are retryable unless
 * `retryable` says otherwise.
 */
export function toFailure(thrown: unknown, defaults: { readonly retryable?: boolean } = {}): Failure {
  try {
    return describe(thrown, defaults.retryable ?? true, 0);
  } catch {
    return {
      type: 'Unreadable',
      message: 'the agent threw a value that cannot be read',
      code: 'agent-error',
      retryable: defaults.retryable ?? true,
    };
  }
}

function describe(thrown: unknown, retryable: boolean, depth: number): Failure {
  if (thrown instanceof FailureError) return thrown.failure;
  if (!isErrorLike(thrown)) {
    return { type: 'NonError', message: cut(preview(thrown), longestMessage), code: 'agent-error', retryable };
  }
  const cause =
    depth < deepestCause && thrown.cause !== undefined ? describe(thrown.cause, retryable, depth + 1) : undefined;
  const common = {
    message: cut(String(thrown.message), longestMessage),
    ...(typeof thrown.stack === 'string' ? { stack: cut(thrown.stack, longestStack) } : {}),
    ...(cause === undefined ? {} : { cause }),
  };
  if (isAgentError(thrown)) {
    const { details, retryAfter } = thrown;
    return {
      type: cut(String(thrown.type), 200),
      code: failureCodes.includes(thrown.code) ? thrown.code : 'agent-error',
      retryable: thrown.retryable ?? retryable,
      ...common,
      ...(details === undefined ? {} : { details: bounded(details) }),
      ...(typeof retryAfter === 'number' && retryAfter >= 0 ? { retryAfter } : {}),
    };
  }
  const details = detailsOf(thrown);
  return {
    type: cut(String(thrown.name), 200),
    code: 'agent-error',
    retryable,
    ...common,
    ...(details === undefined ? {} : { details: bounded(details) }),
  };
}

/** What Node and AggregateError tell besides the message. */
function detailsOf(error: ErrorLike): Json | undefined {
  const details: Record<string, Json> = {};
  for (const field of ['code', 'errno', 'syscall', 'path', 'address', 'port', 'hostname'] as const) {
    const value: unknown = Reflect.get(error, field);
    if (typeof value === 'string' || typeof value === 'number') details[field] = value;
  }
  const errors: unknown = Reflect.get(error, 'errors');
  if (Array.isArray(errors)) details['errors'] = errors.slice(0, 10).map((inner) => cut(preview(inner), 500));
  return Object.keys(details).length === 0 ? undefined : details;
}

function preview(value: unknown): string {
  if (isErrorLike(value)) return `${String(value.name)}: ${String(value.message)}`;
  if (typeof value === 'string') return value;
  if (typeof value === 'object' && value !== null) return JSON.stringify(value) ?? '[object]';
  return String(value);
}

function bounded(details: Json): Json {
  let value: Json;
  try {
    value = toJson(clean(details));
  } catch (error) {
    return { unreadable: error instanceof Error ? error.message : String(error) };
  }
  const text = JSON.stringify(value);
  return text.length > largestDetails ? { truncated: text.slice(0, 2_000) } : value;
}

/** Details are for people: text in them is repaired rather than refused. */
function clean(value: Json, depth = 0): Json {
  if (typeof value === 'string') return wellFormed(value);
  if (typeof value !== 'object' || value === null || depth > 20) return value;
  if (Array.isArray(value)) return value.map((item: Json) => clean(item, depth + 1));
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [wellFormed(key), clean(item, depth + 1)]));
}

/** Text that every store accepts: no NUL, no half surrogate pairs, and not longer than `limit` characters. */
function cut(value: string, limit: number): string {
  return wellFormed(
    value.length > limit ? `${value.slice(0, limit)}… (${value.length - limit} more characters)` : value,
  );
}

function wellFormed(value: string): string {
  return value.replaceAll('\0', '\u2400').replace(/\p{Surrogate}/gu, '\uFFFD');
}
