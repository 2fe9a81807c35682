import { type Json } from '@braid/events';
import { type Random } from '../../chaos/random';

/** JSON texts that no careful sender would put anywhere. */
const hostile: readonly string[] = [
  ...['null', 'true', '[]', '{}', '""', '-0', '-1', '0.5', '1e400', '9007199254740993', '1e308'],
  ...[
    '"\\u0000"',
    '"a\\u0000b"',
    '"\\ud800"',
    '"\\udfff\\ud800"',
    '"\\u202e"',
    '"../../etc/passwd"',
    '"braid.in.>"',
    '"*"',
  ],
  ...['"__proto__"', '"constructor"', '"${{ 1 +"', '"${{ steps.a.output }}"', '"\'; drop table braid.event; --"'],
  ...[
    '{"__proto__":{"polluted":true}}',
    '{"constructor":{"prototype":{"polluted":true}}}',
    '{"a\\u0000b":1}',
    '{"\\ud800":1}',
  ],
  ...['{"then":1,"toJSON":2,"toString":3,"valueOf":4,"hasOwnProperty":5}', '[[[[[[[[[[]]]]]]]]]]'],
  '['.repeat(200) + ']'.repeat(200),
  '['.repeat(10_000) + ']'.repeat(10_000),
  '{"a":'.repeat(10_000) + '1' + '}'.repeat(10_000),
  `"${'x'.repeat(20_000)}"`,
  `[${'0,'.repeat(5_000)}0]`,
];

type Place = readonly (string | number)[];

function placesIn(value: Json, at: Place = []): readonly Place[] {
  if (typeof value !== 'object' || value === null) return [at];
  return [at, ...Object.entries(value).flatMap(([key, member]) => placesIn(member as Json, [...at, key]))];
}

const mark = 'the place that is replaced';

/** The text of `message` with something else at one of its places, without it, or with one key more. */
function otherwise(message: Json, draw: Random): string {
  const copy = structuredClone(message) as Json;
  const [first = [], ...more] = placesIn(copy);
  const place = draw.pick([first, ...more]);
  const last = place.at(-1);
  const value = draw.pick(hostile as [string, ...string[]]);
  if (last === undefined) return value;
  let parent = copy as { [key: string]: Json };
  for (const key of place.slice(0, -1)) parent = parent[key] as { [key: string]: Json };
  const what = draw.pick(['replace', 'replace', 'replace', 'remove', 'add', 'rename']);
  if (what === 'replace') parent[last] = mark;
  else if (what === 'add') parent[`${last}x`] = mark;
  else {
    const kept = parent[last] ?? null;
    delete parent[last];
    if (what === 'rename') parent[`${last}\0`] = kept;
  }
  return JSON.stringify(copy).replace(JSON.stringify(mark), () => value);
}

/** One way to spoil a message: its structure, its text, or its bytes. */
export function spoiled(message: Json, draw: Random): Uint8Array {
  const way = draw.pick(['structure', 'structure', 'structure', 'structure', 'cut', 'flip', 'noise', 'twice', 'value']);
  const text = Buffer.from(JSON.stringify(message));
  switch (way) {
    case 'cut':
      return text.subarray(0, draw.whole(0, text.length - 1));
    case 'flip':
      text[draw.whole(0, text.length - 1)] = draw.whole(0, 255);
      return text;
    case 'noise':
      return Uint8Array.from({ length: draw.whole(0, 200) }, () => draw.whole(0, 255));
    case 'twice':
      return Buffer.concat([text, text]);
    case 'value':
      return Buffer.from(draw.pick(hostile as [string, ...string[]]));
    default:
      return Buffer.from(otherwise(message, draw));
  }
}
