import { type CancelledAttempt, type CancelSignal } from '@braid/contracts';

/** Work that lies in a queue when its cancel signal is sent comes within this time, or is stopped by its late report. */
const rememberMs = 30_000;
const most = 100_000;

type Work = { readonly workflow: string } & CancelledAttempt;
type Remembered = { readonly until: number; readonly attempt: number };

/** Remembers for a while what was cancelled, for work that arrives after its cancel signal. */
export class Cancellations {
  readonly #remembered = new Map<string, Remembered>();

  /** `now` in milliseconds of any clock that never runs backwards. */
  remember({ workflow, attempts }: CancelSignal, now: number): void {
    this.#forget(now);
    const until = now + rememberMs;
    if (!attempts) return this.#keep(keyOf(workflow), { until, attempt: Infinity });
    for (const { attempt, ...step } of attempts) this.#keep(keyOf(workflow, step), { until, attempt });
  }

  includes(work: Work, now: number): boolean {
    if (this.#remembered.size === 0) return false;
    return [keyOf(work.workflow), keyOf(work.workflow, work)].some((key) => {
      const remembered = this.#remembered.get(key);
      return remembered !== undefined && remembered.until > now && work.attempt <= remembered.attempt;
    });
  }

  #keep(key: string, remembered: Remembered): void {
    // Deleted first, so that the order of the map stays the order of the moments.
    this.#remembered.delete(key);
    this.#remembered.set(key, remembered);
  }

  #forget(now: number): void {
    for (const [key, { until }] of this.#remembered) {
      if (until > now && this.#remembered.size < most) return;
      this.#remembered.delete(key);
    }
  }
}

/** Whether a signal means this work. */
export function cancels({ workflow, attempts }: CancelSignal, work: Work): boolean {
  if (workflow !== work.workflow) return false;
  const isMeant = ({ branch, step, attempt }: CancelledAttempt) =>
    branch === work.branch && step === work.step && work.attempt <= attempt;
  return attempts?.some(isMeant) ?? true;
}

function keyOf(workflow: string, work?: { readonly branch: string; readonly step: string }): string {
  return work ? `${workflow}\n${work.branch}\n${work.step}` : workflow;
}
