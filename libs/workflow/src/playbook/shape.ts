import { type ErrorObject } from 'ajv';
import { nearest } from '../expression/suggest';
import { durationPattern } from './duration';
import { parentPath, pathTo, type ProblemList } from './problem';
import { shapeErrors } from './shape-errors';
import { findingPath, findingsOf, type SchemaFinding } from './schema-errors';
import { markStrange } from './fields';
import { fieldOf, meantBy, unknownField } from './unknown-field';

/** Stands in the tree where a value could not be read, so that nothing else is said about it. */
export const unreadable = Symbol('unreadable');

/** A playbook of which every part is of the right shape or {@link unreadable}. */
export type Shaped = {
  readonly tree: unknown;
  /** The path in the source of a path in the tree, in which misspelt fields have their right names. */
  readonly original: (path: string) => string;
};

type Mutable = { [key: string]: unknown };

/** Misspelt fields can hide others below them; deeper than this they are no slips. */
const rounds = 8;

/** So many errors of the validator are more problems than one answer lists, whatever its limit is. */
const mostErrors = 1_000;

/**
 * Checks a playbook against the schema of the language. Misspelt fields are reported and then read as what they were meant
 * to be, so that one mistake does not cause further problems. Changes `value`.
 */
export function shapeOf(value: unknown, problems: ProblemList): Shaped {
  const root: Mutable = { playbook: value };
  /** The names that misspelt fields had, by their path in the tree. */
  const renamed = new Map<string, string>();
  const original = (path: string) => originalPath(path, renamed);
  for (let round = 0; round < rounds; round++) {
    const errors = shapeErrors(root['playbook'], mostErrors);
    const findings = findingsOf(errors, root['playbook']);
    const [unknown, wrong] = partition(findings, (finding) => finding.error.keyword === 'additionalProperties');
    for (const finding of unknown) {
      problems.add({ path: original(findingPath(finding)), part: 'key', ...unknownField(finding) });
    }
    for (const finding of unknown) correct(root, finding, renamed);
    if (unknown.length === 0 || round === rounds - 1 || errors.length >= mostErrors) {
      for (const finding of wrong) report(root, finding, original, problems);
      break;
    }
  }
  return { tree: root['playbook'], original };
}

function partition<T>(items: readonly T[], holds: (item: T) => boolean): readonly [readonly T[], readonly T[]] {
  return [items.filter(holds), items.filter((item) => !holds(item))];
}

/** Takes an unknown field out of the tree, or gives it the name that was meant. */
function correct(root: Mutable, finding: SchemaFinding, renamed: Map<string, string>): void {
  const above = finding.segments.slice(0, -1);
  const holder = valueAt(root, above) as Mutable;
  const field = fieldOf(finding);
  const meant = meantBy(finding);
  const value = holder[field];
  delete holder[field];
  if (meant === undefined) {
    markStrange(holder);
    return;
  }
  holder[meant] = value;
  renamed.set(pathTo('', ...above, meant), field);
}

function originalPath(path: string, renamed: ReadonlyMap<string, string>): string {
  if (path === '' || renamed.size === 0) return path;
  const above = parentPath(path);
  if (above === path) return path;
  const field = renamed.get(path);
  const holder = originalPath(above, renamed);
  return field === undefined ? holder + path.slice(above.length) : pathTo(holder, field);
}

function report(root: Mutable, finding: SchemaFinding, original: Shaped['original'], problems: ProblemList): void {
  const path = original(findingPath(finding));
  const field = finding.segments.at(-1);
  const subject = field === undefined ? 'a playbook' : typeof field === 'number' ? 'this item' : `"${field}"`;
  const part = finding.inName ? 'key' : 'value';
  const { message, suggestion } = inOurWords(finding, `${subject} ${finding.message}`);
  problems.add({ path, part, message, suggestion });
  if (finding.error.keyword === 'required') setAt(root, finding.segments, unreadable);
  else if (!finding.inName) setAt(root, finding.segments, unreadable);
}

function inOurWords(finding: SchemaFinding, message: string): { message: string; suggestion?: string | undefined } {
  const { error } = finding;
  const field = fieldOf(finding);
  const value: unknown = error.data;
  if (error.keyword === 'enum' && typeof value === 'string') {
    const near = nearest(value, allowed(error.params));
    return { message, suggestion: near === undefined ? undefined : `did you mean "${near}"?` };
  }
  if (typeof value === 'number' && isDuration(error)) {
    return { message, suggestion: `a duration has a unit; write "${value}s" or "${value}ms"` };
  }
  if (field === 'require' && typeof value === 'string' && /^\d+$/.test(value)) {
    return { message, suggestion: `write ${value} without quotes, or "${value}%"` };
  }
  if (typeof value === 'string' && parentPath(findingPath(finding)) === 'variables') {
    return { message, suggestion: `write { type: ${value} }` };
  }
  return { message };
}

function isDuration({ parentSchema }: ErrorObject): boolean {
  return (parentSchema as { readonly pattern?: unknown }).pattern === durationPattern;
}

function allowed(params: unknown): readonly string[] {
  return (params as { readonly allowedValues: readonly unknown[] }).allowedValues.map(String);
}

function valueAt(root: Mutable, segments: readonly (string | number)[]): unknown {
  let at: unknown = root['playbook'];
  for (const segment of segments) at = typeof at === 'object' && at !== null ? (at as Mutable)[segment] : undefined;
  return at;
}

function setAt(root: Mutable, segments: readonly (string | number)[], value: unknown): void {
  const last = segments.at(-1);
  const holder = last === undefined ? root : valueAt(root, segments.slice(0, -1));
  if (typeof holder === 'object' && holder !== null) (holder as Mutable)[last ?? 'playbook'] = value;
}
