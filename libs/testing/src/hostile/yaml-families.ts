/** A kind of hostile text: what it attacks, and a text of about so many bytes. */
export type Family = { readonly name: string; readonly text: (bytes: number) => string };

/** `piece(0)`, `piece(1)`, … between `head` and `tail`, as many as fit into the bytes. */
export function repeated(
  bytes: number,
  piece: (index: number) => string,
  { head = '', tail = '' }: { readonly head?: string; readonly tail?: string } = {},
): string {
  const pieces: string[] = [head];
  let left = bytes - Buffer.byteLength(head) - Buffer.byteLength(tail);
  for (let index = 0; ; index++) {
    const next = piece(index);
    left -= Buffer.byteLength(next);
    if (left < 0) break;
    pieces.push(next);
  }
  return pieces.join('') + tail;
}

const family = (name: string, piece: string | ((index: number) => string), head = '', tail = ''): Family => ({
  name,
  text: (bytes) => repeated(bytes, typeof piece === 'string' ? () => piece : piece, { head, tail }),
});

const playbook = 'name: p\nsteps:\n  - agent: a\n    with:\n';

/** Texts that attack whoever reads YAML. */
export const yamlFamilies: readonly Family[] = [
  family('open lists', '['),
  family('open maps', '{'),
  family('open keyed maps', '{a: '),
  family('mixed open brackets', '[{a: '),
  family('dashes', '- '),
  family('question marks', '? '),
  family('colons', ': '),
  family('keys on keys', 'a: '),
  family('closing brackets', ']'),
  family('closing braces', '}'),
  family('commas', ',', '[', ']'),
  family('commas in a map', ',', '{', '}'),
  family('quotes', '"'),
  family('single quotes', "'"),
  family('anchors', '&a '),
  family('tags', '!t '),
  family('verbatim tags', '!<tag:x> '),
  family('aliases', '*a '),
  family('pipes', '|\n'),
  family('folded blocks', '>-\n '),
  family('percent signs', '%YAML 1.2\n'),
  family('reserved characters', '@`'),
  family('wrong brackets', 'a: [}\n'),
  family('unclosed lists', 'a: [\n'),
  family('unclosed maps', 'a: {\n'),
  family('unclosed texts', 'a: "\n'),
  family('lists closed as maps', '[}'),
  family('balanced empty lists', '[],', '[', ']'),
  family('balanced empty maps', '{},', '[', ']'),
  { name: 'lists, opened and closed', text: (bytes) => '['.repeat(bytes / 2) + ']'.repeat(bytes / 2) },
  { name: 'maps, opened and closed', text: (bytes) => '{"a":'.repeat(bytes / 6) + '1' + '}'.repeat(bytes / 6) },
  { name: 'block maps, ever deeper', text: (bytes) => deeper(bytes, (indent) => `${indent}a:\n`) },
  { name: 'block lists, ever deeper', text: (bytes) => deeper(bytes, (indent) => `${indent}-\n`) },
  {
    name: 'deep, but within the limit',
    text: (bytes) => repeated(bytes, () => `- ${'['.repeat(150)}${']'.repeat(150)}\n`),
  },
  {
    name: 'deep in a playbook',
    text: (bytes) =>
      `${playbook}      ${'['.repeat(Math.max(0, bytes / 2 - 50))}${']'.repeat(Math.max(0, bytes / 2 - 50))}`,
  },
  family('tabs', '\t'),
  family('tabs before keys', '\ta: 1\n'),
  family('tabs after keys', (at) => `k${at}:\t1\n`),
  family('blanks', ' '),
  family('empty lines', '\n', '', 'a: 1'),
  family('carriage returns', '\r\n', 'a: 1'),
  family('lone carriage returns', '\r', 'a: 1'),
  family('comments', '#\n'),
  family('one comment', '# ', '# '),
  family('comments after values', (at) => `k${at}: 1 # c\n`),
  family('documents', '---\n'),
  family('documents with values', '--- a\n'),
  family('ends of documents', '...\n'),
  family('directives', '%TAG ! tag:x,2000:\n'),
  family('byte order marks', '\ufeff'),
  family('byte order marks before keys', '\ufeffa: 1\n'),
  family('NULs', '\0'),
  family('control characters', '\u0001\u0002\u0008\u001b'),
  family('delete characters', '\u007f\u0085'),
  family('lone surrogates', '\\ud800', 'name: "', '"'),
  family('raw lone surrogates', '\ud800'),
  family('pairs of surrogates', '😀', 'name: '),
  family('line separators', '\u2028\u2029'),
  family('escapes', '\\x41', 'name: "', '"'),
  family('wrong escapes', '\\q', 'name: "', '"'),
  family('escaped line ends', '\\\n', 'name: "', '"'),
  family('a huge plain scalar', 'x', 'name: '),
  family('a huge plain scalar of words', 'x ', 'name: '),
  family('a huge quoted scalar', 'x', 'name: "', '"'),
  family('a huge scalar over lines', 'x\n', 'name: "', '"'),
  family('a huge plain scalar over lines', '  x\n', 'name:\n'),
  family('a huge block scalar', '  x\n', 'name: |\n'),
  family('a huge folded scalar', '  x\n\n', 'name: >\n'),
  family('a huge number', '9', 'name: '),
  family('a huge fraction', '0', 'name: 1.', '1'),
  family('a huge exponent', '9', 'name: 1e'),
  family('a huge key', 'k', '', ': 1'),
  family('a huge quoted key', 'k', '"', '": 1'),
  family('a huge alias', 'a', 'name: *'),
  family('a huge anchor', 'a', 'name: &', ' 1'),
  family('a huge tag', 'a', 'name: !', ' 1'),
  family('keys without values', (at) => `k${at}:\n`),
  family('keys without colons', (at) => `k${at}\n`),
  family('duplicate keys', 'a: 1\n'),
  family('duplicate keys in a flow map', 'a: 1, ', '{', '}'),
  family('duplicate keys in JSON', '"a": 1,', '{', '"b": 1}'),
  family('duplicate pairs of keys', (at) => `k${at >> 1}: 1\n`),
  family('duplicate keys below a step', '      a: 1\n', playbook),
  family('unknown keys', (at) => `k${at}: 1\n`),
  family('unknown keys in a flow map', (at) => `k${at}: 1, `, '{', '}'),
  family('misspelt keys', (at) => `step${at}: []\n`),
  family('prototype keys', '__proto__: 1\n'),
  family('prototype keys in lists', '- { __proto__: { a: 1 } }\n'),
  family('constructor keys in lists', '- { constructor: { prototype: { a: 1 } } }\n'),
  family('prototype keys inside each other', '{"__proto__":'),
  family('merge keys', '<<: { a: 1 }\n'),
  family('merge keys in lists', '- { <<: { a: 1 } }\n'),
  family('merge keys with aliases', (at) => `k${at}: &a${at} { <<: *a${at - 1} }\n`, 'k: &a-1 {}\n'),
  family('anchors with aliases', (at) => `b${at}: &b${at} [*b${at - 1}, *b${at - 1}]\n`, 'b: &b-1 [1]\n'),
  family('aliases in one list', '*a, ', 'a: &a [1]\nb: [', ']'),
  family('aliases to themselves', (at) => `k${at}: &k${at} [*k${at}]\n`),
  family('aliases to nothing', (at) => `k${at}: *nothing\n`),
  family('an alias as key', '*a : 1\n', 'k: &a x\n'),
  family('anchors alone', (at) => `k${at}: &a${at} 1\n`),
  family('unknown tags', (at) => `k${at}: !x${at} 1\n`),
  family('binary tags', (at) => `k${at}: !!binary aGk=\n`),
  family('known tags', (at) => `k${at}: !!str 1\n`),
  family('set tags', (at) => `k${at}: !!set { a, b }\n`),
  family('lists as keys', (at) => `? [${at}]\n: 1\n`),
  family('maps as keys', (at) => `? { a: ${at} }\n: 1\n`),
  family('numbers as keys', (at) => `${at}: 1\n`),
  family('keys as JSON numbers', (at) => `${at}: 1, `, '{', '}'),
  family('numbers that JSON has not', '- .inf\n- .nan\n'),
  family('numbers too large', '1e999,', '[', '1]'),
  family('lists of one letter', 'a,', '[', 'a]'),
  family('block lists of one letter', '- a\n'),
  family('numbers', '1,', '[', '1]'),
  family('nulls', '~,', '[', '~]'),
  family('lists in lists', '- - - - 1\n'),
  family('lines of ever other indents', (at) => `${' '.repeat(at % 50)}a: 1\n`),
  family('maps out of step', (at) => `${' '.repeat(50 - (at % 50))}a:\n`),
  family('plain scalars with colons', 'a:b:c:d ', 'name: '),
  family('nested plain maps on a line', 'a: b: c\n'),
  family('flow pairs in lists', 'a: 1, ', '[', ']'),
  family('explicit pairs in lists', '? a : 1, ', '[', ']'),
  family('html', '<script>alert(1)</script>\n'),
  family('json values one after another', '{"a":1}\n'),
  family('json with comments', '/* c */'),
];

function deeper(bytes: number, line: (indent: string) => string): string {
  let text = '';
  for (let depth = 0; text.length < bytes; depth++) text += line(' '.repeat(depth));
  return text.slice(0, bytes);
}
