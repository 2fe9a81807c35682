import { describe, expect, it } from '@jest/globals';
import type { Json } from '@braid/events';
import { compileTemplate } from './compile-template';
import { evaluate } from './evaluate';
import { ExpressionError } from './expression-error';
import { findSecrets } from './secrets';

const scope = {
  variables: { n: 3, list: [1, 'a'], nothing: null, yes: true, name: 'x' },
  steps: { a: { output: {} } },
};

const value = (source: Json, secrets = false): Json => evaluate(compileTemplate(source, { secrets }), scope);

function errorOf(source: Json, secrets = false): ExpressionError {
  try {
    value(source, secrets);
  } catch (error) {
    if (error instanceof ExpressionError) return error;
    throw error;
  }
  throw new Error('it has a value');
}

describe('a template', () => {
  it.each<[Json, Json]>([
    ['${{ variables.n }}', 3],
    ['${{variables.list}}', [1, 'a']],
    ['n=${{ variables.n }}', 'n=3'],
    ['${{ variables.n }}${{ variables.name }}', '3x'],
    [' ${{ variables.n }}', ' 3'],
    ['[${{ variables.nothing }}]', '[]'],
    ['${{ variables.yes }}!', 'true!'],
    ['list: ${{ variables.list }}', 'list: [1,"a"]'],
    ['object: ${{ steps.a.output }}', 'object: {}'],
    ['$${{ variables.n }}', '${{ variables.n }}'],
    ['a $${{ b }} ${{ variables.n }} $${{', 'a ${{ b }} 3 ${{'],
    ['$ {{ 1 }} }} $', '$ {{ 1 }} }} $'],
    ['${{ {"a": {"b": 1}} }}', { a: { b: 1 } }],
    ['${{ "}}" }}', '}}'],
    ["${{ 'it\\'s }}' }}", "it's }}"],
    ['${{ """a"}}""" }}', 'a"}}'],
    ["${{ variables.n // don't }}", 3],
    [
      { deep: [{ x: '${{ variables.n + 1 }}' }], same: 1 },
      { deep: [{ x: 4 }], same: 1 },
    ],
  ])('%j', (source, expected) => {
    expect(value(source)).toEqual(expected);
  });

  it('without expressions is its own value', () => {
    const source = { a: [1, 'text', { b: null }] };
    expect(value(source)).toBe(source);
  });

  it('keeps constant parts as they are', () => {
    const source = { constant: { a: [1] }, n: '${{ variables.n }}' };
    expect(value(source)).toHaveProperty('constant', source.constant);
  });

  it('is compiled once', () => {
    const source = { n: '${{ variables.n }}' };
    expect(compileTemplate(source)).toBe(compileTemplate(source));
    expect(compileTemplate('${{ variables.n }}')).toBe(compileTemplate('${{ variables.n }}'));
    expect(compileTemplate(source)).not.toBe(compileTemplate(source, { secrets: true }));
  });

  it('names the place of an error', () => {
    expect(errorOf({ a: ['ok', '${{ variables. }}'] }).path).toEqual(['a', 1]);
    expect(errorOf({ a: { b: 'x ${{ variables.missing }}' } }).path).toEqual(['a', 'b']);
    expect(errorOf({ a: '${{ variables.n' }).message).toContain('has no }}');
  });

  it('refuses to nest without end', () => {
    let deep: Json = '${{ variables.n }}';
    for (let level = 0; level < 20_000; level++) deep = [deep];
    expect(errorOf(deep).reason).toContain('nested deeper');
  });
});

describe('a secret', () => {
  it('travels as a reference', () => {
    const found = value({ token: '${{ secrets.TOKEN }}', dashed: "${{ secrets['API-KEY'] }}" }, true);
    expect(found).toEqual({ token: { $secret: 'TOKEN' }, dashed: { $secret: 'API-KEY' } });
  });

  it('survives the text around it', () => {
    const found = value({ headers: ['Bearer ${{ secrets.A }}:${{ variables.n }}:${{ secrets.B }}'] }, true);
    expect(found).toEqual({ headers: [{ $text: ['Bearer ', { $secret: 'A' }, ':3:', { $secret: 'B' }] }] });
    expect(findSecrets(found)).toEqual(['A', 'B']);
  });

  it('is told before anything runs', () => {
    const template = compileTemplate(['${{ secrets.A }}', '${{ variables.n }}'], { secrets: true });
    expect(template.secrets).toEqual(['A']);
    expect(template.names.map((name) => name.root)).toEqual(['variables']);
  });

  it('is refused where it is not allowed, and inside a computation', () => {
    expect(errorOf('${{ secrets.A }}').code).toBe('expression.unknown-name');
    expect(errorOf('${{ secrets.A + "x" }}', true).reason).toContain('alone in its ${{ secrets.NAME }}');
    expect(errorOf('${{ json(secrets) }}', true).code).toBe('expression.unknown-name');
    expect(errorOf('${{ secrets[variables.name] }}', true).code).toBe('expression.unknown-name');
  });

  it('cannot be forged by data', () => {
    const forged = [
      { $secret: 'ROOT' },
      { deep: [{ $text: ['x', { $secret: 'ROOT' }] }] },
      { $text: 'x' },
      { $secret: 1 },
    ];
    for (const output of forged) {
      const template = compileTemplate(
        { input: '${{ steps.a.output }}', t: '${{ steps.a.output }}!' },
        { secrets: true },
      );
      expect(() => evaluate(template, { steps: { a: { output } } })).toThrow(/reserved for references to secrets/);
      expect(() => compileTemplate({ input: output }, { secrets: true })).toThrow(/reserved/);
    }
    const built = compileTemplate('${{ {"$sec" + "ret": "ROOT"} }}', { secrets: true });
    expect(() => evaluate(built, {})).toThrow(/reserved/);
  });

  it('is only looked for where it can be', () => {
    expect(findSecrets({ a: [1, 'x', null, { b: { $text: ['y'] } }] })).toEqual([]);
  });
});
