import { subjects } from '@braid/contracts';
import { type Signals } from '../bus/signals';

/** Somebody who waits for the end of one workflow. */
export type EndingWatch = {
  readonly ended: Promise<void>;
  /** Must be called when nobody waits any more. */
  stop(): void;
};

/** Tells when workflows end: one subscription for the whole gateway, however many wait. */
export class Endings {
  private readonly watches = new Map<string, Set<() => void>>();
  private readonly unlisten: () => void;

  constructor(signals: Signals) {
    this.unlisten = signals.listen(subjects.endings, (subject) =>
      this.ended(subject.slice(subject.lastIndexOf('.') + 1)),
    );
  }

  /** How many wait now. */
  get waiting(): number {
    return this.watches.size;
  }

  watch(workflow: string): EndingWatch {
    const watchers = this.watches.get(workflow) ?? new Set();
    this.watches.set(workflow, watchers);
    let tell = (): void => undefined;
    const ended = new Promise<void>((resolve) => (tell = resolve));
    watchers.add(tell);
    return {
      ended,
      stop: () => {
        watchers.delete(tell);
        if (watchers.size === 0 && this.watches.get(workflow) === watchers) this.watches.delete(workflow);
      },
    };
  }

  /** Lets everybody go who waits: they answer with what there is. */
  release(): void {
    this.watches.forEach((watchers) => watchers.forEach((tell) => tell()));
  }

  close(): void {
    this.unlisten();
  }

  private ended(workflow: string): void {
    this.watches.get(workflow)?.forEach((tell) => tell());
  }
}

/**
 * Resolves when the watched workflow has ended, after `timeoutMs`, or when `signal` aborts, whichever is first. What is heard is
 * only a hint that NATS may lose, so `hasEnded` is asked as well, every `pollMs`, and `atOnce` where the end may be older than the watch.
 */
export async function untilEnded(
  watch: EndingWatch,
  hasEnded: () => Promise<boolean>,
  options: {
    readonly timeoutMs: number;
    readonly pollMs: number;
    readonly atOnce: boolean;
    readonly signal: AbortSignal;
  },
): Promise<void> {
  const { timeoutMs, pollMs, atOnce, signal } = options;
  let timeout: NodeJS.Timeout | undefined;
  let next: NodeJS.Timeout | undefined;
  let gone = (): void => undefined;
  let over = false;
  const otherwise = new Promise<void>((resolve, reject) => {
    gone = resolve;
    timeout = setTimeout(resolve, timeoutMs);
    const look = () => {
      hasEnded().then((ended) => {
        if (ended) resolve();
        else if (!over) next = setTimeout(look, pollMs);
      }, reject);
    };
    if (atOnce) look();
    else next = setTimeout(look, pollMs);
  });
  signal.addEventListener('abort', gone);
  if (signal.aborted) gone();
  try {
    await Promise.race([watch.ended, otherwise]);
  } finally {
    over = true;
    clearTimeout(timeout);
    clearTimeout(next);
    signal.removeEventListener('abort', gone);
  }
}
