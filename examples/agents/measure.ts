import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { defineAgent } from '@braid/sdk';

type Input = { readonly path: string; readonly file: string };

/** Counts the lines of one file. */
export default defineAgent<Input>({
  name: 'files.measure',
  description: 'How many lines a file has',
  inputSchema: {
    type: 'object',
    required: ['path', 'file'],
    properties: { path: { type: 'string', minLength: 1 }, file: { type: 'string', minLength: 1 } },
  },
  async run({ path, file }, { signal }) {
    const text = await readFile(join(path, file), { encoding: 'utf8', signal });
    return { file, lines: text.split('\n').length - (text.endsWith('\n') ? 1 : 0) };
  },
});
