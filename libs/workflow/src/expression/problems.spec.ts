import { describe, expect, it } from '@jest/globals';
import { compileExpression } from './compile-expression';
import { compileTemplate } from './compile-template';
import { isScopeName, namesUsed } from './names';
import { expressionProblems, templateProblems, type KnownNames } from './problems';

const known: KnownNames = {
  variables: ['focus', 'limit'],
  steps: ['reviews', 'second-look'],
  needs: ['security'],
  context: 'any',
  output: 'any',
};

describe('expressionProblems', () => {
  it.each([
    'steps.reviews.output.value == "approve"',
    "${{ steps['second-look'].output }}",
    'variables.focus.map(f, f + "!").size() > variables.limit',
    'context.anything.at.all - output.risk',
    'output.a-output.b > 0',
    'cel.bind(x, output.a, x * x) + size(variables.focus)',
  ])('has nothing to say about %s', (source) => {
    expect(expressionProblems(source, known)).toEqual([]);
  });

  it('tells an unknown name, where it is and what it could have been', () => {
    const source = '${{ variables.focus == stpes.reviews }}';
    expect(expressionProblems(source, known)).toEqual([
      expect.objectContaining({
        code: 'expression.unknown-name',
        offset: source.indexOf('stpes'),
        suggestion: 'steps',
      }),
    ]);
  });

  it('tells an unknown member', () => {
    const [problem] = expressionProblems("steps['revews'].output", known);
    expect(problem).toMatchObject({ code: 'expression.unknown-name', suggestion: 'reviews' });
    expect(problem?.message).toBe("there is no 'revews' in 'steps'; did you mean 'reviews'?");
  });

  it('tells all names at once', () => {
    const problems = expressionProblems('varables.x && steps.nope.output && steps.second-look.output.risk > 3', known);
    expect(problems.map((problem) => problem.suggestion)).toEqual([
      "steps['second-look'].output.risk",
      'variables',
      undefined,
    ]);
  });

  it.each([
    ['steps.second-look.output > 1', "steps['second-look'].output"],
    ['steps.step-1.output', "steps['step-1'].output"],
    ['needs.a-b-c', "needs['a-b-c']"],
    ['size(context.my-list)', "context['my-list']"],
  ])('reads the dash in %s as part of the name', (source, suggestion) => {
    const [problem, ...more] = expressionProblems(source, known);
    expect(problem).toMatchObject({ code: 'expression.unknown-name', suggestion });
    expect(more).toEqual([]);
  });

  it('tells kinds of values that cannot fit', () => {
    expect(expressionProblems('size(variables.focus) == "2"', known)).toMatchObject([{ code: 'expression.type' }]);
    expect(expressionProblems('"a".matches("(")', known)).toMatchObject([{ code: 'expression.value' }]);
    expect(expressionProblems('"a" ? 1 : 2', known)).toMatchObject([{ code: 'expression.type' }]);
  });

  it('tells bad syntax with its place', () => {
    expect(expressionProblems('${{ 1 + }}', known)).toMatchObject([{ code: 'expression.syntax', offset: 7 }]);
  });
});

describe('templateProblems', () => {
  it('tells the path to the string and the place in it', () => {
    const source = { a: ['fine ${{ variables.limit }}', 'x ${{ variables.limt }} ${{ nope }}'], b: '${{ open' };
    expect(templateProblems(source, known)).toMatchObject([
      { path: ['a', 1], offset: 6, suggestion: 'limit' },
      { path: ['a', 1], offset: 28 },
      { path: ['b'], offset: 0, code: 'expression.syntax' },
    ]);
  });

  it('allows secrets only where the caller does, and only alone', () => {
    expect(templateProblems({ a: 'Bearer ${{ secrets.TOKEN }}' }, known, { secrets: true })).toEqual([]);
    expect(templateProblems({ a: '${{ secrets.TOKEN }}' }, known)).toMatchObject([{ code: 'expression.unknown-name' }]);
    expect(templateProblems('${{ secrets.A + "x" }}', known, { secrets: true })).toHaveLength(1);
  });
});

describe('isScopeName', () => {
  it.each(['file', 'item_2', '_x', 'listing'])('accepts %s', (name) => expect(isScopeName(name)).toBe(true));
  it.each([
    '',
    'a-b',
    '2x',
    'a.b',
    'type',
    'list',
    'cel',
    'for',
    'in',
    'true',
    'null',
    '__proto__',
    'prototype',
    'a b',
  ])('refuses %s, which no expression could name', (name) => expect(isScopeName(name)).toBe(false));
});

describe('namesUsed', () => {
  const pairs = (source: string) =>
    namesUsed(compileExpression(source)).map(({ root, member }) => (member === undefined ? root : `${root}/${member}`));

  it.each([
    ['steps.reviews.output.value', ['steps/reviews']],
    ["needs['second-look'].output + needs.security", ['needs/second-look', 'needs/security']],
    ['steps[variables.name].output', ['steps', 'variables/name']],
    ['size(context) > 0 && has(steps.a.output)', ['context', 'steps/a']],
    ['variables.?focus.orValue(branch)', ['variables/focus', 'branch']],
    ['items.map(item, item.x + variables.y)', ['items', 'variables/y']],
    ['items.map(items, items.x)', ['items']],
    ['cel.bind(a, b.c, a.d + e)', ['b/c', 'e']],
    ['{"a": steps.x}[variables.k]', ['steps/x', 'variables/k']],
    ['type(output) == string', ['output']],
    ['default(steps.a.b, 1)', ['steps/a']],
  ])('of %s', (source, expected) => {
    expect(pairs(source)).toEqual(expected);
  });

  it('of a template are those of all its strings', () => {
    const template = compileTemplate({ a: '${{ steps.a.output }} and ${{ context.b }}', c: ['${{ needs.d }}'] });
    expect(namesUsed(template).map((name) => `${name.root}.${name.member}`)).toEqual([
      'steps.a',
      'context.b',
      'needs.d',
    ]);
  });
});
