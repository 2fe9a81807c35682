import { type CancelSignal } from '@braid/contracts';

/** Work that lies in a queue when its cancel signal is sent comes within this time, or is stopped by its late report. */
const rememberMs = 30_000;
const most = 100_000;
const wholeWorkflow = '*';

/** Remembers for a while what was cancelled, for work that arrives after its cancel signal. */
export class Cancellations {
  readonly #until = new Map<string, number>();

  /** `now` in milliseconds of any clock that never runs backwards. */
  remember(signal: CancelSignal, now: number): void {
    this.#forget(now);
    for (const branch of signal.branches ?? [wholeWorkflow]) {
      const key = keyOf(signal.workflow, branch);
      // Deleted first, so that the order of the map stays the order of the moments.
      this.#until.delete(key);
      this.#until.set(key, now + rememberMs);
    }
  }

  includes(work: { readonly workflow: string; readonly branch: string }, now: number): boolean {
    if (this.#until.size === 0) return false;
    const until = (branch: string) => this.#until.get(keyOf(work.workflow, branch)) ?? -Infinity;
    return Math.max(until(work.branch), until(wholeWorkflow)) > now;
  }

  #forget(now: number): void {
    for (const [key, until] of this.#until) {
      if (until > now && this.#until.size < most) return;
      this.#until.delete(key);
    }
  }
}

/** Whether a signal means this work. */
export function cancels(signal: CancelSignal, work: { readonly workflow: string; readonly branch: string }): boolean {
  return signal.workflow === work.workflow && (signal.branches?.includes(work.branch) ?? true);
}

function keyOf(workflow: string, branch: string): string {
  return `${workflow}\n${branch}`;
}
