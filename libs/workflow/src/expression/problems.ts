import type { Json } from '@braid/events';
import { compileParsed, parseCode, unwrap } from './compile-expression';
import { dashedNames, type DashedName } from './dashed-names';
import { ExpressionError, type ExpressionErrorCode, type TemplatePath } from './expression-error';
import { namesIn, type NameUse } from './names';
import { secretName } from './secrets';
import { hint, nearest } from './suggest';
import { splitText, type TextPart } from './template-text';

/** What may be named: for each root its members, or `'any'` where they are not known before the run. */
export type KnownNames = { readonly [root: string]: readonly string[] | 'any' };

/** One thing that is wrong with an expression, found without evaluating it. */
export type ExpressionProblem = {
  readonly code: ExpressionErrorCode;
  /** What to change. */
  readonly message: string;
  readonly expression: string;
  /** UTF-16 units from the start of the string as it stands in the playbook; absent where no place can be told. */
  readonly offset?: number;
  /** A text that may replace what is wrong. */
  readonly suggestion?: string;
  /** From the root of the template to the string; empty for a bare expression. */
  readonly path: TemplatePath;
};

export type ProblemOptions = {
  /** Whether `${{ secrets.NAME }}` is allowed. */
  readonly secrets?: boolean;
};

/** All problems of a bare expression: syntax, names that are not known, kinds of values that cannot fit. */
export function expressionProblems(source: string, known: KnownNames): readonly ExpressionProblem[] {
  const code = unwrap(source);
  return codeProblems(code, known).map((error) => toProblem(error, source.indexOf(code), []));
}

/** All problems of all strings of a template. */
export function templateProblems(
  source: Json,
  known: KnownNames,
  options: ProblemOptions = {},
  path: TemplatePath = [],
): readonly ExpressionProblem[] {
  if (typeof source === 'string') return textProblems(source, known, options, path);
  if (typeof source !== 'object' || source === null) return [];
  return Object.entries(source).flatMap(([key, value]) =>
    templateProblems(value, known, options, [...path, Array.isArray(source) ? Number(key) : key]),
  );
}

function textProblems(
  source: string,
  known: KnownNames,
  options: ProblemOptions,
  path: TemplatePath,
): readonly ExpressionProblem[] {
  const parts = attempt(() => splitText(source));
  if (parts instanceof ExpressionError) return [toProblem(parts, 0, path)];
  return parts.flatMap((part) =>
    partProblems(part, known, options).map((error) => toProblem(error, offsetOf(part), path)),
  );
}

function offsetOf(part: TextPart): number {
  return part.kind === 'code' ? part.offset : 0;
}

function partProblems(part: TextPart, known: KnownNames, options: ProblemOptions): readonly ExpressionError[] {
  if (part.kind === 'text') return [];
  if (options.secrets === true && part.code.includes('secrets')) {
    const parsed = attempt(() => parseCode(part.code));
    if (!(parsed instanceof ExpressionError) && secretName(parsed.ast) !== undefined) return [];
  }
  return codeProblems(part.code, known);
}

function codeProblems(code: string, known: KnownNames): readonly ExpressionError[] {
  const parsed = attempt(() => parseCode(code));
  if (parsed instanceof ExpressionError) return [parsed];
  const uses = namesIn(parsed.ast);
  const dashes = dashedNames(parsed.ast, code).filter((dash) => isMeant(dash, known, uses));
  const names = uses.filter((name) => !dashes.some((dash) => covers(dash, name)));
  const problems = [
    ...dashes.map((dash) => dashProblem(dash, code, known)),
    ...names.flatMap((name) => nameProblem(name, code, known) ?? []),
  ];
  if (problems.length > 0) return problems;
  const compiled = attempt(() => compileParsed(code, parsed));
  return compiled instanceof ExpressionError ? [compiled] : [];
}

function covers(dash: DashedName, name: NameUse): boolean {
  return name.offset >= dash.offset && name.offset < dash.end;
}

/** A dash is part of a name where such a member exists, or where what follows the dash is no value that is known here. */
function isMeant(dash: DashedName, known: KnownNames, names: readonly NameUse[]): boolean {
  const members = membersOf(known, dash.root);
  if (members !== undefined && members !== 'any' && isAmong(members, dash.member)) return true;
  const rest = dash.member.split('-').slice(1);
  return rest.some(
    (word) => /^\d/.test(word) || names.some((name) => name.root === word && !Object.hasOwn(known, word)),
  );
}

function dashProblem(dash: DashedName, code: string, known: KnownNames): ExpressionError {
  const members = membersOf(known, dash.root);
  const missing = members !== undefined && members !== 'any' && !isAmong(members, dash.member);
  const unknown = missing
    ? `; there is no '${dash.member}' in '${dash.root}' either${hint(nearest(dash.member, members), members)}`
    : '';
  const reason = `a name with a dash is read as a subtraction; write ${dash.suggestion}${unknown}`;
  return new ExpressionError('expression.unknown-name', reason, code, dash);
}

function nameProblem(name: NameUse, code: string, known: KnownNames): ExpressionError | undefined {
  const { root, member, offset } = name;
  const members = membersOf(known, root);
  // Compiling says where secrets may stand.
  if (root === 'secrets') return undefined;
  if (members === undefined) {
    const roots = Object.keys(known);
    const suggestion = nearest(root, roots);
    const reason = `there is no '${root}' here${hint(suggestion, roots)}`;
    return new ExpressionError('expression.unknown-name', reason, code, { offset, suggestion });
  }
  if (members === 'any' || member === undefined || isAmong(members, member)) return undefined;
  const suggestion = nearest(member, members);
  const reason = `there is no '${member}' in '${root}'${hint(suggestion, members)}`;
  return new ExpressionError('expression.unknown-name', reason, code, { offset, suggestion });
}

const sets = new WeakMap<readonly string[], ReadonlySet<string>>();

/** Whether the name is among the members, of which a large playbook has thousands and names most of them. */
function isAmong(members: readonly string[], name: string): boolean {
  if (members.length < 20) return members.includes(name);
  const set = sets.get(members) ?? new Set(members);
  sets.set(members, set);
  return set.has(name);
}

function membersOf(known: KnownNames, root: string): readonly string[] | 'any' | undefined {
  return Object.hasOwn(known, root) ? known[root] : undefined;
}

function toProblem(error: ExpressionError, base: number, path: TemplatePath): ExpressionProblem {
  return {
    code: error.code,
    message: error.reason,
    expression: error.expression,
    path,
    ...(error.offset === undefined ? {} : { offset: base + error.offset }),
    ...(error.suggestion === undefined ? {} : { suggestion: error.suggestion }),
  };
}

function attempt<T>(work: () => T): T | ExpressionError {
  try {
    return work();
  } catch (error) {
    if (error instanceof ExpressionError) return error;
    throw error;
  }
}
