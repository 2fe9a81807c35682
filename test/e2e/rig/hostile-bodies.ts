const nested = (open: string, close: string, depth: number) => open.repeat(depth) + close.repeat(depth);
const hello = JSON.stringify({ name: 'hello', steps: [{ id: 'say', agent: 'builtin.echo', with: 1 }] });
/** A start whose variables are what matters. */
const started = (variables: string) => `{"playbook":${hello},"variables":${variables}}`;
/** Values in the places where JSON is deep, large or strange. */
const values = [
  'null',
  'true',
  '-0',
  '1e400',
  '[]',
  '{}',
  '""',
  '"\\u0000"',
  '"\\ud800"',
  '"\\udfff\\ud800"',
  '{"a\\u0000b":1}',
  '{"__proto__":{"polluted":true}}',
  '{"constructor":{"prototype":{"polluted":true}}}',
  '{"toString":1,"hasOwnProperty":2,"then":3,"toJSON":4,"valueOf":5}',
  nested('[', ']', 10_000),
  nested('{"a":', '}', 10_000).replace('}', '1}'),
  `"${'x'.repeat(60_000)}"`,
  `[${'1,'.repeat(30_000)}1]`,
  `{${Array.from({ length: 5_000 }, (_, at) => `"k${at}":1`).join(',')}}`,
];

/** The fields that endpoints know, each with each of the values above. */
const fields = [
  ...['playbook', 'variables', 'context', 'executionMode', 'budget', 'reason', 'payload', 'id', 'from', 'converge'],
  ...['compensate', 'fork', 'strategy', 'branches', 'name', 'steps', 'version'],
];

export type HostileBody = { readonly type: string; readonly body: string | Uint8Array<ArrayBuffer> };

const json = (body: HostileBody['body']): HostileBody => ({ type: 'application/json', body });

/** What people and programs send that they should not. The first half of a test's body limit is 100 000 bytes. */
export const hostileBodies: readonly HostileBody[] = [
  ...values.map(json),
  ...fields.flatMap((field) => values.map((value) => json(`{"${field}":${value}}`))),
  ...values.map((value) => json(started(value))),
  ...values.map((value) => json(`{"playbook":{"name":"p","steps":[{"agent":"builtin.echo","with":${value}}]}}`)),
  ...values.map((value) => json(`{"playbook":{"name":"p","steps":${value}}}`)),
  ...['{', '}', '[', '"', 'NaN', 'undefined', '{"a":1,}', "{'a':1}", '{"a":1}{"a":1}', '\ufeff{}', '//', ''].map(json),
  json(`{"playbook":"${'x'.repeat(120_000)}"}`),
  json(nested('[', ']', 45_000)),
  json(new Uint8Array([0xff, 0xfe, 0x00, 0x7b])),
  json(new Uint8Array([0x7b, 0x22, 0xc3, 0x28, 0x22, 0x3a, 0x31, 0x7d])),
  json(new Uint8Array(2_000)),
  ...[
    '',
    'a: [',
    '- '.repeat(20_000),
    '[['.repeat(20_000),
    'a: &a [*a]',
    '!!js/function x',
    '--- a\n--- b',
    'a: \0',
  ].map((body) => ({ type: 'application/yaml', body })),
  {
    type: 'application/yaml',
    body: `a: &a [x]\n${Array.from({ length: 50 }, (_, at) => `b${at}: [*a, *a]\n`).join('')}`,
  },
  { type: 'application/yaml', body: new Uint8Array([0xff, 0xfe, 0x00]) },
  ...[
    'text/plain',
    'application/xml',
    'multipart/form-data; boundary=x',
    'application/x-www-form-urlencoded',
    'x',
    '',
  ].map((type) => ({ type, body: hello })),
  ...['application/json; charset=utf-16', 'application/json;charset=', 'application/JSON'].map((type) => ({
    type,
    body: '{"a":',
  })),
];
