import { describe, expect, it } from '@jest/globals';
import type { Json } from '@braid/events';
import { compileExpression } from './compile-expression';
import { evaluate } from './evaluate';
import { ExpressionError } from './expression-error';

const scope = {
  variables: { limit: 2, half: 0.5, focus: ['security', 'speed'], nothing: null, name: 'braid', list: [1, 2, 3] },
  steps: { x: { output: { count: 5, ratio: 2.5, verdict: 'approve', items: [3, 1, 2], nested: { a: { b: 1 } } } } },
  output: { risk: 4, verdict: 'approve' },
  i: 1,
};

const value = (source: string): Json => evaluate(compileExpression(source), scope);

function errorOf(source: string): ExpressionError {
  try {
    value(source);
  } catch (error) {
    if (error instanceof ExpressionError) return error;
    throw error;
  }
  throw new Error(`${source} has a value`);
}

describe('numbers of JSON mix with integers of CEL', () => {
  it.each<[string, Json]>([
    ['steps.x.output.count + 1', 6],
    ['1 + steps.x.output.count', 6],
    ['steps.x.output.ratio + 1', 3.5],
    ['output.risk > 3', true],
    ['3 < output.risk', true],
    ['variables.focus.size() * 0.8', 1.6],
    ['size(variables.focus) * variables.half', 1],
    ['steps.x.output.count == 5', true],
    ['5 == steps.x.output.count', true],
    ['steps.x.output.count != 5', false],
    ['steps.x.output.ratio == 2.5', true],
    ['steps.x.output.count % 2 == 1', true],
    ['steps.x.output.ratio % 2', 0.5],
    ['steps.x.output.count / 2', 2.5],
    ['7 / 2', 3],
    ['2 * 3.5', 7],
    ['1 == 1.0', true],
    ['size(variables.list) == 3.0', true],
    ['size(variables.list) > variables.limit', true],
    ['variables.list[i]', 2],
    ['variables.list[i + 1]', 3],
    ['[10, 20, 30][variables.limit]', 30],
    ['steps.x.output.count in [1, 5]', true],
    ['5 in [1, steps.x.output.count]', true],
    ['variables.list == [1, 2, 3]', true],
    ['[1, 2, 3] == variables.list', true],
    ['{"a": steps.x.output.count} == {"a": 5}', true],
    ['-steps.x.output.count', -5],
    ['"braid".substring(i, variables.limit)', 'r'],
    ['variables.list.map(n, n * 2)', [2, 4, 6]],
    ['variables.list.filter(n, n % 2 == 1)', [1, 3]],
    ['([0] + variables.list).map(n, n + 1)', [1, 2, 3, 4]],
    ['timestamp(steps.x.output.count)', '1970-01-01T00:00:05.000Z'],
  ])('%s', (source, expected) => {
    expect(value(source)).toEqual(expected);
  });
});

describe('results are plain JSON', () => {
  it.each<[string, Json]>([
    ['[1, "a", null, 2.5, true]', [1, 'a', null, 2.5, true]],
    ['{"a": 1, "b": [2u]}', { a: 1, b: [2] }],
    ['output.risk > 3 ? "high" : null', 'high'],
    ['output.risk > 9 ? 1 : 0.5', 0.5],
    ['timestamp("2026-01-02T03:04:05Z")', '2026-01-02T03:04:05.000Z'],
    ['timestamp("2026-01-02T03:04:05Z") + duration("1h")', '2026-01-02T04:04:05.000Z'],
    ['duration("90s")', 'PT90S'],
    ['duration("-1500ms")', '-PT1.5S'],
    ['[duration("1ns")]', ['PT0.000000001S']],
    ['variables.?missing', null],
    ['variables.?missing.orValue(7)', 7],
    ['0.0 * -1.0', 0],
    ['9007199254740991', 9007199254740991],
  ])('%s', (source, expected) => {
    const found = value(source);
    expect(found).toEqual(expected);
    expect(JSON.parse(JSON.stringify(found))).toStrictEqual(found);
  });

  it('takes over parts of the scope without copying them', () => {
    expect(value('steps.x.output')).toBe(scope.steps.x.output);
    const kept = value('[steps.x.output.nested]');
    expect(Array.isArray(kept) ? kept[0] : undefined).toBe(scope.steps.x.output.nested);
  });

  it('accepts the expression with or without the surrounding marks', () => {
    expect(value('${{ output.risk }}')).toBe(4);
    expect(value('  output.risk ')).toBe(4);
  });
});

