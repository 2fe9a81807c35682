import { type Json, type JsonObject } from '@braid/events';
import { RE2JS } from 're2js';
import { patternSize } from '../expression/pattern-size';
import { nearest } from '../expression/suggest';
import { pathTo } from './problem';
import { alternatives, inWords } from './words';

/** Something about a JSON Schema that keeps it from being used; `path` starts at the schema. */
export type SchemaProblem = { readonly path: string; readonly message: string; readonly suggestion?: string };

/** Sub-schemas of a schema with every `$ref` written out. */
const mostSubschemas = 2_000;
/** A chain of `$ref`s is as deep as it is long. The validator recurses over it. */
const deepest = 300;
/** More problems of one schema help nobody. */
const mostProblems = 100;
const longestPattern = 1_000;
const largestProgram = 2_500;
const smallestProgram = 20;

const ofSchemas = ['properties', 'patternProperties', '$defs', 'definitions', 'dependentSchemas'];
const ofLists = ['allOf', 'anyOf', 'oneOf', 'prefixItems'];
const ofOne = [
  ...['items', 'additionalProperties', 'unevaluatedProperties', 'unevaluatedItems', 'propertyNames', 'contains'],
  ...['not', 'if', 'then', 'else'],
];
const plain = [
  ...['type', 'enum', 'const', 'minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf'],
  ...[
    'minLength',
    'maxLength',
    'pattern',
    'format',
    'minItems',
    'maxItems',
    'uniqueItems',
    'minContains',
    'maxContains',
  ],
  ...['minProperties', 'maxProperties', 'required', 'dependentRequired', '$ref', 'nullable'],
  ...['title', 'description', 'default', 'examples', 'deprecated', 'readOnly', 'writeOnly', '$comment', '$schema'],
  ...['contentEncoding', 'contentMediaType'],
];
const types = ['object', 'array', 'string', 'number', 'integer', 'boolean', 'null'];
const known = [...ofSchemas, ...ofLists, ...ofOne, ...plain];

type Visit = {
  readonly root: JsonObject;
  /** How many schemas the one that is looked at stands inside of, by `$ref` or by being written there. */
  depth: number;
  readonly problems: SchemaProblem[];
  readonly costs: Map<JsonObject, number | 'open'>;
};

/**
 * Whether a schema from outside can be used without harm: only keywords that are known, only `$ref`s into itself that
 * end, not too many sub-schemas, and only patterns that can be matched in linear time (RE2 syntax). `cost` is the
 * number of its sub-schemas with every `$ref` written out: an upper limit for what one part of a value costs.
 */
export function examineSchema(schema: JsonObject): {
  readonly cost: number;
  readonly problems: readonly SchemaProblem[];
} {
  const visit: Visit = { root: schema, depth: 0, problems: [], costs: new Map() };
  const cost = costOf(schema, '', visit);
  if (visit.problems.length > 0 || cost <= mostSubschemas) return { cost, problems: visit.problems };
  const message = `the schema is too large: with its references written out, more than ${mostSubschemas} sub-schemas, or deeper than ${deepest}`;
  return { cost, problems: [{ path: '', message }] };
}

/** How large all patterns of a schema are together, in instructions of their programs, without compiling any. */
export function patternsIn(schema: Json): number {
  if (typeof schema !== 'object' || schema === null) return 0;
  let size = 0;
  for (const [key, value] of Object.entries(schema) as [string, Json][]) {
    if (key === 'pattern' && typeof value === 'string') size += sizeOf(value);
    else if (key === 'patternProperties' && isObject(value)) {
      for (const pattern of Object.keys(value)) size += sizeOf(pattern);
    }
    size += patternsIn(value);
  }
  return size;
}

/** Even the smallest pattern takes its time; of one that is refused nobody makes a program. */
function sizeOf(pattern: string): number {
  return smallestProgram + (pattern.length > longestPattern ? 0 : Math.min(patternSize(pattern), largestProgram));
}

