import { defineAgent } from '@braid/sdk';
import { add, isCode, isTest, pathInput, type PathInput, readLines, sourceFiles, top } from './_files';

/** Lines in a row that must be equal, counted without blank lines and brackets. */
const least = 8;

/** Looks for stretches of code that stand in more than one place. */
export default defineAgent<PathInput>({
  name: 'audit.copies',
  description: 'Code that was copied',
  inputSchema: pathInput,
  async run({ path }, { signal }) {
    const firstAt = new Map<string, string>();
    const pairs = new Map<string, number>();
    let windows = 0;
    const files = (await sourceFiles(path, signal)).filter((file) => isCode(file) && !isTest(file));
    for await (const { file, lines } of readLines(path, files, signal)) {
      const telling = lines
        .map((line) => line.trim())
        .filter((line) => line.length > 3 && !/^(import|export \{)/.test(line));
      for (let at = 0; at + least <= telling.length; at += 1) {
        windows += 1;
        const stretch = telling.slice(at, at + least).join('\n');
        const first = firstAt.get(stretch);
        if (first === undefined) firstAt.set(stretch, file);
        else if (first !== file) add(pairs, `${first} and ${file}`);
      }
    }
    const copied = [...pairs.values()].reduce((sum, each) => sum + each, 0);
    return { stretches: windows, copied, pairs: top(pairs, 5) };
  },
});
