import { describe, expect, test } from '@jest/globals';
import { type Graph, type Json, type JsonObject } from '@braid/events';
import { schemaProblems } from './check-value';
import { compilePlaybook } from './compile';
import { bindVariables } from './variables';

function graphWith(variables: JsonObject): Graph {
  const compiled = compilePlaybook({ name: 'p', variables, steps: [{ agent: 'a' }] });
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.problems));
  return compiled.graph;
}

function problemsOf(schema: JsonObject, value: Json): readonly string[] {
  return schemaProblems(schema, value, 'output').map(({ path, message }) => `${path}: ${message}`);
}

describe('binding variables', () => {
  const graph = graphWith({
    repository: { type: 'string', minLength: 1 },
    depth: { type: 'integer', minimum: 1, default: 3 },
    label: { type: 'string', required: false },
    options: {
      type: 'object',
      required: ['mode'],
      properties: { mode: { enum: ['fast', 'slow'] } },
      default: { mode: 'fast' },
    },
  });

  test('takes what is given, defaults for the rest, and null for what is neither', () => {
    expect(bindVariables(graph, { repository: 'r', depth: 5 })).toEqual({
      ok: true,
      variables: { repository: 'r', depth: 5, label: null, options: { mode: 'fast' } },
    });
  });

  test('names everything that is wrong, missing or unknown at once', () => {
    const bound = bindVariables(graph, { depth: '5', lable: 'x', options: { mode: 'medium' } });
    expect(bound).toEqual({
      ok: false,
      problems: [
        {
          path: 'variables.lable',
          message: 'the playbook has no variable "lable"; it has repository, depth, label, options',
          suggestion: 'did you mean "label"?',
          severity: 'error',
        },
        { path: 'variables.repository', message: 'the variable "repository" is missing', severity: 'error' },
        {
          path: 'variables.depth',
          message: '"variables.depth" must be a whole number, not the text "5"',
          severity: 'error',
        },
        {
          path: 'variables.options.mode',
          message: '"variables.options.mode" must be fast or slow, not the text "medium"',
          severity: 'error',
        },
      ],
    });
  });

  test('does not mistake what every object inherits for a variable', () => {
    expect(bindVariables(graphWith({}), JSON.parse('{"toString": 1, "__proto__": 2}') as JsonObject)).toMatchObject({
      ok: false,
      problems: [{ path: 'variables.toString' }, { path: 'variables.__proto__' }],
    });
  });

  test('gives null only where null is not asked for', () => {
    expect(bindVariables(graphWith({ v: { type: 'string', required: false } }), { v: null })).toMatchObject({
      ok: false,
    });
  });
});

