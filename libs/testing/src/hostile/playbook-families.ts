import { type Family, repeated } from './yaml-families';

const family = (name: string, piece: string | ((index: number) => string), head = '', tail = ''): Family => ({
  name,
  text: (bytes) => repeated(bytes, typeof piece === 'string' ? () => piece : piece, { head, tail }),
});

const steps = 'name: p\nsteps:\n';
const fork = 'name: p\nsteps:\n- parallel:\n    branches:\n';
const schema = 'name: p\nsteps:\n- agent: a\n  output:\n';

/** Steps of which each holds the next, in JSON. */
const inside = (open: string, close: string) => (bytes: number) => {
  const depth = Math.max(0, Math.floor((bytes - 60) / (open.length + close.length)));
  return `{"name":"p","steps":[${open.repeat(depth)}{"agent":"a"}${close.repeat(depth)}]}`;
};

/** Texts that are YAML, and attack whoever checks playbooks. */
export const playbookFamilies: readonly Family[] = [
  family('steps without a kind', '- b: 1\n', steps),
  family('steps that are nothing', '-\n', steps),
  family('steps that are texts', '- a\n', steps),
  family('steps that are lists', '- []\n', steps),
  family('steps that are empty', '- {}\n', steps),
  family('steps of two kinds', '- { agent: a, set: { b: 1 } }\n', steps),
  family(
    'steps of every kind',
    '- { agent: a, set: 1, map: 1, parallel: 1, choose: 1, wait: 1, signal: 1, fail: 1 }\n',
    steps,
  ),
  family('misspelt steps', '- agnet: a\n', steps),
  family('steps with long misspelt fields', (at) => `- ${'x'.repeat(200)}${at}: a\n`, steps),
  family('one step with unknown fields', (at) => `  x${at}: 1\n`, `${steps}- agent: a\n`),
  family('steps of the same id', '- { id: x, agent: a }\n', steps),
  family('steps of wrong ids', '- { id: "x y", agent: a }\n', steps),
  family('steps with wrong agents', '- agent: "a b"\n', steps),
  family(
    'steps with wrong everything',
    '- { id: 1, agent: 2, with: 3, timeout: 4, retry: 5, if: 6, export: 7, onFailure: 8 }\n',
    steps,
  ),
  family('steps with fields of others', '- { set: { a: 1 }, timeout: 1s, retry: false, with: 1 }\n', steps),
  family('steps with long durations', '- { agent: a, timeout: 999999999999d }\n', steps),
  family(
    'steps with wrong retries',
    '- { agent: a, retry: { maximumAttempts: 0, x: 1, backoffCoefficient: 0 } }\n',
    steps,
  ),
  family('steps that are later', '- { agent: a, compensate: [{ agent: b }] }\n', steps),
  family('valid steps', (at) => `- { agent: a${at}, with: { text: some text for it } }\n`, steps),
  family('valid steps in few bytes', '- agent: a\n', steps),
  family('valid steps with ids', (at) => `- { id: s${at}, agent: a }\n`, steps),
  family(
    'steps that need what comes later',
    (at) => `- { id: s${at}, agent: a, with: "\${{ steps.s${at + 1}.output }}" }\n`,
    steps,
  ),
  family(
    'steps that use unknown names',
    (at) => `- { id: s${at}, agent: a, with: "\${{ steps.t${at}.output }}" }\n`,
    steps,
  ),
  family('steps that use unknown roots', (at) => `- { agent: a, with: "\${{ root${at} }}" }\n`, steps),
  family('steps with broken expressions', (at) => `- { agent: a, with: "\${{ ${at} + }}" }\n`, steps),
  family('steps with open expressions', (at) => `- { agent: a, with: "\${{ ${at}" }\n`, steps),
  family('steps with wrong types in expressions', (at) => `- { agent: a, if: "1 + 'a${at}' == 2" }\n`, steps),
  family('steps with different conditions', (at) => `- { agent: a, if: "\${{ ${at} < 5 }}" }\n`, steps),
  family('steps with unknown functions', (at) => `- { agent: a, if: "\${{ siz${at}(1) }}" }\n`, steps),
  family(
    'one input of many broken expressions',
    (at) => `    k${at}: "\${{ ${at} + }}"\n`,
    `${steps}- agent: a\n  with:\n`,
  ),
  family('one text of many expressions', (at) => `\${{${at}}}`, `${steps}- agent: a\n  with: "`, '"\n'),
  family('one text of many broken expressions', (at) => `\${{${at}+}}`, `${steps}- agent: a\n  with: "`, '"\n'),
  family('one text of many unknown names', (at) => `\${{ x${at} }}`, `${steps}- agent: a\n  with: "`, '"\n'),
  family('one text of many openings', '${{', `${steps}- agent: a\n  with: "`, '"\n'),
  family('one text of many comments', '${{//}}', `${steps}- agent: a\n  with: "`, '"\n'),
  family('one text of many quotes', "${{''", `${steps}- agent: a\n  with: "`, '"\n'),
  family('one expression of many comments', '/', `${steps}- agent: a\n  with: "\${{ `, ' }}"\n'),
  family('one expression without end', '1+', `${steps}- agent: a\n  with: "\${{ `, '1 }}"\n'),
  family('many long expressions', (at) => `- { agent: a, if: "${'1+'.repeat(450)}${at} > 0" }\n`, steps),
  family('many deep expressions', (at) => `- { agent: a, if: "${'('.repeat(90)}${at} > 0${')'.repeat(90)}" }\n`, steps),
  family(
    'many expressions of macros',
    (at) => `- { agent: a, if: "[1].map(a,[1].map(b,[1].map(c,[1].exists(d,a+b+c+d>${at})))).size()>0" }\n`,
    steps,
  ),
  family('secrets everywhere', (at) => `- { agent: a, if: "secrets.S${at}" }\n`, steps),
  family('secrets in inputs', (at) => `- { agent: a, with: "\${{ secrets.S${at} }}" }\n`, steps),
  family('empty branches', (at) => `      b${at}: {}\n`, fork),
  family('branches that are nothing', (at) => `      b${at}:\n`, fork),
  family('branches of wrong names', (at) => `      "b ${at}": { agent: a }\n`, fork),
  family('valid branches', (at) => `      b${at}: { agent: a }\n`, fork),
  family(
    'branches that need the one before',
    (at) => `      b${at}: { agent: a, needs: [b${at - 1}] }\n`,
    `${fork}      b-1: { agent: a }\n`,
  ),
  family('branches that need the next', (at) => `      b${at}: { agent: a, needs: [b${at + 1}] }\n`, fork),
  family('branches in pairs that need each other', (at) => `      b${at}: { agent: a, needs: [b${at ^ 1}] }\n`, fork),
  family('branches that need themselves', (at) => `      b${at}: { agent: a, needs: [b${at}] }\n`, fork),
  family('branches that need one circle', (at) => `      b${at}: { agent: a, needs: [b0, b${at + 1}] }\n`, fork),
  family('branches with unknown needs', (at) => `      b${at}: { agent: a, needs: [c${at}] }\n`, fork),
  family('one branch with unknown needs', (at) => `b${at}, `, `${fork}      x: { agent: a, needs: [`, '] }\n'),
  family(
    'one branch with the same need',
    'y, ',
    `${fork}      y: { agent: a }\n      x: { agent: a, needs: [`,
    '] }\n',
  ),
  { name: 'a circle of thousands', text: (bytes) => circle(bytes, 1) },
  { name: 'circles within circles', text: (bytes) => circle(bytes, 40) },
  { name: 'every branch needs all before it', text: (bytes) => everyOneBefore(bytes) },
  { name: 'every branch needs all others', text: (bytes) => everyOther(bytes) },
  family(
    'branches that use each other',
    (at) => `      b${at}: { agent: a, with: "\${{ needs.b${at + 1}.output }}" }\n`,
    fork,
  ),
  family(
    "branches that use each other's steps",
    (at) => `      b${at}: { id: s${at}, agent: a, with: "\${{ steps.s${at + 1}.output }}" }\n`,
    fork,
  ),
  family('forks of one branch', '- parallel: { branches: { b: { agent: a } } }\n', steps),
  family(
    'forks that ask too much',
    '- { parallel: { branches: { b: { agent: a } } }, converge: { strategy: quorum, require: 9 } }\n',
    steps,
  ),
  family(
    'forks of unknown strategies',
    '- { parallel: { branches: { b: { agent: a } } }, converge: { strategy: x, y: 1 } }\n',
    steps,
  ),
  family(
    'weights of nobody',
    (at) => `w${at}: 1, `,
    `${steps}- parallel: { branches: { b: { agent: a } } }\n  converge: { strategy: majority-vote, by: output, weights: {`,
    '} }\n',
  ),
  { name: 'weights of nobody in a wide fork', text: (bytes) => votersOfNobody(bytes) },
  { name: 'forks inside each other', text: inside('{"parallel":{"branches":{"b":{"steps":[', ']}}}}') },
  { name: 'branches inside each other', text: inside('{"parallel":{"branches":{"b":', '}}}') },
  { name: 'maps inside each other', text: inside('{"map":{"over":[1]},"steps":[', ']}') },
  { name: 'choices inside each other', text: inside('{"choose":[{"when":"true","steps":[', ']}]}') },
  { name: 'answers to failures inside each other', text: inside('{"fail":{"message":"x"},"onFailure":[', ']}') },
  { name: 'misspelt fields inside each other', text: inside('{"prallel":{"brnches":{"b":{"stpes":[', ']}}}}') },
  { name: 'forks that branch again and again', text: (bytes) => tree(bytes, 9) },
  {
    name: 'forks that branch again and again, wrongly',
    text: (bytes) => tree(bytes, 9).replaceAll('"agent"', '"agnt"'),
  },
  family('cases', '    - { when: "true", steps: [{ agent: a }] }\n', `${steps}- choose:\n`),
  family('wrong cases', '    - { when: [], otherwise: 5 }\n', `${steps}- choose:\n`),
  family('otherwise on otherwise', '    - { otherwise: [{ agent: a }] }\n', `${steps}- choose:\n`),
  family('unused variables', (at) => `  v${at}: {}\n`, 'name: p\nsteps: [{ agent: a }]\nvariables:\n'),
  family('variables that are texts', (at) => `  v${at}: string\n`, 'name: p\nsteps: [{ agent: a }]\nvariables:\n'),
  family('variables of wrong names', (at) => `  "v ${at}": {}\n`, 'name: p\nsteps: [{ agent: a }]\nvariables:\n'),
  family(
    'variables of unknown types',
    (at) => `  v${at}: { type: t${at} }\n`,
    'name: p\nsteps: [{ agent: a }]\nvariables:\n',
  ),
  family(
    'variables with wrong defaults',
    (at) => `  v${at}: { type: integer, default: x${at} }\n`,
    'name: p\nsteps: [{ agent: a }]\nvariables:\n',
  ),
  family(
    'variables of different schemas',
    (at) => `  v${at}: { minimum: ${at} }\n`,
    'name: p\nsteps: [{ agent: a }]\nvariables:\n',
  ),
  family('unknown variables', (at) => `- { agent: a, with: "\${{ variables.v${at} }}" }\n`, steps),
  family('different output schemas', (at) => `- { agent: a, output: { minimum: ${at} } }\n`, steps),
  family('signals of different schemas', (at) => `- signal: { name: s, schema: { minimum: ${at} } }\n`, steps),
  family('patterns', (at) => `- { agent: a, output: { pattern: "(a|b${at})*c" } }\n`, steps),
  family('large patterns', (at) => `- { agent: a, output: { pattern: "((a{30}b{30}c${at}){10})" } }\n`, steps),
  family(
    'patterns that repeat too much',
    (at) => `- { agent: a, output: { pattern: "((a{1000}){1000}){${at % 1000}}" } }\n`,
    steps,
  ),
  family('patterns of back references', (at) => `- { agent: a, output: { pattern: "(a${at})\\\\1" } }\n`, steps),
  family('a long pattern', 'a', `${schema}    pattern: "`, '"\n'),
  family('patterns in one schema', (at) => `      "(x|y${at})+": {}\n`, `${schema}    patternProperties:\n`),
  family(
    'large patterns in one schema',
    (at) => `      "((a{30}b{30}c${at}){10})": {}\n`,
    `${schema}    patternProperties:\n`,
  ),
  family(
    'catastrophic patterns in one schema',
    (at) => `      "^(a+)+${at}$": {}\n`,
    `${schema}    patternProperties:\n`,
  ),
  family('properties', (at) => `      p${at}: { type: string }\n`, `${schema}    properties:\n`),
  family('properties of unknown types', (at) => `      p${at}: { type: strin }\n`, `${schema}    properties:\n`),
  family(
    'properties of unknown keywords',
    (at) => `      p${at}: { typ${at}: string }\n`,
    `${schema}    properties:\n`,
  ),
  family('properties with wrong keywords', (at) => `      p${at}: { minLength: x }\n`, `${schema}    properties:\n`),
  family('alternatives', (at) => `    - { const: ${at} }\n`, `${schema}    anyOf:\n`),
  family(
    'alternatives with a wrong default',
    (at) => `    - { const: ${at} }\n`,
    'name: p\nsteps: [{ agent: a }]\nvariables:\n  v:\n    default: x\n    oneOf:\n',
  ),
  family(
    'a wrong default of many items',
    'x,',
    'name: p\nsteps: [{ agent: a }]\nvariables:\n  v:\n    type: array\n    items: { type: integer }\n    default: [',
    'x]\n',
  ),
  family(
    'a default of many equal objects',
    '{a: 1},',
    'name: p\nsteps: [{ agent: a }]\nvariables:\n  v:\n    uniqueItems: true\n    default: [',
    '{}]\n',
  ),
  family('values of an enum', (at) => `v${at}, `, `${schema}    enum: [`, ']\n'),
  family('required names', (at) => `v${at}, `, `${schema}    required: [`, ']\n'),
  family('the same required name', 'v, ', `${schema}    required: [`, 'v]\n'),
  family('types', 'string, ', `${schema}    type: [`, 'string]\n'),
  family(
    'references in a row',
    (at) => `      d${at}: { $ref: "#/$defs/d${at + 1}" }\n`,
    `${schema}    $ref: "#/$defs/d0"\n    $defs:\n`,
  ),
  family('references to nothing', (at) => `      d${at}: { $ref: "#/nowhere" }\n`, `${schema}    $defs:\n`),
  family('references to themselves', (at) => `      d${at}: { $ref: "#/$defs/d${at}" }\n`, `${schema}    $defs:\n`),
  family('references to the root', (at) => `      d${at}: { $ref: "#" }\n`, `${schema}    $defs:\n`),
  family(
    'references that double',
    (at) => `      d${at}: { allOf: [{ $ref: "#/$defs/d${at + 1}" }, { $ref: "#/$defs/d${at + 1}" }] }\n`,
    `${schema}    $defs:\n`,
  ),
  {
    name: 'a long reference',
    text: (bytes) => `${schema}    $ref: "#${'/a'.repeat(Math.max(0, (bytes - 100) / 2))}"\n`,
  },
  {
    name: 'schemas inside each other',
    text: (bytes) =>
      `{"name":"p","steps":[{"agent":"a","output":${'{"not":'.repeat(Math.max(0, bytes / 8 - 60))}{}${'}'.repeat(Math.max(0, bytes / 8 - 60))}}]}`,
  },
  family('schemas of 190 levels', () => `- { agent: a, output: ${'{not: '.repeat(180)}{}${'}'.repeat(180)} }\n`, steps),
  family('a parallel structure of agents', (at) => `[a${at}], `, 'name: p\nparallelStructure:\n  branches: [', ']\n'),
  family(
    'a parallel structure of wrong agents',
    (at) => `["a ${at}"], `,
    'name: p\nparallelStructure:\n  branches: [',
    ']\n',
  ),
  family(
    'a parallel structure of one branch',
    (at) => `a${at}, `,
    'name: p\nparallelStructure:\n  branches: [[',
    ']]\n',
  ),
  { name: 'a parallel structure that names steps', text: (bytes) => structure(bytes) },
  family('an output of many names', (at) => `  k${at}: "\${{ steps.s${at} }}"\n`, `${steps}- agent: a\noutput:\n`),
  family('an export of many names', (at) => `    k${at}: "\${{ nothing${at} }}"\n`, `${steps}- agent: a\n  export:\n`),
  family(
    'prototype keys in an input',
    '    - { __proto__: 1, constructor: 2, prototype: 3 }\n',
    `${steps}- agent: a\n  with:\n`,
  ),
  family('NULs in an input', '    - "\\0"\n', `${steps}- agent: a\n  with:\n`),
  family('reserved markers', '    - { $secret: A, $text: [] }\n', `${steps}- agent: a\n  with:\n`),
  family('an input of many numbers', '1,', `${steps}- agent: a\n  with: [`, '1]\n'),
  family('an input of many small objects', '{a: 1},', `${steps}- agent: a\n  with: [`, '1]\n'),
  family('an input of many small JSON objects', '{"a":1},', '{"name":"p","steps":[{"agent":"a","with":[', '1]}]}'),
  family('an input of many lists', '[],', `${steps}- agent: a\n  with: [`, '1]\n'),
  family('items of an unknown name', (at) => `- { map: { over: [1], as: steps }, agent: a${at} }\n`, steps),
  family('maps without a body', '- map: { over: [1] }\n', steps),
  family('maps with two bodies', '- { map: { over: [1], steps: [{ agent: a }] }, steps: [{ agent: b }] }\n', steps),
];

