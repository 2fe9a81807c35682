import { type BranchSpec, type Json, type Strategy } from '@braid/events';

/** How a branch ends once what it needs has completed; `skipped` by its own condition. */
export type Fate = { readonly how: 'completed' | 'failed' | 'skipped'; readonly output: Json };

export type Answer = { readonly outcome: 'met'; readonly output: Json } | { readonly outcome: 'unreachable' };

/** How every branch ends, given the fates of those that get to run: a branch runs only if what it needs completed. */
function endings(
  specs: readonly BranchSpec[],
  fates: ReadonlyMap<string, Fate>,
): ReadonlyMap<string, 'completed' | 'failed' | 'skipped'> {
  const ended = new Map<string, 'completed' | 'failed' | 'skipped'>();
  while (ended.size < specs.length) {
    for (const { name, needs } of specs) {
      if (ended.has(name) || !needs.every((need) => ended.has(need))) continue;
      const begins = needs.every((need) => ended.get(need) === 'completed');
      ended.set(name, begins ? (fates.get(name)?.how ?? 'failed') : 'skipped');
    }
  }
  return ended;
}

/**
 * What a strategy says when everything is over, written as its definition in the manual reads and with no thought of speed.
 * `order` is that of the arrivals, for the strategy that is about order.
 */
export function reference(
  strategy: Strategy,
  specs: readonly BranchSpec[],
  fates: ReadonlyMap<string, Fate>,
  order: readonly string[],
): Answer {
  const ended = endings(specs, fates);
  const completed = specs.filter(({ name }) => ended.get(name) === 'completed');
  const outputs = Object.fromEntries(completed.map(({ name }) => [name, fates.get(name)?.output ?? null]));
  switch (strategy.name) {
    case 'all-must-complete': {
      const allDid = specs.every(({ name }) => ended.get(name) !== 'failed');
      return allDid ? { outcome: 'met', output: outputs } : { outcome: 'unreachable' };
    }
    case 'all-settled': {
      const { require = 0 } = strategy;
      const enough =
        typeof require === 'number'
          ? completed.length >= require
          : completed.length * 100 >= require.percent * specs.length;
      return enough ? { outcome: 'met', output: outputs } : { outcome: 'unreachable' };
    }
    case 'first-success': {
      const first = order.find((name) => ended.get(name) === 'completed');
      return first === undefined ? { outcome: 'unreachable' } : { outcome: 'met', output: outputs[first] ?? null };
    }
  }
}
