import { type PlaybookLimits } from './limits';
import { pathTo, type ProblemList } from './problem';
import { tooDeep } from './source';

const refusedKeys: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);

/** A lone half of a surrogate pair, or U+0000: UTF-8 and PostgreSQL cannot store them. */
const unstorable = /\p{Surrogate}|\0/u;

/**
 * A copy of the value that holds only what JSON can carry and what is safe to keep. What is not is a problem, and is left
 * out of the copy.
 */
export function vet(value: unknown, limits: PlaybookLimits, problems: ProblemList): unknown {
  return copyOf(value, '', limits.depth, { limits, problems });
}

type Vetting = { readonly limits: PlaybookLimits; readonly problems: ProblemList };

function copyOf(value: unknown, path: string, depth: number, vetting: Vetting): unknown {
  const { problems } = vetting;
  if (typeof value === 'string') {
    if (!unstorable.test(value)) return value;
    problems.add({ path, message: 'the text holds a character that cannot be stored (U+0000 or half of a pair)' });
    return '';
  }
  if (value === null || typeof value === 'boolean') return value;
  // JSON has no -0: a graph that held one would change when it is stored.
  if (typeof value === 'number' && Number.isFinite(value)) return value + 0;
  if (typeof value !== 'object') {
    problems.add({ path, message: 'this is not a value that JSON can carry' });
    return null;
  }
  if (depth === 0) {
    problems.add({ path, message: tooDeep(vetting.limits) });
    return null;
  }
  if (Array.isArray(value)) return value.map((item, index) => copyOf(item, pathTo(path, index), depth - 1, vetting));
  const copy: { [key: string]: unknown } = {};
  for (const [key, item] of Object.entries(value)) {
    const at = pathTo(path, key);
    if (refusedKeys.has(key) || unstorable.test(key)) {
      problems.add({ path: at, part: 'key', message: `${JSON.stringify(key)} is not allowed as a name` });
    } else if (item !== undefined) copy[key] = copyOf(item, at, depth - 1, vetting);
  }
  return copy;
}