describe('functions beyond the standard ones', () => {
  it.each<[string, Json]>([
    ['steps.x.output.items.sum()', 6],
    ['[1, 2].sum()', 3],
    ['[].sum()', 0],
    ['steps.x.output.items.min()', 1],
    ['["b", "a"].max()', 'b'],
    ['steps.x.output.items.sort()', [1, 2, 3]],
    ['[1, 1.0, "1", {"a": 1, "b": 2}, {"b": 2, "a": 1}].distinct()', [1, '1', { a: 1, b: 2 }]],
    ['[[1], [[2]], 3].flatten()', [1, [2], 3]],
    ['steps.x.output.items.reverse()', [2, 1, 3]],
    ['steps.x.output.items.slice(0, variables.limit)', [3, 1]],
    ['"a.b.c".replace(".", "-")', 'a-b-c'],
    ['json({"a": [1]})', '{"a":[1]}'],
    ['fromJson("[1, {}]")', [1, {}]],
    ['default(output.missing, "none")', 'none'],
    ['default(output.missing.deeper[3], "none")', 'none'],
    ['default(variables.nothing, 1)', 1],
    ['default(output.risk, 1)', 4],
    ['default(variables.?missing, 1)', 1],
    ['variables.focus.join(", ")', 'security, speed'],
    ['"A b".lowerAscii().split(" ")', ['a', 'b']],
    ['cel.bind(n, steps.x.output.count, n * n)', 25],
    ['string(duration("90s"))', 'PT90S'],
    ['has(output.verdict) && !has(output.missing)', true],
  ])('%s', (source, expected) => {
    expect(value(source)).toEqual(expected);
  });
});

describe('an error says what to change', () => {
  it.each<[string, string, RegExp]>([
    ['output.risk >', 'expression.syntax', /Unexpected token/],
    ['output.risk = 3', 'expression.syntax', /write == to compare/],
    ['', 'expression.syntax', /empty/],
    ['!'.repeat(9_000), 'expression.syntax', /at most 8192/],
    ['('.repeat(4_000), 'expression.syntax', /./],
    ['!'.repeat(8_000) + 'a', 'expression.syntax', /./],
    ['varables.limit', 'expression.unknown-name', /did you mean 'variables'/],
    ['output.missing', 'expression.unknown-name', /there is no 'missing' in output; .*default\(/],
    ['sizee(variables.list)', 'expression.unknown-name', /did you mean 'size'/],
    ['secrets.TOKEN', 'expression.unknown-name', /only in `with` of an agent step/],
    ['variables.name + 1', 'expression.type', /string \+ int; convert/],
    ['"a" + 1', 'expression.type', /string \+ int/],
    ['output.risk ? 1 : 2', 'expression.type', /must be bool/],
    ['1 == "a"', 'expression.type', /int == string/],
    ['variables.list.join(",")', 'expression.type', /only strings/],
    ['[[[variables.list]]] < variables.limit', 'expression.type', /^there is no list < any; convert/],
    ['variables < 1', 'expression.type', /^there is no map < int; convert/],
    [
      'variables.name.substring(variables.name)',
      'expression.type',
      /^there is no 'string.substring\(string\)'; the function exists/,
    ],
    ['timestamp("2026-01-02T03:04:05Z").getHours("Europe/Berlin")', 'expression.type', /time zone of the machine/],
    ['timestamp("2026-01-02T03:04:05Z").getDayOfYear()', 'expression.type', /time zone of the machine/],
    ['timestamp("2026-01-02T03:04:05.000")', 'expression.value', /end the text with Z/],
    ['steps.x.output.count / 0', 'expression.value', /division by zero/],
    ['5 % 0', 'expression.value', /by zero/],
    ['1.0 / 0.0', 'expression.value', /Infinity, which JSON cannot carry/],
    ['0.0 / 0.0', 'expression.value', /NaN/],
    ['9007199254740993', 'expression.value', /beyond 2\^53/],
    ['[9007199254740991 + 1]', 'expression.value', /beyond 2\^53/],
    ['9223372036854775807 + 1', 'expression.value', /overflow/],
    ['variables.list[7]', 'expression.value', /out of bounds/],
    ['variables.list[0.5]', 'expression.value', /out of bounds/],
    ['b"a"', 'expression.value', /base64/],
    ['type(1)', 'expression.value', /a type/],
    ['[].min()', 'expression.value', /empty list/],
    ['fromJson("{")', 'expression.value', /not JSON/],
    ['"😀".substring(0, 1)', 'expression.value', /middle of a character/],
  ])('%s', (source, code, message) => {
    const error = errorOf(source);
    expect(error.code).toBe(code);
    expect(error.reason).toMatch(message);
    expect(error.expression).toBe(source);
  });

  it('tells where the error is', () => {
    expect(errorOf('output.risk > missing.x').offset).toBe('output.risk > '.length);
    expect(errorOf('output.risk = 3').offset).toBe('output.risk '.length);
  });

  it('recognises a dash that was read as a subtraction', () => {
    const error = errorOf('steps.second-look.output');
    expect(error.suggestion).toBe("steps['second-look'].output");
    expect(error.message).toContain("write steps['second-look'].output");
  });
});
