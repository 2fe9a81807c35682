import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, it } from '@jest/globals';
import { type JsonObject } from '@braid/events';
import { playbookSchema } from '@braid/workflow';
import Ajv2020 from 'ajv/dist/2020';
import { parse } from 'yaml';

const root = resolve(__dirname, '../../..');
const written = JSON.parse(readFileSync(join(root, 'schemas/playbook.schema.json'), 'utf8')) as JsonObject;
const examples = readdirSync(join(root, 'examples')).filter((name) => name.endsWith('.yaml'));

// Seen to fail with a description changed in the schema.
it('schemas/playbook.schema.json is what the compiler checks', () => {
  try {
    expect(written).toEqual(playbookSchema);
  } catch (difference) {
    const message = 'schemas/playbook.schema.json is out of date; write it again with: node scripts/write-schema.mjs';
    throw new Error(message, { cause: difference });
  }
});

/** An editor knows the standard alone, and passes over keywords of ours. */
const asEditorsDo = new Ajv2020({ strict: false, allErrors: true }).compile(written);

// Seen to fail with `agentt` in an example.
it.each(examples)('an editor finds nothing wrong with %s', (name) => {
  asEditorsDo(parse(readFileSync(join(root, 'examples', name), 'utf8')));
  expect(asEditorsDo.errors ?? []).toEqual([]);
});

type Schema = { readonly [keyword: string]: unknown };

/** Every field that the schema names, with what is said about it there or where it refers to. */
function fieldsIn(schema: unknown, path: string): readonly (readonly [path: string, field: Schema])[] {
  if (typeof schema !== 'object' || schema === null) return [];
  const named = path.endsWith('/properties')
    ? Object.entries(schema).map(([name, field]) => [`${path}/${name}`, field as Schema] as const)
    : [];
  return [...named, ...Object.entries(schema).flatMap(([key, part]) => fieldsIn(part, `${path}/${key}`))];
}

function describedIn({ description, $ref }: Schema): unknown {
  const name = typeof $ref === 'string' ? $ref.replace('#/$defs/', '') : '';
  return description ?? (playbookSchema.$defs as { readonly [name: string]: Schema })[name]?.['description'];
}

// Seen to fail with the description of `converge.strategy` taken away.
it('says of every field what it is for', () => {
  const fields = fieldsIn(playbookSchema, '');
  expect(fields.length).toBeGreaterThan(80);
  expect(fields.filter(([, field]) => typeof describedIn(field) !== 'string').map(([path]) => path)).toEqual([]);
});

it('is a schema of the draft that it names', () => {
  const ajv = new Ajv2020({ strict: false });
  expect(written['$schema']).toBe('https://json-schema.org/draft/2020-12/schema');
  expect([ajv.validateSchema(written), ajv.errors]).toEqual([true, null]);
});
