import { defineAgent } from '@braid/sdk';
import { add, isCode, pathInput, type PathInput, readLines, sourceFiles, top } from './_files';

/** A mark in a comment, followed by what is to be done. */
const mark = /(?:\/\/|\/\*|^\s*\*|#|--|<!--)\s*(TODO|FIXME|HACK|XXX)\b[\s:(]*(.{0,80})/;

/** Looks for what its authors marked as unfinished. */
export default defineAgent<PathInput>({
  name: 'audit.notes',
  description: 'Marks such as TODO and FIXME in comments',
  inputSchema: pathInput,
  async run({ path }, { signal }) {
    const marks = new Map<string, number>();
    const places: { place: string; mark: string; text: string }[] = [];
    let lookedAt = 0;
    const files = (await sourceFiles(path, signal)).filter(isCode);
    for await (const { file, lines } of readLines(path, files, signal)) {
      lookedAt += lines.length;
      for (const [index, line] of lines.entries()) {
        const [, name, text = ''] = mark.exec(line) ?? [];
        if (name === undefined) continue;
        add(marks, name);
        places.push({ place: `${file}:${index + 1}`, mark: name, text: text.trim() });
      }
    }
    return { lines: lookedAt, marks: top(marks, 4), places: places.slice(0, 8) };
  },
});
