import type { ASTNode } from '@marcbachmann/cel-js';
import type { Json } from '@braid/events';
import { ExpressionError } from './expression-error';
import { MAX_VALUE_DEPTH } from './meter';
import { literalText } from './syntax-tree';

/**
 * How a secret travels: by name, never by value. `${{ secrets.TOKEN }}` becomes `{ $secret: 'TOKEN' }`, and
 * `Bearer ${{ secrets.TOKEN }}` becomes `{ $text: ['Bearer ', { $secret: 'TOKEN' }] }`: texts and secrets to be joined.
 * Only a template makes these objects: data that looks like one is refused where it would enter the same value,
 * for otherwise the output of one agent could make the next one's runner give a secret away.
 */
export type SecretMarker = { readonly $secret: string };
export type SecretText = { readonly $text: readonly (string | SecretMarker)[] };

/** The name in `secrets.NAME` or `secrets['NAME']`, if that is the whole tree. */
export function secretName(tree: ASTNode): string | undefined {
  if (tree.op !== '.' && tree.op !== '[]') return undefined;
  const [base, member] = tree.args;
  if (base.op !== 'id' || base.args !== 'secrets') return undefined;
  return typeof member === 'string' ? member : literalText(member);
}

/** The names of all secrets that markers in the value refer to, each once, in the order of their first use. */
export function findSecrets(value: Json): readonly string[] {
  const names = new Set<string>();
  eachMarker(value, 0, (name) => names.add(name));
  names.delete('');
  return [...names];
}

/** @throws ExpressionError where data would pass for a marker */
export function refuseMarkers(value: Json, expression: string): void {
  eachMarker(value, 0, (_name, key) => {
    const reason = `the value has a field '${key}', which is reserved for references to secrets; rename the field`;
    throw new ExpressionError('expression.value', reason, expression);
  });
}

function eachMarker(value: Json, depth: number, visit: (name: string, key: string) => void): void {
  if (typeof value !== 'object' || value === null) return;
  if (depth > MAX_VALUE_DEPTH) {
    throw new ExpressionError('expression.value', `the value is nested deeper than ${MAX_VALUE_DEPTH} levels`, '');
  }
  if (isList(value)) {
    for (const item of value) eachMarker(item, depth + 1, visit);
    return;
  }
  for (const key of Object.keys(value)) {
    const item = value[key] ?? null;
    if (key === '$secret') visit(typeof item === 'string' ? item : '', key);
    else if (key === '$text') visitText(item, depth, visit);
    else eachMarker(item, depth + 1, visit);
  }
}

function visitText(parts: Json, depth: number, visit: (name: string, key: string) => void): void {
  const names: string[] = [];
  eachMarker(parts, depth + 1, (name) => names.push(name));
  // The field itself is reserved, whatever it holds.
  for (const name of names.length === 0 ? [''] : names) visit(name, '$text');
}

function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}
