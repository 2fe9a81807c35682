import { describe, expect, it } from '@jest/globals';
import { compileExpression } from './compile-expression';
import { evaluate } from './evaluate';
import { ExpressionError } from './expression-error';

const scope = { variables: { text: 'a', n: 1, list: [1], object: { a: 1 } }, output: JSON.parse('{"a": {"b": 1}}') };

const attacks = [
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'hasOwnProperty',
  'globalThis',
  'process',
  'this',
  'arguments',
  '__defineGetter__',
  'variables.__proto__',
  'variables.constructor',
  'variables.toString',
  'variables.hasOwnProperty',
  'variables.__lookupGetter__',
  'variables["__proto__"]',
  'variables["constructor"]["constructor"]',
  'variables["con" + "structor"]',
  'variables.object.constructor.constructor',
  'variables.list.constructor',
  'variables.list.length',
  'variables.list["length"]',
  'variables.list.__proto__.push',
  'variables.list["push"]',
  'variables.text.constructor',
  'variables.text.length',
  'variables.text["__proto__"]',
  'variables.n.constructor',
  'variables.n.toFixed(2)',
  'variables.list.push(2)',
  'variables.list.concat([1])',
  'variables.text.constructor("return process")()',
  'variables.toString()',
  'variables.object.valueOf()',
  'output.a.__proto__.polluted',
  '[].constructor',
  '{}.constructor',
  '"".constructor',
  '1.0.constructor',
  'duration("1s").constructor',
  'timestamp(0).__proto__',
  '[timestamp(0)].map(t, t.__proto__)',
  'cel.bind(t, timestamp(0), t.__proto__)',
  'optional.of(timestamp(0)).?__proto__',
  'optional.of(timestamp(0)).__proto__',
  'duration("1s").__proto__.constructor',
  'duration("1s")["seconds"]',
  'cel.__proto__',
  'optional.__proto__',
  'timestamp(0).setTime(1)',
  'b"a".constructor',
  'b"a".buffer',
  'type(1).constructor',
  'cel.constructor',
  'optional.constructor',
  'optional.of(1).constructor',
  'google.constructor',
  'google.protobuf.Duration.constructor',
  '[1].map(constructor, constructor.constructor)',
  '[1].map(x, x.constructor)',
  'cel.bind(__proto__, 1, __proto__)',
  '{"__proto__": {"polluted": true}}',
  '{"constructor": 1}',
  'fromJson("{\\"a\\": 1}").__proto__.x',
  'fromJson("{\\"a\\": 1}").constructor',
  'variables.map(k, variables[k].constructor)',
];

describe('nothing of JavaScript can be reached', () => {
  it.each(attacks)('%s', (source) => {
    expect(() => evaluate(compileExpression(source), scope)).toThrow(ExpressionError);
  });

  it.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'valueOf'])('%s is not there', (name) => {
    const lookups = [`"${name}" in variables`, `variables.exists(k, k == "${name}")`, `has(variables.${name})`];
    for (const source of lookups) expect(evaluate(compileExpression(source), scope)).toBe(false);
    expect(evaluate(compileExpression(`variables.?${name}.hasValue()`), scope)).toBe(false);
    expect(evaluate(compileExpression(`default(variables.${name}, "none")`), scope)).toBe('none');
  });

  it('finds only the own names of the scope', () => {
    const inherited: { own: number; secret?: number } = Object.assign(Object.create({ secret: 1 }), { own: 2 });
    expect(evaluate(compileExpression('own'), inherited)).toBe(2);
    expect(() => evaluate(compileExpression('secret'), inherited)).toThrow(/there is no 'secret'/);
  });

  it('leaves prototypes as they were, whatever keys the data has', () => {
    const hostile = JSON.parse('{"__proto__": {"polluted": true}, "list": [1]}');
    const result = evaluate(compileExpression('[data, {"n": size(data.list)}]'), { data: hostile });
    expect(JSON.stringify(result)).toBe('[{"__proto__":{"polluted":true},"list":[1]},{"n":1}]');
    expect(evaluate(compileExpression('fromJson("{\\"__proto__\\": {\\"polluted\\": 1}}")'), {})).not.toHaveProperty(
      'polluted',
    );
    expect(Reflect.get({}, 'polluted')).toBeUndefined();
  });

  it('does not take an inherited object for a key of the other side', () => {
    const a = JSON.parse('{"__proto__": {}}');
    for (const source of ['a == b', 'b == a', '[a] == [b]', 'a in [b]', 'b in [a]']) {
      expect(() => evaluate(compileExpression(source), { a, b: { x: 1 } })).toThrow(/__proto__/);
    }
  });

  it('is not fooled by data that names a constructor', () => {
    const data = JSON.parse('{"constructor": {"name": "Map"}, "a": 1}');
    expect(() => evaluate(compileExpression('data.a + 1'), { data })).toThrow(ExpressionError);
    expect(() => evaluate(compileExpression('data.get("a")'), { data })).toThrow(ExpressionError);
  });
});
