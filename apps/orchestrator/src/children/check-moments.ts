/** A check that has become seldom still comes this often, in multiples of the first pause. */
const seldom = 16;

/**
 * Something that has gone on since a moment is checked on after `first` milliseconds, after twice that, and so on: what was
 * lost is noticed after about as long as it has gone on, and what goes on for days costs little. These are the pauses that
 * have passed by `now`, in multiples of `first`, and the ones after that.
 */
function pauses(since: number, now: number, first: number): { readonly passed: number; readonly next: number } {
  const elapsed = (now - since) / first;
  if (elapsed < 1) return { passed: 0, next: 1 };
  if (elapsed >= seldom) {
    const passed = seldom * Math.floor(elapsed / seldom);
    return { passed, next: passed + seldom };
  }
  const passed = 2 ** Math.floor(Math.log2(elapsed));
  return { passed, next: 2 * passed };
}

/** The last check that is due by `now`; undefined before the first. Moments in milliseconds. */
export function lastCheck(since: number, now: number, first: number): number | undefined {
  const { passed } = pauses(since, now, first);
  return passed === 0 ? undefined : since + passed * first;
}

/** The first check after `now`. Moments in milliseconds. */
export function nextCheck(since: number, now: number, first: number): number {
  return since + pauses(since, now, first).next * first;
}
