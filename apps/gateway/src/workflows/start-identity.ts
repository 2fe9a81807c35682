import { type Amounts, type ExecutionMode, type JsonObject } from '@braid/events';
import canonicalize from 'canonicalize';
import { createHash } from 'node:crypto';
import { v5 as uuidv5, v7 as uuidv7 } from 'uuid';

/** What a caller asked for, before anything was looked up: what makes two starts the same start. */
export type StartRequest = {
  /** `name`, `name@version`, the text of a playbook, or a playbook. */
  readonly playbook: string | JsonObject;
  readonly variables: JsonObject;
  readonly context: JsonObject;
  readonly executionMode?: ExecutionMode;
  readonly budget?: Amounts;
};

/** Fixed for ever: another namespace would give repeated starts new ids. */
const keyNamespace = '6f1c1a3e-8f0e-5c55-9d0b-2b7c5d1e4a90';

/** The tenant of every caller as long as there is only one. */
const tenant = 'default';

/** The id of a new workflow: sortable by time, or with a key always the same, so that a repeated start finds the first. */
export function workflowId(idempotencyKey: string | undefined): string {
  return idempotencyKey === undefined ? uuidv7() : uuidv5(`${tenant}\n${idempotencyKey}`, keyNamespace);
}

/** SHA-256 of the request in canonical JSON (RFC 8785): equal for requests that differ only in the order of keys. */
export function requestDigest(request: StartRequest): string {
  const { playbook, variables, context, executionMode, budget } = request;
  const told = { playbook, variables, context, executionMode: executionMode ?? null };
  const text = canonicalize(budget === undefined ? told : { ...told, budget });
  return createHash('sha256')
    .update(text ?? '')
    .digest('hex');
}
