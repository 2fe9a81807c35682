import { Ajv, type ErrorObject } from 'ajv';
import { type Json, type JsonObject } from '@braid/events';
import { AgentError } from '@braid/sdk';

const ajv = new Ajv({ allErrors: true, strict: false, allowUnionTypes: true });

/**
 * Makes the reader of an agent's input. The reader returns the input when it matches the schema.
 * @throws AgentError (from the reader) `invalid-input`, which lists everything that is wrong.
 */
export function inputReader<T>(agent: string, schema: JsonObject): (input: Json) => T {
  const matches = ajv.compile<T>(schema);
  return (input) => {
    if (matches(input)) return input;
    throw invalidInput(`the input of agent "${agent}" does not match: ${problemsOf(matches.errors)}`);
  };
}

/** An input that no retry can make right. */
export function invalidInput(message: string, details?: Json): AgentError {
  return new AgentError(message, {
    type: 'InvalidInput',
    code: 'invalid-input',
    retryable: false,
    ...(details === undefined ? {} : { details }),
  });
}

/** What is wrong, in one line. */
export function problemsOf(errors: readonly ErrorObject[] | null | undefined): string {
  const lines = (errors ?? []).slice(0, 10).map(({ instancePath, message, params }) => {
    const place = instancePath === '' ? 'it' : instancePath.slice(1).replaceAll('/', '.');
    const extra: unknown = params['additionalProperty'] ?? params['allowedValues'];
    return `${place} ${message ?? 'is wrong'}${extra === undefined ? '' : ` (${JSON.stringify(extra)})`}`;
  });
  return lines.join('; ');
}
