import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, it } from '@jest/globals';
import { playbookSchema } from '@braid/workflow';

const file = resolve(__dirname, '../../../schemas/playbook.schema.json');

// Seen to fail with a description changed in the schema.
it('schemas/playbook.schema.json is what the compiler checks', () => {
  const written: unknown = JSON.parse(readFileSync(file, 'utf8'));
  try {
    expect(written).toEqual(playbookSchema);
  } catch (difference) {
    const message = 'schemas/playbook.schema.json is out of date; write it again with: node scripts/write-schema.mjs';
    throw new Error(message, { cause: difference });
  }
});
