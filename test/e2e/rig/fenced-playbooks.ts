import { readFileSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import { type Json, type JsonObject } from '@braid/events';
import { parse } from 'yaml';

/** A playbook that a page shows, and what the page says will come of it. */
export type FencedPlaybook = {
  readonly place: string;
  readonly source: string;
  /** Absent: it is only shown, and must be valid. */
  readonly runs?: { readonly status: string; readonly code?: string };
  /** Other blocks run it as a child. */
  readonly publish: boolean;
  readonly variables: JsonObject;
  readonly signals: JsonObject;
  readonly executionMode?: 'sequential' | 'parallel';
  /** The steps that are undone, in order. */
  readonly undone: readonly string[];
  /** The block of JSON that follows. */
  readonly output?: Json;
};

type Notice = {
  readonly runs?: string;
  readonly publish?: boolean;
  readonly variables?: JsonObject;
  readonly signals?: JsonObject;
  readonly executionMode?: 'sequential' | 'parallel';
  readonly undone?: readonly string[];
};

const root = resolve(__dirname, '../../..');
const block =
  /(?:<!--\s*(?<notice>(?:(?!-->)[^])*?)\s*-->\s*)?^```yaml\n(?<source>[^]*?)^```$(?<after>\s*```json\n(?<output>[^]*?)^```$)?/gm;

/**
 * The YAML blocks of a Markdown file. The HTML comment before a block says what becomes of it: `validates`, or
 * `runs: completed`, `runs: failed <code>`, on further lines with `variables`, `signals`, `executionMode`, `undone` or `publish`. A JSON block right
 * after it is the output.
 * @throws when a block has no such comment.
 */
export function fencedPlaybooks(file: string): readonly FencedPlaybook[] {
  const path = resolve(root, file);
  const text = readFileSync(path, 'utf8');
  return [...text.matchAll(block)].map(({ index, groups = {} }) => {
    const { notice = '', source = '', output } = groups;
    const place = `${relative(root, path)}:${text.slice(0, index).split('\n').length}`;
    const { runs, publish = false, variables = {}, signals = {}, executionMode, undone = [] } = noticeOf(notice, place);
    const [status = '', code] = runs?.split(' ') ?? [];
    return {
      place,
      source,
      publish,
      variables,
      signals,
      undone,
      ...(runs === undefined ? {} : { runs: { status, ...(code === undefined ? {} : { code }) } }),
      ...(executionMode === undefined ? {} : { executionMode }),
      ...(output === undefined ? {} : { output: JSON.parse(output) as Json }),
    };
  });
}

function noticeOf(notice: string, place: string): Notice {
  if (notice === 'validates') return {};
  const told: unknown = parse(notice);
  if (typeof told === 'object' && told !== null && 'runs' in told) return told as Notice;
  throw new Error(`${place}: the comment before the block must say "runs: …" or "validates", not "${notice}"`);
}
