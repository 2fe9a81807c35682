import { defineAgent } from '@braid/sdk';
import { add, isCode, pathInput, type PathInput, sourceFiles, top } from './_files';

/** Finds the folders that hold the most code, for others to look into. */
export default defineAgent<PathInput>({
  name: 'audit.inventory',
  description: 'Counts the source files of a repository and names its largest folders',
  inputSchema: pathInput,
  async run({ path }, { signal }) {
    const files = await sourceFiles(path, signal);
    const folders = new Map<string, number>();
    for (const file of files.filter(isCode)) {
      const parts = file.split('/').slice(0, -1);
      if (parts.length > 0) add(folders, parts.slice(0, 2).join('/'));
    }
    return { files: files.length, folders: top(folders, 8).map(({ name }) => name) };
  },
});
