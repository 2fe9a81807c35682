import { type CST, Parser } from 'yaml';

export type TokenReport =
  | { readonly ok: true; readonly tokens: readonly CST.Token[] }
  | { readonly ok: false; readonly reason: 'depth' | 'garbage'; readonly offset: number };

type Item = {
  readonly start?: readonly CST.SourceToken[];
  readonly key?: CST.Token | null;
  readonly sep?: readonly CST.SourceToken[];
  readonly value?: CST.Token;
};

/** More misplaced tokens than this are not a slip in a playbook; composing a message for each would take seconds. */
const mostMisplaced = 1_000;

const filler: ReadonlySet<string> = new Set(['space', 'newline', 'comment', 'doc-end', 'flow-seq-end', 'flow-map-end']);

/**
 * Splits YAML into its tokens, and refuses what would take the composer, which recurses, down with it: a text nested
 * deeper than `depth` overflows the stack and can end the whole process.
 */
export function yamlTokens(text: string, depth: number): TokenReport {
  const tokens = [...new Parser().parse(text)];
  const open: { readonly token: CST.Token; readonly level: number }[] = [];
  for (const token of tokens.toReversed()) open.push({ token, level: 0 });
  let misplaced = 0;
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { token, level } = next;
    if (level > depth) return { ok: false, reason: 'depth', offset: offsetOf(token) };
    misplaced += misplacedIn(token);
    if (misplaced > mostMisplaced) return { ok: false, reason: 'garbage', offset: offsetOf(token) };
    for (const child of childrenOf(token)) open.push({ token: child, level: level + 1 });
  }
  return { ok: true, tokens };
}

function offsetOf(token: CST.Token): number {
  return 'offset' in token ? token.offset : 0;
}

function itemsOf(token: CST.Token): readonly Item[] {
  return 'items' in token ? token.items : [];
}

function childrenOf(token: CST.Token): readonly CST.Token[] {
  if (token.type === 'document') return token.value === undefined ? [] : [token.value];
  return itemsOf(token).flatMap(({ key, value }) => [key, value].filter((part) => part !== undefined && part !== null));
}

function misplacedIn(token: CST.Token): number {
  if (token.type === 'error') return 1;
  const end = 'end' in token && Array.isArray(token.end) ? token.end : [];
  const trailing = end.filter(({ type }) => !filler.has(type)).length;
  const start = 'start' in token && Array.isArray(token.start) ? surplus(token.start) : 0;
  const inItems = itemsOf(token).reduce((sum, item) => sum + surplus(item.start ?? []) + surplus(item.sep ?? []), 0);
  return trailing + start + inItems + (isUnclosed(token) ? 1 : 0);
}

/** Tokens before a node beyond one comma, one anchor and one tag. */
function surplus(tokens: readonly CST.SourceToken[]): number {
  const commas = tokens.filter(({ type }) => type === 'comma').length;
  const properties = tokens.filter(({ type }) => type === 'anchor' || type === 'tag').length;
  return Math.max(0, commas - 1) + Math.max(0, properties - 2);
}

function isUnclosed(token: CST.Token): boolean {
  if (token.type !== 'flow-collection') return false;
  const closing = token.start.type === 'flow-seq-start' ? 'flow-seq-end' : 'flow-map-end';
  return !token.end.some(({ type }) => type === closing);
}
