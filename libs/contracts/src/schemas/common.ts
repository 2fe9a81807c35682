import { type Failure, failureCodes, type Json, type JsonObject } from '@braid/events';
import { named, object, oneOf, optional, type Schema } from './schema-of';

export const text: Schema<string> = { type: 'string', maxLength: 65_536 };
export const flag: Schema<boolean> = { type: 'boolean' };
export const count: Schema<number> = { type: 'integer', minimum: 0 };
export const positive: Schema<number> = { type: 'integer', minimum: 1 };
/** Milliseconds since the epoch, or a number of them; the largest is the last moment that a Date can hold. */
export const milliseconds: Schema<number> = { type: 'number', minimum: 0, maximum: 8.64e15 };
export const amount: Schema<number> = { type: 'number', minimum: 0 };
export const json: Schema<Json> = {};
export const jsonObject: Schema<JsonObject> = { type: 'object' };

/** A workflow's id becomes one token of a subject. */
export const workflowId: Schema<string> = {
  type: 'string',
  minLength: 1,
  maxLength: 200,
  pattern: '^[^.*>\\s\\u0000-\\u001f\\u007f]+$',
};

/** What people and playbooks name things. */
export const name: Schema<string> = { type: 'string', minLength: 1, maxLength: 1_024 };
/** The path of a branch grows with each fork that it lies in. */
export const branchPath: Schema<string> = { type: 'string', minLength: 1, maxLength: 16_384 };
export const token: Schema<string> = { type: 'string', maxLength: 4_096 };
export const traceparent: Schema<string> = { type: 'string', maxLength: 256 };

const codes = Object.fromEntries(failureCodes.map((code) => [code, true])) as Record<Failure['code'], true>;

export const failureName = 'failure';
export const failure: Schema<Failure> = object<Failure>({
  type: name,
  message: { type: 'string' },
  code: oneOf(codes),
  retryable: flag,
  stack: optional({ type: 'string' }),
  cause: optional(named<Failure>(failureName)),
  details: optional(json),
  branch: optional(branchPath),
  step: optional(name),
  attempt: optional(positive),
  agent: optional(name),
  runner: optional(name),
  at: optional(milliseconds),
  retryAfter: optional(milliseconds),
});
