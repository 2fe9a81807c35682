/**
 * Counts what one evaluation costs. The unit is about one turn of a small macro body; text is charged by 32 characters
 * and lists by 8 items. Nothing that depends on time or on caches is counted, so one expression over one scope
 * costs the same everywhere. Evaluation is synchronous, hence a single meter that nested evaluations restore.
 */
export const DEFAULT_COST_LIMIT = 100_000;

/** Deeper values are refused before a recursion over them could reach the end of the stack. */
export const MAX_VALUE_DEPTH = 500;

class CostExhausted extends Error {}

// One instance: after the limit, enclosing macros may catch and retry it once per item, so it must cost next to nothing.
const exhausted = new CostExhausted('cost limit reached');

let left = 0;

/** Runs the work with its own limit. Says whether the limit was reached, even where the expression swallowed the error. */
export function metered<T>(limit: number, work: () => T): { readonly value: T } | 'exhausted' {
  const outer = left;
  left = limit;
  try {
    const value = work();
    return left < 0 ? 'exhausted' : { value };
  } catch (error) {
    if (left < 0) return 'exhausted';
    throw error;
  } finally {
    left = outer;
  }
}

/** Takes units from the running evaluation, which ends as soon as none are left. */
export function charge(units: number): void {
  left -= units;
  if (left < 0) {
    left = -1;
    throw exhausted;
  }
}

/** What touching each part of the value's outermost level costs. */
export function shallowCost(value: unknown): number {
  if (typeof value === 'string') return value.length >> 5;
  return Array.isArray(value) ? value.length >> 3 : 0;
}

/** Charges for visiting every part of the value, and calls `visit` for each list and map in it. */
export function chargeDeep(value: unknown, visit?: (part: object) => void, depth = 0): void {
  if (typeof value === 'string') return charge(value.length >> 5);
  if (typeof value !== 'object' || value === null) return;
  if (depth > MAX_VALUE_DEPTH) throw new RangeError(`a value is nested deeper than ${MAX_VALUE_DEPTH} levels`);
  visit?.(value);
  const items: readonly unknown[] = Array.isArray(value) ? value : Object.values(value);
  // Visiting a map costs several times as much as visiting a list.
  charge(1 + (items.length >> (Array.isArray(value) ? 3 : 1)));
  for (const item of items) chargeDeep(item, visit, depth + 1);
}
