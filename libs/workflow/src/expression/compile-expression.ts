import type { ASTNode, ParseResult } from '@marcbachmann/cel-js';
import { builtInNames, celEnvironment, MAX_SOURCE } from './cel-environment';
import { dashedNames, type DashedName } from './dashed-names';
import { explain } from './explain';
import { ExpressionError } from './expression-error';
import { namesIn, type NameUse } from './names';
import { adaptTree, guardFields, meterTree } from './prepare-tree';
import { SourceCache } from './source-cache';
import { isPath, visitTree } from './syntax-tree';

/** An expression that is ready to be evaluated any number of times. */
export type Expression = {
  readonly kind: 'expression';
  /** Without the surrounding `${{ }}`. */
  readonly source: string;
  readonly names: readonly NameUse[];
  /** The names that a scope must have. */
  readonly roots: readonly string[];
  /** Whether it only picks a part of the scope. */
  readonly path: boolean;
  readonly dashed: readonly DashedName[];
  readonly run: (context: object) => unknown;
};

const compiled = new SourceCache<Expression>();

/**
 * Compiles a bare expression, with or without `${{ }}` around it; compiling the same text again is a look-up.
 *
 * @throws ExpressionError for bad syntax, for kinds of values that can be seen not to fit, and for `secrets`
 */
export function compileExpression(source: string): Expression {
  return compiled.get(source, () => compileCode(unwrap(source)));
}

/**
 * Compiles code whose tree is there already. The tree is changed by it.
 * @throws ExpressionError as `compileExpression` does
 */
export function compileParsed(code: string, parsed: ParseResult): Expression {
  return compiled.get(code, () => compileCode(code, parsed));
}

/** The expression inside `${{ }}`, or the text itself where there is nothing around it. */
export function unwrap(source: string): string {
  const text = source.trim();
  return text.startsWith('${{') && text.endsWith('}}') ? text.slice(3, -2).trim() : text;
}

/** The syntax tree, with nothing checked but the syntax. */
export function parseCode(code: string): ParseResult {
  if (code === '') throw new ExpressionError('expression.syntax', 'the expression is empty', code);
  if (code.length > MAX_SOURCE) {
    const reason = `the expression has ${code.length} characters; at most ${MAX_SOURCE} are allowed`;
    throw new ExpressionError('expression.syntax', reason, code);
  }
  try {
    return celEnvironment.parse(code);
  } catch (error) {
    throw syntaxError(error, code);
  }
}

function compileCode(code: string, parsed: ParseResult = parseCode(code)): Expression {
  const names = namesIn(parsed.ast);
  refuseSecrets(names, code);
  const dashed = dashedNames(parsed.ast, code);
  prepare(parsed, code, dashed);
  return {
    kind: 'expression',
    source: code,
    names,
    roots: [...new Set(names.map((name) => name.root))],
    path: isPath(parsed.ast) && !usesBuiltIn(parsed.ast),
    dashed,
    run: parsed,
  };
}

function prepare(parsed: ParseResult, code: string, dashed: readonly DashedName[]): void {
  try {
    adaptTree(parsed.ast);
    const result = parsed.check();
    if (!result.valid) throw dashed[0] === undefined ? explain(result.error, code) : dashError(dashed[0], code);
    meterTree(parsed.ast);
    guardFields(parsed.ast);
  } catch (error) {
    throw explain(error, code);
  }
}

/** Says that a dash was read as a subtraction. */
export function dashError(dash: DashedName, code: string): ExpressionError {
  const reason = `a name with a dash is read as a subtraction; write ${dash.suggestion}`;
  return new ExpressionError('expression.unknown-name', reason, code, dash);
}

function refuseSecrets(names: readonly NameUse[], code: string): void {
  const secret = names.find((name) => name.root === 'secrets');
  if (secret === undefined) return;
  const reason = 'secrets may stand only in `with` of an agent step, each alone in its ${{ secrets.NAME }}';
  throw new ExpressionError('expression.unknown-name', reason, code, { offset: secret.offset });
}

function usesBuiltIn(tree: ASTNode): boolean {
  let found = false;
  visitTree(tree, (node) => {
    found ||= node.op === 'id' && builtInNames.has(node.args);
  });
  return found;
}

function syntaxError(error: unknown, code: string): ExpressionError {
  const explained = explain(error, code);
  return explained.code === 'expression.syntax'
    ? explained
    : new ExpressionError('expression.syntax', explained.reason, code, explained);
}
