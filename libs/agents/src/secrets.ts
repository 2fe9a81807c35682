import { type Failure, type Json } from '@braid/events';
import { AgentError } from '@braid/sdk';

/** Shorter values occur in ordinary text, where redacting them would destroy it. */
const shortest = 4;
const mask = '***';

/** Finds the value of a secret by its name, or undefined. */
export type SecretSource = (name: string) => string | undefined;

/** Reads `BRAID_SECRET_<NAME>`. */
export function secretsFromEnvironment(environment: { readonly [name: string]: string | undefined }): SecretSource {
  return (name) => environment[`BRAID_SECRET_${name}`];
}

export type ResolvedInput = { readonly input: Json; readonly redactor: Redactor };

/**
 * Puts the values of secrets where a template left references: `{"$secret": "NAME"}` becomes the value, and
 * `{"$text": ["Bearer ", {"$secret": "NAME"}]}` one string.
 * @throws AgentError `invalid-input` for a secret that this runner does not have; its message never holds a value.
 */
export function resolveSecrets(input: Json, source: SecretSource): ResolvedInput {
  const values = new Map<string, string>();
  const valueOf = (name: string): string => {
    const known = values.get(name);
    if (known !== undefined) return known;
    const value = /^[A-Za-z_][A-Za-z0-9_]*$/.test(name) ? source(name) : undefined;
    if (value === undefined)
      throw refused(`the secret "${name}" is unknown here: set BRAID_SECRET_${name} for the runner`);
    if (value.length < shortest) {
      throw refused(
        `BRAID_SECRET_${name} is shorter than ${shortest} characters, so it could not be redacted from outputs`,
      );
    }
    values.set(name, value);
    return value;
  };
  const resolved = replace(input, valueOf);
  return { input: resolved, redactor: values.size === 0 ? nothingToRedact : new Redactor([...values.values()]) };
}

function replace(value: Json, valueOf: (name: string) => string): Json {
  if (typeof value !== 'object' || value === null) return value;
  if (isList(value)) return value.map((item) => replace(item, valueOf));
  const secret = value['$secret'];
  if (typeof secret === 'string') return valueOf(secret);
  const parts = value['$text'];
  if (parts !== undefined && isList(parts)) {
    return parts.map((part) => textOf(replace(part, valueOf))).join('');
  }
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, replace(item, valueOf)]));
}

function textOf(value: Json): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}

function refused(message: string): AgentError {
  return new AgentError(message, { type: 'SecretUnavailable', code: 'invalid-input', retryable: false });
}

/** Takes secret values out of everything that leaves the runner, as they are and as they are written in JSON, URLs and base64. */
export class Redactor {
  readonly #forms: readonly string[];

  constructor(values: readonly string[]) {
    const forms = new Set(values.flatMap(writtenForms).filter((form) => form.length >= shortest));
    // Longer forms first: a form that is part of another must not leave the rest of it behind.
    this.#forms = [...forms].sort((a, b) => b.length - a.length);
  }

  text(value: string): string {
    return this.#forms.reduce((text, form) => text.replaceAll(form, mask), value);
  }

  json(value: Json): Json {
    if (this.#forms.length === 0) return value;
    if (typeof value === 'string') return this.text(value);
    if (typeof value !== 'object' || value === null) return value;
    if (isList(value)) return value.map((item) => this.json(item));
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [this.text(key), this.json(item)]));
  }

  failure(failure: Failure): Failure {
    if (this.#forms.length === 0) return failure;
    const { cause, details, stack } = failure;
    return {
      ...failure,
      type: this.text(failure.type),
      message: this.text(failure.message),
      ...(stack === undefined ? {} : { stack: this.text(stack) }),
      ...(details === undefined ? {} : { details: this.json(details) }),
      ...(cause === undefined ? {} : { cause: this.failure(cause) }),
    };
  }
}

/** For attempts without secrets. */
export const nothingToRedact = new Redactor([]);

function writtenForms(value: string): readonly string[] {
  const wellFormed = value.replace(/\p{Surrogate}/gu, '\uFFFD');
  const base64 = Buffer.from(value).toString('base64');
  return [
    value,
    JSON.stringify(value).slice(1, -1),
    encodeURIComponent(wellFormed),
    new URLSearchParams([['', wellFormed]]).toString().slice(1),
    base64,
    base64.replace(/=+$/, ''),
    Buffer.from(value).toString('base64url'),
    // A program that prints a value of several lines may print the lines apart.
    ...value.split(/\r?\n/).filter((line) => line.length >= 12),
  ];
}
