import { type Convergence, type Json, type JsonObject } from '@braid/events';
import { type Branch } from './state';

export type Merge =
  | { readonly is: 'merged'; readonly exports: JsonObject }
  | { readonly is: 'conflict'; readonly key: string; readonly first: string; readonly second: string };

/**
 * Merges what branches exported, in declared order and never by arrival. Equal values are no conflict.
 */
export function mergeExports(branches: readonly Branch[], onConflict: Convergence['onConflict']): Merge {
  const merged = new Map<string, { readonly value: Json; readonly from: string }>();
  for (const branch of branches) {
    for (const [key, value] of Object.entries(branch.exports)) {
      const earlier = merged.get(key);
      if (earlier === undefined || sameJson(earlier.value, value)) {
        if (earlier === undefined) merged.set(key, { value, from: branch.name });
      } else if (onConflict === 'error') {
        return { is: 'conflict', key, first: earlier.from, second: branch.name };
      } else if (wins(branch.name, earlier.from, onConflict)) {
        merged.set(key, { value, from: branch.name });
      }
    }
  }
  return { is: 'merged', exports: Object.fromEntries([...merged].map(([key, { value }]) => [key, value])) };
}

/** Whether the later of two branches in declared order wins. A preferred branch wins; without it among them, the first does. */
function wins(later: string, earlier: string, onConflict: Exclude<Convergence['onConflict'], 'error'>): boolean {
  if (onConflict === 'first') return false;
  if (onConflict === 'last') return true;
  return later === onConflict.prefer && earlier !== onConflict.prefer;
}

/** Whether two JSON values are equal; the order of an object's keys does not matter. */
export function sameJson(a: Json, b: Json): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a) || Array.isArray(b)) {
    return (
      Array.isArray(a) &&
      Array.isArray(b) &&
      a.length === b.length &&
      a.every((item, i) => sameJson(item, b[i] as Json))
    );
  }
  const left = a as JsonObject;
  const right = b as JsonObject;
  const keys = Object.keys(left);
  return (
    keys.length === Object.keys(right).length &&
    keys.every((key) => Object.hasOwn(right, key) && sameJson(left[key] as Json, right[key] as Json))
  );
}
