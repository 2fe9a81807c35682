import { defineAgent } from '@braid/sdk';
import { pathInput, type PathInput, readLines, sourceFiles } from './_files';

const names: Readonly<Record<string, string>> = {
  ts: 'TypeScript',
  tsx: 'TypeScript',
  mts: 'TypeScript',
  js: 'JavaScript',
  cjs: 'JavaScript',
  mjs: 'JavaScript',
  jsx: 'JavaScript',
  md: 'Markdown',
  json: 'JSON',
  yaml: 'YAML',
  yml: 'YAML',
  sql: 'SQL',
  sh: 'Shell',
  py: 'Python',
  html: 'HTML',
  css: 'CSS',
  proto: 'Protocol Buffers',
};

const comment = /^\s*(\/\/|\/\*|\*|#(?!!)|--|<!--)/;

/** Counts files and lines by language: code, comments, blank. */
export default defineAgent<PathInput>({
  name: 'audit.languages',
  description: 'Size of a repository by language',
  inputSchema: pathInput,
  async run({ path }, { signal }) {
    const languages = new Map<string, { files: number; code: number; comments: number; blank: number }>();
    for await (const { file, lines } of readLines(path, await sourceFiles(path, signal), signal)) {
      const ending = file.split('.').at(-1) ?? '';
      const name = names[ending] ?? ending;
      const sum = languages.get(name) ?? { files: 0, code: 0, comments: 0, blank: 0 };
      sum.files += 1;
      for (const line of lines) {
        if (line.trim() === '') sum.blank += 1;
        else if (comment.test(line) && name !== 'Markdown') sum.comments += 1;
        else sum.code += 1;
      }
      languages.set(name, sum);
    }
    return [...languages].map(([language, sum]) => ({ language, ...sum })).sort((a, b) => b.code - a.code);
  },
});
