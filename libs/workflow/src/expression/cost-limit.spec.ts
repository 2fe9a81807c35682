import { describe, expect, it } from '@jest/globals';
import type { Json } from '@braid/events';
import { compileExpression } from './compile-expression';
import { evaluate } from './evaluate';
import { ExpressionError } from './expression-error';

const range = (length: number): readonly number[] => Array.from({ length }, (_, index) => index);
const scope = {
  ten: range(10),
  k: range(1_000),
  many: range(10_000),
  keys: Object.fromEntries(range(10_000).map((index) => [`k${index}`, index])),
  text: 'a'.repeat(100_000),
  texts: range(1_000).map((index) => `item ${index}`),
};

const value = (source: string, costLimit?: number): Json =>
  evaluate(compileExpression(source), scope, costLimit === undefined ? {} : { costLimit });

function codeOf(source: string, costLimit?: number): string {
  try {
    value(source, costLimit);
    return 'no error';
  } catch (error) {
    return error instanceof ExpressionError ? error.code : String(error);
  }
}

/** `cel.bind(v0, first, cel.bind(v1, v0 + v0, …))`: doubles the first value again and again. */
function doubling(
  times: number,
  first: string,
  combine: (name: string) => string,
  last: (name: string) => string,
): string {
  let source = last(`v${times}`);
  for (let step = times; step > 0; step--) source = `cel.bind(v${step}, ${combine(`v${step - 1}`)}, ${source})`;
  return `cel.bind(v0, ${first}, ${source})`;
}

describe('the cost limit', () => {
  it('leaves room for ordinary work on long lists', () => {
    expect(value('many.filter(n, n % 2 == 0).map(n, n + 1).size()')).toBe(5_000);
    expect(value('many.all(n, n < size(many))')).toBe(true);
    expect(value('9999 in many && many.sum() > 0 && many.sort().max() == 9999')).toBe(true);
    expect(value('k.map(n, n).distinct() == k')).toBe(true);
  });

  it.each([
    ['nested maps', 'many.map(a, many.map(b, a * b))'],
    ['three levels', 'k.map(a, k.map(b, k.map(c, a + b + c)))'],
    ['nested filters', 'many.filter(a, many.filter(b, a == b).size() > 0)'],
    ['quantifiers, which swallow errors', 'many.exists(a, many.exists(b, many.exists(c, c < 0)))'],
    ['nested all', 'many.all(a, many.all(b, a + b >= 0))'],
    ['exists_one', 'many.exists_one(a, many.exists_one(b, b == a))'],
    ['map with a filter', 'many.map(a, many.map(b, b == a, b).size() > 1, a)'],
    ['an error that || would swallow', 'many.all(a, many.all(b, true)) || true'],
    ['an error that && would swallow', 'many.exists(a, many.exists(b, false)) && false'],
    ['an error that default() must not swallow', 'default(k.map(a, many.map(b, b)), 1)'],
    ['membership in a loop', 'many.filter(a, a + 0.5 in many)'],
    ['comparison in a loop', 'k.map(a, keys == keys)'],
    ['keys listed in a loop', 'many.all(a, keys.exists(b, true))'],
    ['text searched in a loop', 'many.all(a, text.contains("b") || true)'],
    ['text split in a loop', 'k.map(a, text.split(""))'],
    ['one list many times in the result', 'many.map(a, many)'],
    ['one text many times in the result', 'k.map(a, text)'],
    ['replacing with a long text', 'text.replace("a", text)'],
    ['joining with a long text', 'texts.join(text)'],
    [
      'doubling a text',
      doubling(
        25,
        '"ab"',
        (name) => `${name} + ${name}`,
        (name) => name,
      ),
    ],
    [
      'doubling a list',
      doubling(
        25,
        'ten',
        (name) => `${name} + ${name}`,
        (name) => `size(${name})`,
      ),
    ],
    [
      'doubling a tree',
      doubling(
        25,
        '[1]',
        (name) => `[${name}, ${name}]`,
        (name) => name,
      ),
    ],
    [
      'comparing doubled trees',
      doubling(
        25,
        '[1]',
        (name) => `[${name}, ${name}]`,
        (name) => `${name} == ${name}.reverse()`,
      ),
    ],
    [
      'writing a doubled tree',
      doubling(
        25,
        '[1]',
        (name) => `[${name}, ${name}]`,
        (name) => `json(${name}).size()`,
      ),
    ],
    [
      'flattening doubled lists',
      doubling(
        25,
        'ten',
        (name) => `[${name}, ${name}].flatten()`,
        (name) => `size(${name})`,
      ),
    ],
  ])('ends %s', (_what, source) => {
    expect(codeOf(source)).toBe('expression.cost');
  });

  it('is a number that can be set', () => {
    expect(codeOf('ten.map(n, n)', 5)).toBe('expression.cost');
    expect(codeOf('ten.map(n, n)', 50)).toBe('no error');
    expect(() => value('ten.map(n, n)', 5)).toThrow(/limit of 5 units/);
  });

  it('is reached at the same point on every evaluation, the first one included', () => {
    const least = (source: string): number => {
      let limit = 0;
      while (codeOf(source, limit) === 'expression.cost') limit++;
      return limit;
    };
    const source = 'ten.map(a, ten.filter(b, b > a).map(c, string(c)).join("-")).filter(t, t.matches("[5-9]"))';
    const costs = [least(source), least(source), least(`${source} `)];
    expect(costs[0]).toBeGreaterThan(10);
    expect(new Set(costs).size).toBe(1);
  });

  it('is not shared between evaluations', () => {
    for (let turn = 0; turn < 20; turn++) expect(value('many.map(n, n).size()')).toBe(10_000);
  });
});

describe('regular expressions', () => {
  it.each(['^(a+)+$', '(a*)*b', '(a|aa)+$', '(.*)*x', '([a-z]+)*@', '^(([a-z])+.)+[A-Z]([a-z])+$', '(a|a)*b'])(
    '%s does not backtrack',
    (pattern) => {
      // A backtracking engine would not come back from these within the life of the machine.
      expect(['no error', 'expression.cost']).toContain(codeOf(`text.matches("${pattern}")`));
      expect(['no error', 'expression.cost']).toContain(codeOf(`(text + "!").matches("${pattern}")`));
    },
  );

  it('match as RE2 prescribes', () => {
    expect(value('"look at item 7".matches("item [0-9]")')).toBe(true);
    expect(value('"look".matches("^(?i)LOOK$")')).toBe(true);
    expect(value('texts.filter(t, t.matches("9{3}$"))')).toEqual(['item 999']);
    expect(value('texts[3].matches(texts[3])')).toBe(true);
  });

  it.each(['(?=a)', '(a)\\\\1', '[', '(?<!a)b', '((a{1000}){1000}){1000}', 'a{1001}'])('%s is refused', (pattern) => {
    expect(codeOf(`text.matches("${pattern}")`)).toBe('expression.value');
    expect(codeOf(`text.matches(["${pattern}"][0])`)).toBe('expression.value');
  });

  it('pay for text times pattern', () => {
    expect(codeOf('k.all(n, !text.matches("b"))')).toBe('expression.cost');
    expect(codeOf(`text.matches("${'a'.repeat(1_001)}")`)).toBe('expression.value');
  });
});
