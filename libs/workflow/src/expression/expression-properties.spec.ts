import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Json } from '@braid/events';
import { compileExpression } from './compile-expression';
import { compileTemplate } from './compile-template';
import { evaluate, type Scope } from './evaluate';
import { ExpressionError } from './expression-error';
import { templateProblems } from './problems';

const json: fc.Arbitrary<Json> = fc.jsonValue({ maxDepth: 3 }).map((value): Json => JSON.parse(JSON.stringify(value)));
const scopes: fc.Arbitrary<Scope> = fc.record({ a: json, b: json, list: fc.array(json, { maxLength: 5 }) });

const infix = ['+', '-', '*', '/', '%', '==', '!=', '<', '>=', 'in', '&&', '||'];
const literal = fc.constantFrom(
  '1',
  '2.5',
  '0',
  '"x"',
  'true',
  'null',
  '[]',
  '{}',
  'a',
  'b',
  'list',
  '1u',
  'b"z"',
  'unknown',
);
const methods = ['size', 'sum', 'min', 'sort', 'distinct', 'flatten', 'reverse', 'trim', 'join', 'getHours', 'json'];

/** Expressions that parse; most of them make no sense. */
const expressions = fc.letrec<{ readonly node: string }>((tie) => {
  const node = tie('node');
  const build = (...parts: readonly (fc.Arbitrary<string> | string)[]): fc.Arbitrary<string> =>
    fc
      .tuple(...parts.map((part) => (typeof part === 'string' ? fc.constant(part) : part)))
      .map((texts) => texts.join(''));
  return {
    node: fc.oneof(
      { maxDepth: 4, depthSize: 'small' },
      literal,
      build('(', node, ' ', fc.constantFrom(...infix), ' ', node, ')'),
      build('(', node, ' ? ', node, ' : ', node, ')'),
      build(fc.constantFrom('!', '-'), '(', node, ')'),
      build('(', node, ').', fc.constantFrom('a', 'x', '?a', 'constructor')),
      build('(', node, ')[', node, ']'),
      build('(', node, ').', fc.constantFrom(...methods), '()'),
      build('(', node, ').', fc.constantFrom('map', 'filter', 'all', 'exists', 'exists_one'), '(a, ', node, ')'),
      build('(', node, ').', fc.constantFrom('matches', 'contains', 'split', 'join', 'substring'), '(', node, ')'),
      build(
        fc.constantFrom('size', 'string', 'int', 'double', 'json', 'timestamp', 'duration', 'type'),
        '(',
        node,
        ')',
      ),
      build('default(', node, ', ', node, ')'),
      build('cel.bind(b, ', node, ', ', node, ')'),
      build('[', node, ', ', node, ']'),
      build('{"k": ', node, ', "l": ', node, '}'),
    ),
  };
}).node;

/** The text of a value; fails for what JSON would change on its way. */
function canonical(value: Json): string {
  const text = JSON.stringify(value);
  expect(JSON.parse(text)).toStrictEqual(value);
  return text;
}

function attempt(work: () => Json): Json | ExpressionError {
  try {
    return work();
  } catch (error) {
    if (error instanceof ExpressionError) return error;
    throw error;
  }
}

/** The value or the error, in a form that can be compared. */
function outcome(source: string, scope: Scope): string {
  const result = attempt(() => evaluate(compileExpression(source), scope, { costLimit: 10_000 }));
  return result instanceof ExpressionError ? `${result.code}: ${result.message}` : canonical(result);
}

describe('whatever the expression and the scope', () => {
  it('there is a value of JSON or an ExpressionError, the same each time, and the scope stays as it was', () => {
    fc.assert(
      fc.property(expressions, scopes, (source, scope) => {
        const before = JSON.stringify(scope);
        const first = outcome(source, scope);
        expect(outcome(source, scope)).toBe(first);
        expect(outcome(`${source} `, scope)).toBe(first);
        expect(JSON.stringify(scope)).toBe(before);
      }),
      { numRuns: 1_500 },
    );
  });

  it('any text at all is an expression or an ExpressionError', () => {
    const texts = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string().map((text) => `a.${text}`),
    );
    fc.assert(
      fc.property(texts, scopes, (source, scope) => {
        expect(outcome(source, scope)).not.toBe('');
      }),
      { numRuns: 500 },
    );
  });

  it('any JSON at all is a template or an ExpressionError, and its problems can be told', () => {
    const texts = fc.array(fc.oneof(expressions, fc.string(), fc.constantFrom('${{', '}}', '$', '{', '"')), {
      maxLength: 5,
    });
    const sources = fc.oneof(
      json,
      texts.map((parts) => parts.join('')),
      expressions.map((text) => `x \${{ ${text} }} y`),
    );
    fc.assert(
      fc.property(sources, scopes, (source, scope) => {
        expect(Array.isArray(templateProblems(source, { a: 'any', list: ['x'] }, { secrets: true }))).toBe(true);
        const run = () => evaluate(compileTemplate(source, { secrets: true }), scope, { costLimit: 10_000 });
        expect(attempt(run)).toBeDefined();
      }),
      { numRuns: 500 },
    );
  });
});
