import { defineAgent } from '@braid/sdk';
import { isCode, isTest, pathInput, type PathInput, readLines, sourceFiles } from './_files';

const testCase = /^\s*(?:it|test)(?:\.\w+)*(?:\(|`)/;
const kinds = { 'e2e-spec': 'end to end', 'int-spec': 'integration', spec: 'unit', test: 'unit' } as const;

/** Counts the tests by kind, and how many lines of test there are for a line of code. */
export default defineAgent<PathInput>({
  name: 'audit.tests',
  description: 'Inventory of the tests',
  inputSchema: pathInput,
  async run({ path }, { signal }) {
    const inventory = new Map<string, { files: number; cases: number; lines: number }>();
    let codeLines = 0;
    const files = (await sourceFiles(path, signal)).filter(isCode);
    for await (const { file, lines } of readLines(path, files, signal)) {
      if (!isTest(file)) {
        codeLines += lines.length;
        continue;
      }
      const ending = /\.([\w-]+)\.\w+$/.exec(file)?.[1] ?? '';
      const kind = kinds[ending as keyof typeof kinds] ?? 'unit';
      const sum = inventory.get(kind) ?? { files: 0, cases: 0, lines: 0 };
      sum.files += 1;
      sum.lines += lines.length;
      sum.cases += lines.filter((line) => testCase.test(line)).length;
      inventory.set(kind, sum);
    }
    const testLines = [...inventory.values()].reduce((sum, { lines }) => sum + lines, 0);
    return {
      kinds: [...inventory].map(([kind, sum]) => ({ kind, ...sum })).sort((a, b) => b.cases - a.cases),
      linesPerLineOfCode: codeLines === 0 ? 0 : Math.round((testLines / codeLines) * 100) / 100,
    };
  },
});
