import { repeated } from '@braid/testing';

/** Kinds of hostile expressions: what they attack, and one of about so many characters. */
export const expressionFamilies: readonly { readonly name: string; readonly code: (length: number) => string }[] = [
  { name: 'open parentheses', code: (length) => '('.repeat(length) },
  { name: 'parentheses', code: (length) => around(length, '(', '1', ')') },
  { name: 'lists inside each other', code: (length) => around(length, '[', '1', ']') },
  { name: 'maps inside each other', code: (length) => around(length, '{"a":', '1', '}') },
  { name: 'indexes inside each other', code: (length) => around(length, 'list[', '0', ']') },
  { name: 'negations', code: (length) => `${'!'.repeat(length - 4)}true` },
  { name: 'minus signs', code: (length) => `${'-'.repeat(length - 1)}1` },
  { name: 'conditions in a row', code: (length) => `${'true?1:'.repeat(length / 7)}1` },
  { name: 'conditions inside each other', code: (length) => around(length, '(true?', '1', ':2)') },
  { name: 'a long sum', code: (length) => `${'1+'.repeat(length / 2 - 1)}1` },
  { name: 'a long product', code: (length) => `${'9*'.repeat(length / 2 - 1)}9` },
  { name: 'a long chain of ands', code: (length) => `${'true&&'.repeat(length / 6 - 1)}true` },
  { name: 'a long path', code: (length) => `data${'.a'.repeat(length / 2 - 2)}` },
  { name: 'a long optional path', code: (length) => `data${'.?a'.repeat(length / 3 - 2)}` },
  { name: 'a long list', code: (length) => `[${'1,'.repeat(length / 2 - 2)}1]` },
  { name: 'a long map', code: (length) => repeated(length, (at) => `"k${at}":1,`, { head: '{', tail: '"z":1}' }) },
  { name: 'a map of equal keys', code: (length) => repeated(length, () => '"k":1,', { head: '{', tail: '"k":1}' }) },
  {
    name: 'a map of prototype keys',
    code: (length) => repeated(length, () => '"__proto__":1,', { head: '{', tail: '"a":1}' }),
  },
  { name: 'a huge text', code: (length) => `"${'x'.repeat(length - 2)}"` },
  { name: 'a huge text of escapes', code: (length) => `"${'\\u0041'.repeat(length / 6 - 1)}"` },
  { name: 'halves of characters', code: (length) => `"${'\\ud800'.repeat(length / 6 - 1)}"` },
  { name: 'an open text', code: (length) => `"${'x'.repeat(length - 1)}` },
  { name: 'a huge number', code: (length) => '9'.repeat(length) },
  { name: 'a huge fraction', code: (length) => `1.${'9'.repeat(length - 2)}` },
  { name: 'a huge name', code: (length) => 'x'.repeat(length) },
  { name: 'a huge unknown function', code: (length) => `${'x'.repeat(length - 3)}(1)` },
  { name: 'a comment', code: (length) => '/'.repeat(length) },
  { name: 'NULs', code: (length) => '\0'.repeat(length) },
  { name: 'a text with NULs', code: (length) => `"${'\0'.repeat(length - 2)}"` },
  { name: 'unknown functions', code: (length) => repeated(length, (at) => `f${at}(1)+`, { tail: '1' }) },
  { name: 'unknown names', code: (length) => repeated(length, (at) => `n${at}+`, { tail: '1' }) },
  { name: 'secrets', code: (length) => repeated(length, () => 'secrets.A+', { tail: '"b"' }) },
  { name: 'dashed names', code: (length) => `data.${'a-'.repeat(length / 2 - 4)}b` },
  {
    name: 'prototypes',
    code: (length) => repeated(length, () => 'data.__proto__==data.constructor||', { tail: 'true' }),
  },
  {
    name: 'prototypes by index',
    code: (length) => repeated(length, () => 'data["__proto__"]["constructor"]==1||', { tail: 'true' }),
  },
  { name: 'loops over loops', code: (length) => loops(length, (at) => `list.map(v${at},`, '1', ')') },
  { name: 'loops that look for nothing', code: (length) => loops(length, (at) => `list.exists(v${at},`, 'false', ')') },
  { name: 'loops that swallow errors', code: (length) => loops(length, (at) => `list.all(v${at},`, '1/0==1', ')') },
  { name: 'loops side by side', code: (length) => repeated(length, () => 'list.map(v,v).size()+', { tail: '1' }) },
  {
    name: 'a text that doubles',
    code: (length) =>
      loops(length, (at) => `cel.bind(v${at},${at === 0 ? 'text' : `v${at - 1}+v${at - 1}`},`, 'text', ')'),
  },
  {
    name: 'a list that doubles',
    code: (length) =>
      loops(length, (at) => `cel.bind(v${at},${at === 0 ? 'list' : `v${at - 1}+v${at - 1}`},`, 'list', ')'),
  },
  {
    name: 'a tree that doubles',
    code: (length) =>
      loops(length, (at) => `cel.bind(v${at},${at === 0 ? 'list' : `[v${at - 1},v${at - 1}]`},`, '1', ')'),
  },
  { name: 'a text replaced by itself', code: (length) => `text${'.replace("a",text)'.repeat(length / 18)}` },
  { name: 'a text split and joined', code: (length) => `text${'.split("").join(text)'.repeat(length / 21)}` },
  { name: 'a text as JSON as JSON', code: (length) => around(length, 'json(', 'text', ')') },
  { name: 'JSON in JSON read again', code: (length) => around(length, 'fromJson(', 'text', ')') },
  {
    name: 'JSON of deep lists',
    code: (length) => `fromJson("${'['.repeat(length / 2 - 10)}${']'.repeat(length / 2 - 10)}")`,
  },
  { name: 'defaults inside each other', code: (length) => around(length, 'default(', 'data.a', ',1)') },
  {
    name: 'catastrophic patterns',
    code: (length) => repeated(length, (at) => `text.matches("^(a+)+(b|c${at})*$")||`, { tail: 'false' }),
  },
  {
    name: 'a pattern of a thousand repetitions',
    code: (length) => `text.matches("(${'ab'.repeat(Math.min(490, length / 3))}){1000}")`,
  },
  {
    name: 'large patterns',
    code: (length) => repeated(length, (at) => `text.matches("((a{30}b{30}c${at}){10})")||`, { tail: 'false' }),
  },
  {
    name: 'patterns of Unicode classes',
    code: (length) => repeated(length, (at) => `text.matches("(?i)${'\\\\pL'.repeat(50)}${at}")||`, { tail: 'false' }),
  },
  {
    name: 'patterns made of values',
    code: (length) =>
      repeated(length, () => 'list.exists(v,text.matches(string(v)+"(a{100}){10}"))||', { tail: 'false' }),
  },
  { name: 'comparisons of large values', code: (length) => repeated(length, () => 'big==big&&', { tail: 'true' }) },
  { name: 'sorting', code: (length) => `list${'.sort().reverse()'.repeat(length / 17)}` },
  { name: 'flattening', code: (length) => `[big,big]${'.flatten()'.repeat(length / 10)}` },
  {
    name: 'moments',
    code: (length) =>
      repeated(length, () => 'timestamp("2030-01-01T00:00:00Z")<timestamp("2031-01-01T00:00:00Z")&&', { tail: 'true' }),
  },
  { name: 'wrong kinds', code: (length) => repeated(length, () => '1+"a"+', { tail: '1' }) },
  {
    name: 'whatever JavaScript runs',
    code: (length) => repeated(length, () => 'process.exit(1)||', { tail: 'require("fs")' }),
  },
];

/** What the expressions name. */
export const hostileScope = {
  data: { a: { a: 1 } },
  list: Array.from({ length: 1_000 }, (_, at) => at),
  big: Array.from({ length: 2_000 }, (_, at) => ({ at, text: `item ${at}` })),
  text: 'a'.repeat(50_000),
};

function around(length: number, open: string, middle: string, close: string): string {
  const times = Math.max(0, Math.floor((length - middle.length) / (open.length + close.length)));
  return open.repeat(times) + middle + close.repeat(times);
}

function loops(length: number, open: (at: number) => string, middle: string, close: string): string {
  let text = '';
  let times = 0;
  while (text.length + open(times).length + (times + 1) * close.length + middle.length <= length) text += open(times++);
  return text + middle + close.repeat(times);
}