describe('checking a value against a schema', () => {
  test.each<[string, JsonObject, Json, readonly string[]]>([
    [
      'a value that fits',
      { type: 'object', properties: { a: { type: 'string', format: 'email' } } },
      { a: 'a@b.de' },
      [],
    ],
    [
      'nested values',
      {
        type: 'object',
        required: ['a', 'b'],
        properties: { b: {}, c: { items: { type: 'integer' } } },
        additionalProperties: false,
      },
      { b: 1, c: [1, 'x'], d: 2 },
      [
        'output.a: "output.a" is missing',
        'output.c[1]: "output.c[1]" must be a whole number, not the text "x"',
        'output.d: "output.d" is not a known field',
      ].toSorted(),
    ],
    [
      'alternatives',
      { anyOf: [{ type: 'string' }, { type: 'object', required: ['x'] }] },
      5,
      ['output: "output" must fit one of the alternatives of its schema, not the number 5'],
    ],
    [
      'equal items, whatever the order of their keys',
      { uniqueItems: true },
      [
        { a: 1, b: 2 },
        { b: 2, a: 1 },
      ],
      ['output: "output" must not hold the same item twice'],
    ],
    ['different items', { uniqueItems: true }, [{ a: 1 }, { a: 2 }, '1', 1], []],
    ['a pattern', { pattern: '^[a-z]+$' }, 'A', ['output: "output" must match the pattern ^[a-z]+$, not the text "A"']],
    [
      'a reference',
      { $ref: '#/$defs/x', $defs: { x: { minimum: 3 } } },
      2,
      ['output: "output" must be at least 3, not the number 2'],
    ],
  ])('reports %s', (_, schema, value, problems) => {
    expect(problemsOf(schema, value).toSorted()).toEqual(problems);
  });

  test.each<[string, JsonObject, string]>([
    ['a keyword that does not exist', { minLenght: 1 }, '"minLenght" is not a known keyword of JSON Schema'],
    ['a type that does not exist', { type: 'strin' }, '"type" must be object, array, string'],
    ['a reference to elsewhere', { $ref: 'http://example.org/schema' }, '"$ref" must point into the same schema'],
    ['a reference to nothing', { $ref: '#/$defs/x' }, '"$ref" must point into the same schema'],
    ['a reference to itself', { $ref: '#' }, '"$ref" must not lead back'],
    [
      'references in a circle',
      { $ref: '#/$defs/a', $defs: { a: { $ref: '#/$defs/b' }, b: { $ref: '#/$defs/a' } } },
      '"$ref" must not lead back',
    ],
    ['an identity of its own', { $id: 'x' }, '"$id" is not a known keyword'],
    ['a format that does not exist', { format: 'colour' }, 'unknown format "colour"'],
    ['a pattern with look-around', { pattern: '(?=a)b' }, 'not RE2 syntax'],
    ['a pattern that repeats too much', { pattern: '(\\pL{1,100}){1,9}x{900}' }, 'the pattern'],
    ['more than it can hold', { allOf: Array.from({ length: 2_001 }, () => ({})) }, 'the schema is too large'],
    [
      'references that multiply',
      {
        $ref: '#/$defs/d0',
        $defs: Object.fromEntries(
          Array.from({ length: 40 }, (_, at) => [
            `d${at}`,
            at === 39 ? {} : { allOf: [{ $ref: `#/$defs/d${at + 1}` }, { $ref: `#/$defs/d${at + 1}` }] },
          ]),
        ),
      },
      'the schema is too large',
    ],
  ])('refuses a schema with %s', (_, schema, message) => {
    expect(problemsOf(schema, 1)).toContainEqual(expect.stringContaining(message));
  });

  // Backtracking, comparing all items with all, or collecting every error would take minutes or all memory.
  test.each<[string, JsonObject, Json, readonly string[]]>([
    [
      'a pattern that makes others backtrack',
      { pattern: '^(a+)+$' },
      `${'a'.repeat(50_000)}b`,
      [expect.stringContaining('must match the pattern') as unknown as string],
    ],
    ['many items that must differ', { uniqueItems: true }, Array.from({ length: 100_000 }, (_, at) => ({ at })), []],
    [
      'a long text and a large pattern',
      { pattern: `[a-z]{1,900}!` },
      'x'.repeat(500_000),
      ['output: "output" is too large to be checked against its schema'],
    ],
    [
      'many parts and many sub-schemas',
      { items: { allOf: Array.from({ length: 1_900 }, () => ({ type: 'integer' })) } },
      Array.from({ length: 50_000 }, () => 'x'),
      ['output: "output" is too large to be checked against its schema'],
    ],
  ])('ends soon for %s', (_, schema, value, problems) => {
    expect(problemsOf(schema, value)).toEqual(problems);
  });

  test('lists at most a hundred problems of one value', () => {
    const problems = problemsOf(
      { items: { type: 'string' } },
      Array.from({ length: 500 }, () => 1),
    );
    expect(problems).toHaveLength(101);
    expect(problems.at(-1)).toBe('output: 400 more problems of "output" are not shown');
  });

  test('keeps working after more schemas than are kept', () => {
    for (let at = 0; at < 700; at++) expect(problemsOf({ const: at }, at)).toEqual([]);
    expect(problemsOf({ const: 0 }, 1)).toEqual(['output: "output" must be 0, not the number 1']);
  });
});
