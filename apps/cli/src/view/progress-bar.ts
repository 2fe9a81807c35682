import { type Terminal } from '../terminal';
import { span } from './time';

export type ProgressBar = {
  /** How far it is; `what` names what is counted. */
  show(what: string, done: number, total: number): void;
  /** Leaves nothing standing. */
  clear(): void;
};

const cells = 30;

/** A bar that is drawn again in place on a terminal, and nothing elsewhere. */
export async function progressBar(terminal: Terminal): Promise<ProgressBar> {
  if (!terminal.interactive) return { show: () => undefined, clear: () => undefined };
  const { default: logUpdate } = await import('log-update');
  let began = { what: '', at: 0, done: 0 };
  return {
    show(what, done, total) {
      const now = performance.now();
      if (began.what !== what) began = { what, at: now, done };
      logUpdate(barLine({ what, done, total, elapsed: now - began.at, since: done - began.done }));
    },
    clear: () => logUpdate.clear(),
  };
}

/** `elapsed` milliseconds went by while `since` of them were done. */
export function barLine(at: {
  readonly what: string;
  readonly done: number;
  readonly total: number;
  readonly elapsed: number;
  readonly since: number;
}): string {
  const { what, done, total, elapsed, since } = at;
  const part = total === 0 ? 1 : Math.min(1, done / total);
  const full = Math.floor(part * cells);
  const left = since > 0 && elapsed > 2_000 ? `, ${span((elapsed / since) * (total - done))} left` : '';
  const bar = `${'█'.repeat(full)}${'░'.repeat(cells - full)}`;
  return `${what} ${bar} ${Math.floor(part * 100)} % (${done} of ${total}${left})`;
}
