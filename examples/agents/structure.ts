import { defineAgent } from '@braid/sdk';
import { join } from 'node:path';
import { add, isCode, isTest, readLines, sourceFiles, top } from './_files';

type Input = { readonly path: string; readonly folder: string };

const imported = /(?:^|\s)(?:import|export)\s[^'"]*from\s+['"]([^'"]+)['"]|require\(['"]([^'"]+)['"]\)/;

/** Measures one folder: its files, the longest of them, and what they import. */
export default defineAgent<Input>({
  name: 'audit.structure',
  description: 'Size and imports of one folder',
  inputSchema: {
    type: 'object',
    required: ['path', 'folder'],
    properties: { path: { type: 'string' }, folder: { type: 'string' } },
  },
  async run({ path, folder }, { signal }) {
    const root = join(path, folder);
    const files = (await sourceFiles(root, signal)).filter((file) => isCode(file) && !isTest(file));
    const packages = new Map<string, number>();
    let lines = 0;
    let own = 0;
    let longest = { file: '', lines: 0 };
    for await (const { file, lines: text } of readLines(root, files, signal)) {
      lines += text.length;
      if (text.length > longest.lines) longest = { file, lines: text.length };
      for (const line of text) {
        const match = imported.exec(line);
        const name = match?.[1] ?? match?.[2];
        if (name === undefined) continue;
        if (name.startsWith('.')) own += 1;
        else
          add(
            packages,
            name
              .split('/')
              .slice(0, name.startsWith('@') ? 2 : 1)
              .join('/'),
          );
      }
    }
    return { folder, files: files.length, lines, longest, imports: { own, packages: top(packages, 3) } };
  },
});
