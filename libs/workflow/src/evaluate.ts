import { type Json } from '@braid/events';
import { compileExpression } from './expression/compile-expression';
import { compileTemplate } from './expression/compile-template';
import { evaluate, type Scope } from './expression/evaluate';
import { ExpressionError } from './expression/expression-error';

/**
 * The value of a template, compiled at its first use.
 * @throws ExpressionError
 */
export function evaluateTemplate(source: Json, scope: Scope, options: { readonly secrets?: boolean } = {}): Json {
  return evaluate(compileTemplate(source, options), scope);
}

/**
 * The value of a bare expression, with or without `${{ }}` around it, compiled at its first use.
 * @throws ExpressionError
 */
export function evaluateExpression(source: string, scope: Scope): Json {
  return evaluate(compileExpression(source), scope);
}

/**
 * Whether a condition holds.
 * @throws ExpressionError, also when the value is neither true nor false.
 */
export function evaluateCondition(source: string, scope: Scope): boolean {
  const value = evaluate(compileExpression(source), scope);
  if (typeof value === 'boolean') return value;
  const found = value === null ? 'null' : Array.isArray(value) ? 'a list' : `a ${typeof value}`;
  throw new ExpressionError('expression.type', `a condition must be true or false, and this is ${found}`, source);
}
