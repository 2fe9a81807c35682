import { unreachable, type Json } from '@braid/events';
import { dashError, type Expression } from './compile-expression';
import type { ExpressionNode, SecretNode, Template, TemplateNode } from './compile-template';
import { explain } from './explain';
import { ExpressionError } from './expression-error';
import { DEFAULT_COST_LIMIT, metered } from './meter';
import { plainJson } from './plain-json';
import { refuseMarkers, type SecretMarker, type SecretText } from './secrets';
import { hint, nearest } from './suggest';

/** What an expression may name: plain JSON by name. */
export type Scope = { readonly [name: string]: Json | undefined };

export type EvaluateOptions = {
  /** How much each expression may cost, in units of about one turn of a small macro body. */
  readonly costLimit?: number;
};

/**
 * The value of a template or expression over a scope, as plain JSON. Parts of the scope and constant parts of the template
 * appear in it as they are and are not copied: whoever gets the value must not change it.
 * The same scope gives the same value, or the same error, on every machine.
 *
 * @throws ExpressionError and nothing else
 */
export function evaluate(compiled: Template | Expression, scope: Scope, options: EvaluateOptions = {}): Json {
  const limit = options.costLimit ?? DEFAULT_COST_LIMIT;
  if (compiled.kind === 'expression') return evaluateExpression(compiled, scope, limit);
  return evaluateNode(compiled.root, { scope, limit, guarded: compiled.guarded });
}

type Run = { readonly scope: Scope; readonly limit: number; readonly guarded: boolean };

function evaluateNode(node: TemplateNode, run: Run): Json {
  switch (node.kind) {
    case 'constant':
      return node.value;
    case 'expression':
      return evaluatePart(node, run);
    case 'secret':
      return marker(node);
    case 'text':
      return renderText(node.parts, run);
    case 'list':
      return node.items.map((item) => evaluateNode(item, run));
    case 'object':
      return Object.fromEntries(node.entries.map(([key, value]) => [key, evaluateNode(value, run)]));
    default:
      return unreachable(node);
  }
}

function evaluatePart(node: ExpressionNode, run: Run): Json {
  try {
    const value = evaluateExpression(node.expression, run.scope, run.limit);
    if (run.guarded) refuseMarkers(value, node.expression.source);
    return value;
  } catch (error) {
    throw error instanceof ExpressionError ? error.within(node.path) : error;
  }
}

function renderText(parts: readonly (string | ExpressionNode | SecretNode)[], run: Run): Json {
  const rendered: (string | SecretMarker)[] = [];
  for (const part of parts) {
    const piece =
      typeof part === 'string' ? part : part.kind === 'secret' ? marker(part) : render(evaluatePart(part, run));
    const last = rendered.at(-1);
    if (typeof piece === 'string' && typeof last === 'string') rendered[rendered.length - 1] = last + piece;
    else rendered.push(piece);
  }
  const [only] = rendered;
  const text: string | SecretText = rendered.length === 1 && typeof only === 'string' ? only : { $text: rendered };
  return text;
}

function render(value: Json): string {
  if (typeof value === 'string') return value;
  return value === null ? '' : JSON.stringify(value);
}

function marker(node: SecretNode): SecretMarker {
  return { $secret: node.name };
}

function evaluateExpression(expression: Expression, scope: Scope, limit: number): Json {
  const context = contextOf(expression, scope);
  try {
    // A path does no work that its length does not bound, and what it finds is JSON already.
    if (expression.path) return expression.run(context) as Json;
    const result = metered(limit, () => plainJson(expression.run(context)));
    if (result !== 'exhausted') return result.value;
  } catch (error) {
    throw explain(error, expression.source);
  }
  const reason = `the expression costs more than its limit of ${limit} units; work on shorter lists, or do this in an agent`;
  throw new ExpressionError('expression.cost', reason, expression.source);
}

/** Only the names that the expression uses, on an object that inherits nothing. */
function contextOf(expression: Expression, scope: Scope): object {
  const context: Record<string, Json> = Object.create(null);
  for (const root of expression.roots) {
    const value = Object.hasOwn(scope, root) ? scope[root] : undefined;
    if (value === undefined) throw unknownName(expression, root, scope);
    context[root] = value;
  }
  return context;
}

function unknownName(expression: Expression, root: string, scope: Scope): ExpressionError {
  const dash = expression.dashed[0];
  if (dash !== undefined) return dashError(dash, expression.source);
  const known = Object.keys(scope);
  const suggestion = nearest(root, known);
  const offset = expression.names.find((name) => name.root === root)?.offset;
  const reason = `there is no '${root}' here${hint(suggestion, known)}`;
  return new ExpressionError('expression.unknown-name', reason, expression.source, { offset, suggestion });
}
