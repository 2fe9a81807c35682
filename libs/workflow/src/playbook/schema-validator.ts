import { type Json, type JsonObject } from '@braid/events';
import { type Options, type ValidateFunction } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020';
import addFormats from 'ajv-formats';
import { RE2JS } from 're2js';
import { findingPath, findingsOf, type SchemaFinding } from './schema-errors';
import { examineSchema, type SchemaProblem } from './schema-safety';

/** What is wrong with a value, without the name of the field: `must be a list, not the number 5`. */
export type Finding = { readonly path: string; readonly message: string };

/** A compiled schema: what is wrong with a value, nothing where it fits. */
type Validator = (value: Json) => readonly Finding[];

type Compiled =
  | { readonly ok: true; readonly validate: Validator }
  | { readonly ok: false; readonly problems: readonly SchemaProblem[] };

/** Steps that one check of a value may take: parts of the value times sub-schemas, and characters times patterns. */
const mostSteps = 50_000_000;
/** Above this many, only the first error is looked for: each one found costs memory. */
const mostForAllErrors = 1_000_000;
const mostCached = 500;
/** A larger schema is kept only as long as its object. */
const longestCached = 20_000;
/** A compiler keeps a part of all that it has compiled, so it is replaced from time to time. */
const compilesPerCompiler = 200;

/** Steps left in the check that is under way. */
let stepsLeft = mostSteps;

/** A check was given up because it would have taken too long. */
class TooMuch extends Error {
  override readonly name = 'TooMuch';
}

type RegExpEngine = NonNullable<NonNullable<Options['code']>['regExp']>;

const linear: RegExpEngine = Object.assign(
  (pattern: string) => {
    const regex = RE2JS.compile(pattern);
    const size = regex.programSize();
    return {
      test(text: string): boolean {
        charge(text.length * size);
        return regex.matcher(text).find();
      },
      // The library tells patterns apart by their text.
      toString: () => `re2:${pattern}`,
    };
  },
  { code: 'linear' },
);

function charge(steps: number): void {
  stepsLeft -= steps;
  if (stepsLeft < 0) throw new TooMuch('is too large to be checked against its schema');
}

const byText = new Map<string, Compiled>();
const byObject = new WeakMap<JsonObject, Compiled>();

/**
 * Compiles a schema from outside; the same schema is compiled once, and only so many are kept. A schema object must not be
 * changed after it was given here.
 */
export function validatorOf(schema: JsonObject): Compiled {
  const same = byObject.get(schema);
  if (same !== undefined) return same;
  const text = JSON.stringify(schema);
  const compiled = byText.get(text) ?? compile(schema);
  // The one used last stands last, so the first is the one to forget.
  byText.delete(text);
  if (text.length <= longestCached) byText.set(text, compiled);
  const [oldest] = byText.keys();
  if (byText.size > mostCached && oldest !== undefined) byText.delete(oldest);
  byObject.set(schema, compiled);
  return compiled;
}

function compile(schema: JsonObject): Compiled {
  const { cost, problems } = examineSchema(schema);
  if (problems.length > 0) return { ok: false, problems };
  const { ajv } = compilers.all;
  if (ajv.validateSchema(schema) !== true) {
    const findings = findingsOf(ajv.errors ?? [], schema);
    return { ok: false, problems: findings.map((finding) => aboutKeyword(finding)) };
  }
  try {
    const all = compiled(schema, true);
    let first: ValidateFunction | undefined;
    const validate = (value: Json): readonly Finding[] => {
      const steps = countOf(value) * cost;
      stepsLeft = mostSteps;
      try {
        charge(steps);
        const validator = steps > mostForAllErrors ? (first ??= compiled(schema, false)) : all;
        return validator(value) ? [] : findingsOf(validator.errors ?? [], value).map(toFinding);
      } catch (error) {
        if (error instanceof TooMuch) return [{ path: '', message: error.message }];
        throw error;
      }
    };
    return { ok: true, validate };
  } catch (error) {
    return { ok: false, problems: [{ path: '', message: error instanceof Error ? error.message : String(error) }] };
  }
}

function toFinding(finding: SchemaFinding): Finding {
  return { path: findingPath(finding), message: finding.message };
}

function aboutKeyword(finding: SchemaFinding): SchemaProblem {
  return { path: findingPath(finding), message: `"${String(finding.segments.at(-1) ?? '')}" ${finding.message}` };
}

const compilers = { all: { ajv: newCompiler(true), uses: 0 }, first: { ajv: newCompiler(false), uses: 0 } };

function compiled(schema: JsonObject, allErrors: boolean): ValidateFunction {
  const compiler = allErrors ? compilers.all : compilers.first;
  if (compiler.uses++ >= compilesPerCompiler) {
    compiler.ajv = newCompiler(allErrors);
    compiler.uses = 1;
  }
  const validator = compiler.ajv.compile(schema);
  compiler.ajv.removeSchema(schema);
  return validator;
}

function newCompiler(allErrors: boolean): Ajv2020 {
  const ajv = new Ajv2020({
    allErrors,
    verbose: true,
    strictTypes: false,
    strictTuples: false,
    strictRequired: false,
    allowUnionTypes: true,
    addUsedSchema: false,
    code: { regExp: linear },
  });
  addFormats(ajv);
  // The library compares every item with every other; the text of an item tells it apart at once.
  ajv.removeKeyword('uniqueItems');
  ajv.addKeyword({ keyword: 'uniqueItems', type: 'array', schemaType: 'boolean', validate: isUnique, errors: false });
  return ajv;
}

function isUnique(wanted: boolean, items: readonly Json[]): boolean {
  return !wanted || new Set(items.map((item) => canonical(item))).size === items.length;
}

/** JSON with the keys in order, so that equal values have equal texts. */
function canonical(value: Json): string {
  return JSON.stringify(value, (_key, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).toSorted(([one], [other]) => (one < other ? -1 : 1)))
      : part,
  );
}

function countOf(value: Json): number {
  let count = 0;
  const open: Json[] = [value];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    count++;
    if (typeof next === 'object' && next !== null) for (const part of Object.values(next)) open.push(part as Json);
  }
  return count;
}