function costOf(schema: Json | undefined, path: string, visit: Visit): number {
  if (typeof schema === 'boolean') return 1;
  if (!isObject(schema)) {
    visit.problems.push({ path, message: 'a schema must be an object, true or false' });
    return 0;
  }
  const seen = visit.costs.get(schema);
  if (seen === 'open') {
    visit.problems.push({ path, message: 'a "$ref" must not lead back to a schema that it is part of' });
    return 0;
  }
  if (seen !== undefined) return seen;
  if (visit.costs.size > mostSubschemas || visit.depth > deepest) return mostSubschemas + 1;
  visit.costs.set(schema, 'open');
  visit.depth++;
  let cost = 1;
  for (const [keyword, value] of Object.entries(schema)) {
    if (visit.problems.length >= mostProblems) break;
    cost += keywordCost(keyword, value, pathTo(path, keyword), visit);
  }
  visit.depth--;
  visit.costs.set(schema, cost);
  return cost;
}

function keywordCost(keyword: string, value: Json, path: string, visit: Visit): number {
  if (keyword === '$ref') return referenceCost(value, path, visit);
  if (keyword === 'type') return typeCost(value, path, visit);
  if (keyword === 'pattern') return patternCost(value, path, visit);
  if (ofOne.includes(keyword)) return costOf(value, path, visit);
  if (ofLists.includes(keyword) && isList(value)) {
    return sumOf(value.entries(), visit, ([index, each]) => costOf(each, pathTo(path, index), visit));
  }
  if (ofSchemas.includes(keyword) && isObject(value)) {
    return sumOf(Object.entries(value), visit, ([name, each]) => {
      if (keyword === 'patternProperties') patternCost(name, pathTo(path, name), visit);
      return costOf(each, pathTo(path, name), visit);
    });
  }
  if (!known.includes(keyword)) {
    const near = nearest(keyword, known);
    const message = `"${keyword}" is not a known keyword of JSON Schema`;
    visit.problems.push({ path, message, ...(near === undefined ? {} : { suggestion: `did you mean "${near}"?` }) });
  }
  return 0;
}

/** The costs of all parts, or of so many that the schema is refused. */
function sumOf<Part>(parts: Iterable<Part>, visit: Visit, costOfPart: (part: Part) => number): number {
  let sum = 0;
  for (const part of parts) {
    if (sum > mostSubschemas || visit.problems.length >= mostProblems) break;
    sum += costOfPart(part);
  }
  return sum;
}

function typeCost(value: Json, path: string, visit: Visit): number {
  for (const type of isList(value) ? value : [value]) {
    if (typeof type === 'string' && types.includes(type)) continue;
    const near = typeof type === 'string' ? nearest(type, types) : undefined;
    const message = `"type" must be ${alternatives(types)}, not ${inWords(type)}`;
    visit.problems.push({ path, message, ...(near === undefined ? {} : { suggestion: `did you mean "${near}"?` }) });
  }
  return 0;
}

function referenceCost(reference: Json, path: string, visit: Visit): number {
  const target =
    typeof reference === 'string' && reference.startsWith('#/') ? resolve(reference, visit.root) : undefined;
  if (reference === '#') return costOf(visit.root, path, visit);
  if (target !== undefined) return costOf(target, path, visit);
  const message = `"$ref" must point into the same schema, for example #/$defs/name, and to something that is there`;
  visit.problems.push({ path, message });
  return 0;
}

function resolve(reference: string, root: JsonObject): Json | undefined {
  let at: Json | undefined = root;
  for (const part of reference.slice(2).split('/')) {
    const key = part.replaceAll('~1', '/').replaceAll('~0', '~');
    if (isList(at)) at = at[Number(key)];
    else at = isObject(at) && Object.hasOwn(at, key) ? at[key] : undefined;
  }
  return at;
}

function patternCost(pattern: Json, path: string, visit: Visit): number {
  const message = typeof pattern === 'string' ? patternProblem(pattern) : 'a pattern must be a text';
  if (message !== undefined) visit.problems.push({ path, message });
  return 1;
}

function patternProblem(pattern: string): string | undefined {
  if (pattern.length > longestPattern) return `the pattern is longer than ${longestPattern} characters`;
  if (patternSize(pattern) > largestProgram) return 'the pattern repeats too much';
  try {
    RE2JS.compile(pattern);
    return undefined;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return `the pattern is not RE2 syntax, which has no look-around and no back references: ${reason}`;
  }
}

function isList(value: Json | undefined): value is readonly Json[] {
  return Array.isArray(value);
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