function circle(bytes: number, needs: number): string {
  const count = Math.max(1, Math.floor((bytes - 100) / (40 + needs * 7)));
  const lines = Array.from({ length: count }, (_, at) => {
    const names = Array.from({ length: needs }, (__, more) => `b${(at + 1 + more) % count}`);
    return `      b${at}: { agent: a, needs: [${names.join(', ')}] }\n`;
  });
  return fork + lines.join('');
}

function everyOneBefore(bytes: number): string {
  const count = Math.floor(Math.sqrt(bytes / 2.6));
  const names = Array.from({ length: count }, (_, at) => `b${at}`);
  const lines = names.map((name, at) => `      ${name}: {agent: a, needs: [${names.slice(0, at).join(',')}]}\n`);
  return fork + lines.join('').slice(0, Math.max(0, bytes - fork.length));
}

function everyOther(bytes: number): string {
  const count = Math.floor(Math.sqrt(bytes / 5));
  const names = Array.from({ length: count }, (_, at) => `b${at}`);
  const lines = names.map(
    (name) => `      ${name}: {agent: a, needs: [${names.filter((each) => each !== name).join(',')}]}\n`,
  );
  return fork + lines.join('');
}

function votersOfNobody(bytes: number): string {
  const count = Math.floor(bytes / 40);
  const branches = Array.from({ length: count }, (_, at) => `b${at}: { agent: a }`).join(', ');
  const weights = Array.from({ length: count }, (_, at) => `c${at}: 1`).join(', ');
  return `{name: p, steps: [{parallel: {branches: {${branches}}}, converge: {strategy: majority-vote, by: output, weights: {${weights}}}}]}`;
}

function tree(bytes: number, wide: number): string {
  const leaf = '{"agent":"a"}';
  const grow = (room: number): string => {
    if (room < wide * 40 + 50) return leaf;
    const each = Math.floor((room - 30) / wide) - 6;
    const branches = Array.from({ length: wide }, (_, at) => `"b${at}":${grow(each)}`);
    return `{"parallel":{"branches":{${branches.join(',')}}}}`;
  };
  return `{"name":"p","steps":[${grow(bytes - 60)}]}`;
}

function structure(bytes: number): string {
  const count = Math.floor(bytes / 60);
  const numbers = Array.from({ length: count }, (_, at) => at);
  const branches = numbers.map((at) => `[s${count - at}]`).join(', ');
  const listed = numbers.map((at) => `- { id: s${at}, agent: a${at} }\n`).join('');
  return `name: p\nparallelStructure:\n  branches: [${branches}]\nsteps:\n${listed}`;
}
