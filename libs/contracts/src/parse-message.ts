import { isUtf8 } from 'node:buffer';
import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';
import { failure, failureName } from './schemas/common';
import { steps, stepsName } from './schemas/graph';
import { type MessageKind, type MessageKinds, messageSchemas } from './schemas/messages';

export type Parsed<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly reason: string };

/** Bytes of the largest body that is sent or read. NATS takes 1 MiB unless it is told otherwise; larger ones travel apart. */
export const largestBody = 33_554_432;
/** Far below what overflows the stack of a function that walks JSON. */
const MAX_DEPTH = 256;

const ajv = new Ajv({ strict: true, strictRequired: false, discriminator: true, verbose: true });
ajv.addSchema(failure, failureName);
ajv.addSchema(steps, stepsName);

const validators = new Map<MessageKind, ValidateFunction>();

/** Compiled when first used: no process receives every kind. */
function validatorOf(kind: MessageKind): ValidateFunction {
  let validator = validators.get(kind);
  if (validator === undefined) {
    validator = ajv.compile(messageSchemas[kind]);
    validators.set(kind, validator);
  }
  return validator;
}

/**
 * Reads a message from the wire. Never throws: whatever is wrong with it is the `reason`, in words, with the place.
 * Values are taken as they are, without conversion; properties that are not known here are kept.
 */
export function parseMessage<K extends MessageKind>(kind: K, bytes: Uint8Array): Parsed<MessageKinds[K]> {
  const read = parseJson(bytes);
  return read.ok ? validMessage(kind, read.value) : read;
}

/** Reads `{"reports":[…]}`. Each report is judged by itself: one that is wrong says nothing about the others. */
export function parseReports(bytes: Uint8Array): Parsed<readonly Parsed<MessageKinds['report']>[]> {
  const read = parseJson(bytes);
  if (!read.ok) return read;
  const { reports } = (read.value ?? {}) as { readonly reports?: unknown };
  if (!Array.isArray(reports) || reports.length === 0) {
    return refuse(`reports of the reports message must be a list of at least one report; it is ${kindOf(reports)}`);
  }
  return { ok: true, value: reports.map((report: unknown) => validMessage('report', report)) };
}

function parseJson(bytes: Uint8Array): Parsed<unknown> {
  if (bytes.length > largestBody) return refuse(`${bytes.length} bytes; at most ${largestBody} are read`);
  if (!isUtf8(bytes)) return refuse('not valid UTF-8');
  if (isDeeperThan(MAX_DEPTH, bytes)) return refuse(`nested more than ${MAX_DEPTH} levels deep`);
  try {
    const value: unknown = JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8'));
    return { ok: true, value };
  } catch (error) {
    return refuse(`not JSON: ${error instanceof Error ? withoutExcerpt(error.message) : String(error)}`);
  }
}

function validMessage<K extends MessageKind>(kind: K, value: unknown): Parsed<MessageKinds[K]> {
  const validate = validatorOf(kind);
  if (!validate(value)) return refuse(describe(kind, validate.errors?.[0]));
  // The validator has checked it against the schema of K, which is bound to the type.
  return { ok: true, value: value as MessageKinds[K] };
}

function refuse(reason: string): { readonly ok: false; readonly reason: string } {
  return { ok: false, reason };
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** Counts brackets outside strings, so that depth is known before anything recurses into it. */
function isDeeperThan(limit: number, bytes: Uint8Array): boolean {
  let depth = 0;
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i];
    if (byte === QUOTE) {
      for (i++; i < bytes.length && bytes[i] !== QUOTE; i++) if (bytes[i] === BACKSLASH) i++;
    } else if (byte === 0x7b || byte === 0x5b) {
      if (++depth > limit) return true;
    } else if (byte === 0x7d || byte === 0x5d) {
      depth--;
    }
  }
  return false;
}

function describe(kind: MessageKind, error: ErrorObject | undefined): string {
  if (error === undefined) return `not a ${kind} message`;
  if (error.keyword === 'discriminator') return describeTag(kind, error);
  const place = error.instancePath === '' ? `the ${kind} message` : error.instancePath.slice(1).replaceAll('/', '.');
  const allowed: unknown = error.params['allowedValues'] ?? error.params['allowedValue'];
  if (allowed === undefined) return `${place} ${error.message ?? 'is wrong'}; it is ${kindOf(error.data)}`;
  return `${place} must be one of ${JSON.stringify(allowed)}; it is ${kindOf(error.data)} ${excerpt(error.data)}`.trimEnd();
}

/** The property by which the members of a union are told apart has a value that none of them has, or is no text. */
function describeTag(kind: string, { instancePath, params, parentSchema }: ErrorObject): string {
  const { tag, tagValue } = params as { readonly tag: string; readonly tagValue: unknown };
  const { oneOf = [] } = parentSchema as { readonly oneOf?: readonly { readonly properties?: Tagged }[] };
  const allowed = oneOf.map(({ properties }) => properties?.[tag]?.const);
  const above = instancePath.slice(1).replaceAll('/', '.');
  const place = above === '' ? `${tag} of the ${kind} message` : `${above}.${tag}`;
  return `${place} must be one of ${JSON.stringify(allowed)}; it is ${kindOf(tagValue)} ${excerpt(tagValue)}`.trimEnd();
}

type Tagged = { readonly [property: string]: { readonly const?: unknown } };

/** What a value is, not what it says: it may be a secret, and reasons are logged. */
function kindOf(value: unknown): string {
  if (value === undefined) return 'missing';
  if (value === null) return 'null';
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof value === 'string') return `a text of ${value.length} characters`;
  if (typeof value === 'object') return 'an object';
  return `a ${typeof value}`;
}

/** Where a word of a closed list belongs, the word that is there instead tells an unknown command from garbage. */
function excerpt(value: unknown): string {
  return typeof value === 'string' && /^[\w-]{1,40}$/.test(value) ? `(${value})` : '';
}

/** The parser quotes what it stumbled over. */
function withoutExcerpt(message: string): string {
  return message.replace(/, (\.\.\.)?".*$/s, '');
}
