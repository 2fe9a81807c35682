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
