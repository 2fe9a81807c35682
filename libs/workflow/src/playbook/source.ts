import { type Json } from '@braid/events';
import { Composer, type Document, isAlias, isMap, isScalar, isSeq, LineCounter, type Node, type Range } from 'yaml';
import { type PlaybookLimits } from './limits';
import { type Locate, parentPath, pathTo, type Position, type ProblemList } from './problem';
import { yamlTokens } from './yaml-tokens';

/** A source that could be read: the value that it stands for and where each of its parts stands in the text. */
export type Source = { readonly value: Json | undefined; readonly locate: Locate };

const syntax = {
  version: '1.2',
  schema: 'core',
  merge: false,
  resolveKnownTags: false,
  stringKeys: true,
  // Checked while reading: the library compares every key with every other.
  uniqueKeys: false,
  prettyErrors: false,
} as const;

/**
 * Reads YAML 1.2 or JSON. Aliases, tags, merge keys, further documents and values that JSON does not know are problems.
 * The value is undefined where the text is no YAML at all.
 */
export function readSource(text: string, limits: PlaybookLimits, problems: ProblemList): Source {
  if (exceeds(text, limits, problems)) return { value: undefined, locate: () => undefined };
  const lines = new LineCounter();
  lines.addNewLine(0);
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) lines.addNewLine(at + 1);
  const position = (offset: number): Position => {
    const { line, col } = lines.linePos(offset);
    return { line, column: col };
  };
  const refuse = (message: string, offset: number): Source => {
    problems.add({ path: '', message });
    return { value: undefined, locate: () => position(offset) };
  };
  const report = yamlTokens(text, limits.depth * 2);
  if (!report.ok) {
    const why = report.reason === 'depth' ? tooDeep(limits) : 'this is neither YAML nor JSON';
    return refuse(why, report.offset);
  }
  const [document, ...more] = new Composer(syntax).compose(report.tokens, true, text.length);
  if (document === undefined) return refuse('the playbook is empty', 0);
  const [wrong] = [...document.errors, ...document.warnings];
  if (wrong !== undefined) return refuse(`this is not valid YAML: ${wrong.message}`, wrong.pos[0]);
  const [second] = more;
  if (second !== undefined) return refuse('a playbook is one document, but here begins another', second.range[0]);
  if (document.contents === null) return refuse('the playbook is empty', 0);
  return {
    value: jsonOf(document.contents, '', limits.depth, problems),
    locate: locator(document, position),
  };
}

export function tooDeep(limits: PlaybookLimits): string {
  return `lists and objects are nested too deeply; the limit (depth) is ${limits.depth}`;
}

/** Whether the text is over the limit of bytes, which is a problem then. */
export function exceeds(text: string, limits: PlaybookLimits, problems: ProblemList): boolean {
  const bytes = utf8Length(text);
  if (bytes <= limits.bytes) return false;
  problems.add({ path: '', message: `the playbook has ${bytes} bytes; the limit (bytes) is ${limits.bytes}` });
  return true;
}

function utf8Length(text: string): number {
  let bytes = 0;
  for (const char of text) {
    const code = char.codePointAt(0) ?? 0;
    bytes += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
  }
  return bytes;
}

/** `depth` is what is left; a value below it is left out, for the check of the value to report. */
function jsonOf(node: unknown, path: string, depth: number, problems: ProblemList): Json {
  if (isMap(node)) {
    const fields = new Map<string, Json>();
    for (const { key, value } of node.items) {
      const name = keyOf(key);
      const at = pathTo(path, name);
      if (name === '<<') {
        problems.add({ path: at, part: 'key', message: 'merge keys (<<) are not supported; write the fields out' });
      } else if (fields.has(name)) {
        problems.add({ path: at, part: 'key', message: `"${name}" is given twice` });
      } else fields.set(name, jsonOf(value, at, depth - 1, problems));
    }
    return Object.fromEntries(fields);
  }
  if (isSeq(node)) return node.items.map((item, index) => jsonOf(item, pathTo(path, index), depth - 1, problems));
  if (isAlias(node)) {
    problems.add({ path, message: `aliases (*${node.source}) are not supported; write the value out` });
    return null;
  }
  return isScalar(node) ? scalarOf(node.value, path, problems) : null;
}

/** Keys are texts, or the composer has refused the document. */
function keyOf(key: unknown): string {
  return isScalar(key) && typeof key.value === 'string' ? key.value : '';
}

function scalarOf(value: unknown, path: string, problems: ProblemList): Json {
  if (typeof value === 'string' || typeof value === 'boolean' || value === null) return value;
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  problems.add({ path, message: 'this is not a value that JSON can carry' });
  return null;
}

/** Positions are looked up only when there is something to report, so the table is made at the first question. */
function locator(document: Document, position: (offset: number) => Position): Locate {
  let table: Map<string, { readonly key: number; readonly value: number }> | undefined;
  return (path, part) => {
    table ??= positionsIn(document);
    const found = table.get(path);
    if (found !== undefined) return position(found[part]);
    // What is missing has no place of its own; it belongs into what should hold it.
    for (let above = parentPath(path); ; above = parentPath(above)) {
      const holder = table.get(above);
      if (holder !== undefined) return position(holder.value);
      if (above === '') return undefined;
    }
  };
}

function positionsIn(document: Document): Map<string, { readonly key: number; readonly value: number }> {
  const table = new Map<string, { readonly key: number; readonly value: number }>();
  const visit = (node: unknown, path: string, key: number): void => {
    const value = startOf(node) ?? key;
    // The last of equal keys wins, which is the one that is one too many.
    table.set(path, { key, value });
    if (isMap(node)) {
      for (const pair of node.items) {
        const name = keyOf(pair.key);
        visit(pair.value, pathTo(path, name), startOf(pair.key) ?? value);
      }
    } else if (isSeq(node)) {
      for (const [index, item] of node.items.entries()) visit(item, pathTo(path, index), startOf(item) ?? value);
    }
  };
  visit(document.contents, '', 0);
  return table;
}

function startOf(node: unknown): number | undefined {
  const range: Range | null | undefined =
    isMap(node) || isSeq(node) || isScalar(node) || isAlias(node) ? (node as Node).range : undefined;
  return range?.[0];
}
