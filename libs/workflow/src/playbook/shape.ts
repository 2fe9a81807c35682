import { Ajv2020 } from 'ajv/dist/2020';
import { nearest } from '../expression/suggest';
import { later } from './later';
import { playbookSchema } from './playbook-schema';
import { parentPath, pathTo, type ProblemList } from './problem';
import { findingPath, findingsOf, type SchemaFinding } from './schema-errors';
import { fieldOf, isKeptForLater, isLater, meantBy, unknownField } from './unknown-field';

/** Stands in the tree where a value could not be read, so that nothing else is said about it. */
export const unreadable = Symbol('unreadable');

/** A playbook of which every part is of the right shape or {@link unreadable}. */
export type Shaped = {
  readonly tree: unknown;
  /** The path in the source of a path in the tree, in which misspelt fields have their right names. */
  readonly original: (path: string) => string;
};

type Mutable = { [key: string]: unknown };
type Rename = { readonly to: string; readonly from: string };

const validate = new Ajv2020({ allErrors: true, verbose: true, strictTypes: false, strictRequired: false })
  .addVocabulary(['errorMessage'])
  .compile(playbookSchema);

/** Misspelt fields can hide others below them; deeper than this they are no slips. */
const rounds = 8;

/**
 * Checks a playbook against the schema of the language. Misspelt fields are reported and then read as what they were meant
 * to be, so that one mistake does not cause further problems. Changes `value`.
 */
export function shapeOf(value: unknown, problems: ProblemList): Shaped {
  const root: Mutable = { playbook: value };
  const renames: Rename[] = [];
  const original = (path: string) => renames.toReversed().reduce(renamedBack, path);
  for (let round = 0; round < rounds; round++) {
    validate(root['playbook']);
    const findings = findingsOf(validate.errors ?? [], root['playbook']).filter(isForAuthors);
    const [unknown, wrong] = partition(findings, (finding) => finding.error.keyword === 'additionalProperties');
    const fresh = unknown.filter((finding) => !isKeptForLater(finding));
    for (const finding of unknown) {
      const told = unknownField(finding);
      if (told !== undefined) problems.add({ path: original(findingPath(finding)), part: 'key', ...told });
    }
    const corrected = fresh.flatMap((finding) => correct(root, finding) ?? []);
    if (corrected.length === 0 || round === rounds - 1) {
      for (const finding of wrong) report(root, finding, original, problems);
      break;
    }
    renames.push(...corrected);
  }
  return { tree: root['playbook'], original };
}

/** The alternatives in the schema are for editors; the compiler finds the same and says it better. */
function isForAuthors(finding: SchemaFinding): boolean {
  return !/\/(?:oneOf|anyOf)(?:\/|$)/.test(finding.error.schemaPath);
}

function partition<T>(items: readonly T[], holds: (item: T) => boolean): readonly [readonly T[], readonly T[]] {
  return [items.filter(holds), items.filter((item) => !holds(item))];
}

/** Takes an unknown field out of the tree, or gives it the name that was meant. */
function correct(root: Mutable, finding: SchemaFinding): readonly Rename[] {
  const holder = valueAt(root, finding.segments.slice(0, -1)) as Mutable;
  const field = fieldOf(finding);
  const meant = isLater(finding) ? undefined : meantBy(finding);
  const value = holder[field];
  delete holder[field];
  const path = findingPath(finding);
  if (meant === undefined) return [{ to: path, from: path }];
  holder[meant] = value;
  return [{ to: pathTo('', ...finding.segments.slice(0, -1), meant), from: path }];
}

function renamedBack(path: string, { to, from }: Rename): string {
  const rest = path.slice(to.length);
  return path.startsWith(to) && (rest === '' || rest.startsWith('.') || rest.startsWith('[')) ? from + rest : path;
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
    const values: { readonly [name: string]: readonly string[] } = {
      ...later.values,
      strategy: Object.keys(later.strategies),
    };
    if (values[field]?.includes(value)) {
      return {
        message: `${field} "${value}" is not supported by this version of Braid`,
        suggestion: oneOf(error.params),
      };
    }
    const near = nearest(value, allowed(error.params));
    return { message, suggestion: near === undefined ? undefined : `did you mean "${near}"?` };
  }
  if (typeof value === 'number' && error.parentSchema === playbookSchema.$defs.duration) {
    return { message, suggestion: `a duration has a unit; write "${value}s" or "${value}ms"` };
  }
  if (field === 'require' && typeof value === 'string' && /^\d+$/.test(value)) {
    return { message, suggestion: `write ${value} without quotes, or "${value}%"` };
  }
  if (typeof value === 'string' && parentPath(findingPath(finding)) === 'variables') {
    return { message, suggestion: `write { type: ${value} }` };
  }
  if (Array.isArray(value) && (later.stepsInstead as readonly string[]).includes(field)) {
    return {
      message: `steps under "${field}" are not supported by this version of Braid`,
      suggestion: 'write fail or continue',
    };
  }
  return { message };
}

function allowed(params: unknown): readonly string[] {
  return (params as { readonly allowedValues: readonly unknown[] }).allowedValues.map(String);
}

function oneOf(params: unknown): string {
  return `use one of ${allowed(params).join(', ')}`;
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
