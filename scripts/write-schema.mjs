// Writes schemas/playbook.schema.json from the schema that the compiler checks playbooks against.
import { writeFile } from 'node:fs/promises';
import { createJiti } from 'jiti';
import { format, resolveConfig } from 'prettier';

const target = new URL('../schemas/playbook.schema.json', import.meta.url);
const { playbookSchema } = await createJiti(import.meta.url).import('../libs/workflow/src/playbook/playbook-schema.ts');
const style = await resolveConfig(target);
await writeFile(target, await format(JSON.stringify(playbookSchema), { ...style, parser: 'json' }));
