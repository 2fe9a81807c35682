import { type ErrorObject } from 'ajv';
import { pathTo } from './problem';
import { alternatives, inWords, typeInWords } from './words';

/** What one error of the schema validator says, in plain words. */
export type SchemaFinding = {
  /** Keys and indexes from the root of the value. */
  readonly segments: readonly (string | number)[];
  /** What is wrong, without the name of the field: `must be a list, not the number 5`. */
  readonly message: string;
  /** Whether it is the name of the field that is wrong, not its value. */
  readonly inName: boolean;
  readonly error: ErrorObject;
};

/** The path of a finding, from the root of the value. */
export function findingPath(finding: SchemaFinding): string {
  return pathTo('', ...finding.segments);
}

/**
 * One finding per node and matter: what only repeats or combines others is left out, and where no alternative of an
 * `anyOf` or `oneOf` fits, that is said once instead of everything that is wrong with each.
 */
export function findingsOf(errors: readonly ErrorObject[], value: unknown): readonly SchemaFinding[] {
  const told = new Set<string>();
  const findings: SchemaFinding[] = [];
  for (const error of withoutAlternatives(errors)) {
    const message = messageOf(error);
    if (message === undefined) continue;
    const segments = segmentsOf(error, value);
    const topic = error.keyword === 'type' || isOfValue(error) ? 'value' : message;
    const key = `${pathTo('', ...segments)}\n${topic}`;
    if (told.has(key)) continue;
    told.add(key);
    findings.push({ segments, message, inName: namesField(error), error });
  }
  return findings;
}

/** Errors whose subject is a whole value, of which one per node is enough. */
function isOfValue(error: ErrorObject): boolean {
  return error.keyword !== 'required' && !namesField(error);
}

function namesField(error: ErrorObject): boolean {
  return (
    error.propertyName !== undefined ||
    error.keyword === 'additionalProperties' ||
    error.keyword === 'unevaluatedProperties'
  );
}

/** The validator reports the errors of alternatives before the error that none of them fits. */
function withoutAlternatives(errors: readonly ErrorObject[]): readonly ErrorObject[] {
  let kept: ErrorObject[] = [];
  for (const error of errors) {
    if (error.keyword === 'anyOf' || error.keyword === 'oneOf') {
      const { instancePath, schemaPath } = error;
      kept = kept.filter((each) => !isBelow(each.instancePath, instancePath) || !isInside(each.schemaPath, schemaPath));
    }
    kept.push(error);
  }
  return kept;
}

function isBelow(path: string, above: string): boolean {
  return path === above || path.startsWith(`${above}/`);
}

/** A referenced schema is reported by its own path, which may as well have been an alternative. */
function isInside(schemaPath: string, alternatives: string): boolean {
  return (
    schemaPath.startsWith(`${alternatives}/`) ||
    schemaPath.startsWith('#/$defs/') ||
    schemaPath.startsWith('#/definitions/')
  );
}

function segmentsOf(error: ErrorObject, value: unknown): readonly (string | number)[] {
  const segments: (string | number)[] = [];
  let at = value;
  for (const part of error.instancePath.split('/').slice(1)) {
    const key = part.replaceAll('~1', '/').replaceAll('~0', '~');
    segments.push(Array.isArray(at) ? Number(key) : key);
    at = typeof at === 'object' && at !== null ? (at as { readonly [key: string]: unknown })[key] : undefined;
  }
  if (error.propertyName !== undefined) segments.push(error.propertyName);
  const { additionalProperty, unevaluatedProperty, missingProperty } = error.params as {
    readonly [name: string]: unknown;
  };
  const field = additionalProperty ?? unevaluatedProperty ?? missingProperty;
  if (typeof field === 'string') segments.push(field);
  return segments;
}

/** What the value is would not explain these. */
const ofSize: ReadonlySet<string> = new Set([
  ...['minLength', 'maxLength', 'minItems', 'maxItems', 'minProperties', 'maxProperties', 'uniqueItems', 'not'],
  ...['contains', 'dependentRequired'],
]);

function messageOf(error: ErrorObject): string | undefined {
  const told = (error.parentSchema as { readonly errorMessage?: unknown } | undefined)?.errorMessage;
  switch (error.keyword) {
    case 'if':
    case 'propertyNames':
      return undefined;
    case 'required':
      return 'is missing';
    case 'additionalProperties':
    case 'unevaluatedProperties':
    case 'false schema':
      return 'is not a known field';
    default: {
      const expected = typeof told === 'string' && !ofSize.has(error.keyword) ? told : expectation(error);
      const showsGiven = error.propertyName === undefined && !ofSize.has(error.keyword);
      return showsGiven ? `${expected}, not ${inWords(error.data)}` : expected;
    }
  }
}

function expectation(error: ErrorObject): string {
  const params = error.params as { readonly [name: string]: unknown };
  const limit = String(params['limit']);
  switch (error.keyword) {
    case 'type':
      return `must be ${typeInWords(params['type'])}`;
    case 'enum':
      return `must be ${alternatives((params['allowedValues'] as readonly unknown[]).map(String))}`;
    case 'const':
      return `must be ${JSON.stringify(params['allowedValue'])}`;
    case 'minimum':
      return `must be at least ${limit}`;
    case 'maximum':
      return `must be at most ${limit}`;
    case 'exclusiveMinimum':
      return `must be more than ${limit}`;
    case 'exclusiveMaximum':
      return `must be less than ${limit}`;
    case 'minLength':
      return limit === '1' ? 'must not be empty' : `must have at least ${limit} characters`;
    case 'maxLength':
      return `must have at most ${limit} characters`;
    case 'minItems':
      return limit === '1' ? 'must not be empty' : `must have at least ${limit} items`;
    case 'maxItems':
      return `must have at most ${limit} items`;
    case 'minProperties':
      return limit === '1' ? 'must not be empty' : `must have at least ${limit} fields`;
    case 'maxProperties':
      return `must have at most ${limit} fields`;
    case 'uniqueItems':
      return 'must not hold the same item twice';
    case 'pattern':
      return `must match the pattern ${String(params['pattern'])}`;
    case 'format':
      return `must be of the format ${String(params['format'])}`;
    case 'anyOf':
    case 'oneOf':
      return 'must fit one of the alternatives of its schema';
    case 'not':
      return 'must not be what its schema excludes';
    default:
      return error.message ?? 'does not fit its schema';
  }
}
