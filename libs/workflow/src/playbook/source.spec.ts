import { describe, expect, test } from '@jest/globals';
import { compilePlaybook } from './compile';

function problemsOf(source: Parameters<typeof compilePlaybook>[0]): readonly string[] {
  const compiled = compilePlaybook(source);
  return compiled.ok
    ? []
    : compiled.problems.map(({ path, line, column, message }) => `${path} ${line ?? '-'}:${column ?? '-'} ${message}`);
}

const steps = 'steps: [{ agent: a }]';
const tooDeep = 'lists and objects are nested too deeply; the limit (depth) is 200';
const garbage = 'this is not valid YAML: ';

describe('the source of a playbook', () => {
  test.each([
    ['an empty text', '', [' 1:1 the playbook is empty']],
    ['a comment alone', '# nothing\n', [' 1:1 the playbook is empty']],
    ['broken syntax', `name: p\n${steps}\nx: [1, 2\n`, [' 4:1 this is not valid YAML: deficient indentation']],
    [
      'a second document',
      `name: p\n${steps}\n---\nname: q\n`,
      [' 3:1 a playbook is one document, but here begins another'],
    ],
    [
      'an alias',
      'name: p\nsteps:\n  - agent: a\n    with: &x { k: 1 }\n  - agent: b\n    with: *x\n',
      ['steps[1].with 6:11 aliases (*x) are not supported; write the value out'],
    ],
    [
      'a merge key',
      `name: p\n${steps}\ndefaults:\n  <<: { timeout: 1s }\n`,
      ['defaults["<<"] 4:3 merge keys (<<) are not supported; write the fields out'],
    ],
    [
      'a tag',
      `name: !custom p\n${steps}\n`,
      ['name 1:15 tags (!custom) are not supported; write the value without one'],
    ],
    [
      'a binary value',
      `name: p\nsteps:\n  - { agent: a, with: !!binary aGk= }\n`,
      ['steps[0].with 3:32 tags (!!binary) are not supported; write the value without one'],
    ],
    ['a key that is no text', `name: p\n${steps}\n? [a]\n: b\n`, [' 3:3 a name before a colon must be a text']],
    ['a name that is missing', `name: p\n${steps}\n: b\n`, [' 1:1 a name before a colon must be a text']],
    [
      'a name of an alias',
      `&a name: p\n${steps}\n*a : b\n`,
      [' 1:1 aliases (*a) are not supported; write the value out', ' 3:1 a name before a colon must be a text'],
    ],
    ['a repeated key', `name: p\n${steps}\nname: q\n`, ['name 3:1 "name" is given twice']],
    [
      'a repeated key in JSON',
      `{"name": "p",\n "steps": [{"agent": "a", "with": {"k": 1, "k": 2}}]}`,
      ['steps[0].with.k 2:44 "k" is given twice'],
    ],
    [
      'a number that JSON has not',
      `name: p\nsteps: [{ agent: a, with: { k: .inf, l: .nan, m: 1e999 } }]\n`,
      [
        'steps[0].with.k 2:32 this is not a value that JSON can carry',
        'steps[0].with.l 2:41 this is not a value that JSON can carry',
        'steps[0].with.m 2:50 this is not a value that JSON can carry',
      ],
    ],
    [
      'half of a surrogate pair',
      `{"name": "p", "steps": [{"agent": "a", "with": "\\ud800"}]}`,
      ['steps[0].with 1:48 the text holds a character that cannot be stored (U+0000 or half of a pair)'],
    ],
    [
      'a NUL',
      `{"name": "p", "steps": [{"agent": "a", "with": "\\u0000"}]}`,
      ['steps[0].with 1:48 the text holds a character that cannot be stored (U+0000 or half of a pair)'],
    ],
  ])('with %s is refused where it stands', (_, source, problems) => {
    expect(problemsOf(source)).toEqual(problems);
  });

  test.each(['__proto__', 'constructor', 'prototype'])('refuses %s as a key, and nothing inherits from it', (key) => {
    const json = `{"name": "p", "steps": [{"agent": "a", "with": {"${key}": {"polluted": true}}}]}`;
    const message = `"${key}" is not allowed as a name`;
    expect(problemsOf(json)).toEqual([`steps[0].with.${key} 1:49 ${message}`]);
    expect(problemsOf(JSON.parse(json))).toEqual([`steps[0].with.${key} -:- ${message}`]);
    expect({}).not.toHaveProperty('polluted');
  });

  test('counts its size in bytes of UTF-8', () => {
    const source = `name: p\n${steps}\n`;
    const withComment = `${source}# ${'ü'.repeat(131_072 - 30)}`;
    expect(problemsOf(withComment)).toEqual([]);
    expect(problemsOf(`${withComment}${'ü'.repeat(30)}`)).toEqual([
      expect.stringMatching(/the playbook has \d+ bytes; the limit \(bytes\) is 262144$/),
    ]);
    expect(problemsOf({ name: 'p', steps: [{ agent: 'a', with: 'ü'.repeat(140_000) }] })).toEqual([
      expect.stringMatching(/the limit \(bytes\) is 262144$/),
    ]);
  });

  test('keeps the texts of YAML 1.2 as they are', () => {
    const compiled = compilePlaybook(
      'name: p\nsteps: [{ agent: a, with: { a: yes, b: 2001-01-01, c: 0o17, 1: on, true: no } }]',
    );
    expect(compiled).toMatchObject({
      graph: { steps: [{ with: { a: 'yes', b: '2001-01-01', c: 15, 1: 'on', true: 'no' } }] },
    });
  });

  test('may be nested, but not without end', () => {
    const nested = (depth: number) => ({
      name: 'p',
      steps: [
        { agent: 'a', with: '' },
        { agent: 'b', with: inside(depth) },
      ],
    });
    const inside = (depth: number): [] => JSON.parse('['.repeat(depth) + ']'.repeat(depth)) as [];
    expect(problemsOf(JSON.stringify(nested(190)))).toEqual([]);
    expect(problemsOf(JSON.stringify(nested(300)))).toEqual([expect.stringContaining(tooDeep)]);
    expect(problemsOf(nested(300))).toEqual([expect.stringContaining(tooDeep)]);
    const endless: { name: string; steps: unknown[] } = { name: 'p', steps: [] };
    endless.steps.push({ agent: 'a', with: endless });
    expect(problemsOf(endless as unknown as string)).toEqual([expect.stringContaining(tooDeep)]);
  });

  test.each([
    ['open lists', '['.repeat(250_000), tooDeep],
    ['open dashes', '- '.repeat(120_000), tooDeep],
    ['open maps', '{a: '.repeat(60_000), tooDeep],
    ['open keys', '? '.repeat(120_000), tooDeep],
    ['commas', `[${','.repeat(250_000)}]`, garbage],
    ['quotes', '"'.repeat(250_000), garbage],
    ['anchors', '&a '.repeat(80_000), garbage],
    ['closing brackets', ']'.repeat(250_000), 'a playbook must be an object, not the text'],
    ['wrong brackets', 'a: [}\n'.repeat(40_000), garbage],
    [
      'a billion laughs',
      `a: &a [1]\n${Array.from({ length: 30 }, (_, at) => `b${at}: &b${at} [*a, *a]`).join('\n')}`,
      'aliases',
    ],
    ['many keys', Array.from({ length: 10_000 }, (_, at) => `k${at}: 1`).join('\n'), 'is not a known field'],
    ['too many steps', `name: p\nsteps:\n${'- b: 1\n'.repeat(30_000)}`, 'the playbook has too many parts'],
    [
      'far too many steps in few bytes',
      `name: p\nsteps:\n${'- {}\n'.repeat(20_000)}`,
      'the playbook has too many steps and branches; the limit (steps) is 2500',
    ],
    ['many steps without a kind', `name: p\nsteps:\n${'- b: 1\n'.repeat(2_400)}`, '"b" is not a known field'],
    ['many misspelt fields', `name: p\nsteps:\n${'- agnet: b\n'.repeat(2_400)}`, '"agnet" is not a known field'],
  ])('made of %s is refused', (_, source, message) => {
    expect(problemsOf(source)).toContainEqual(expect.stringContaining(message));
  });
});
