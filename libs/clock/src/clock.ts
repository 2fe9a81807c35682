/**
 * What a process takes from its surroundings without asking anybody: time and chance. The services get it handed in, so that
 * a simulation can give each of its processes a clock of its own and repeat a run exactly.
 */
export interface Clock {
  /** Milliseconds since 1970, as this host believes them to be: other hosts differ, and it may jump. */
  now(): number;
  /** Milliseconds of a clock that never jumps; only differences mean something. */
  monotonic(): number;
  /** At least 0 and less than 1. */
  random(): number;
  /** Acts once, when what is happening at this moment is over. */
  soon(act: () => void): void;
  /** Acts once, after `ms` milliseconds at the earliest. */
  after(ms: number, act: () => void): Timer;
  /** Acts again and again. Does not keep the process from ending. */
  every(ms: number, act: () => void): Timer;
}

export type Timer = {
  /** Nothing happens afterwards. May be called at any time and more than once. */
  stop(): void;
};

/** The clock of this process. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  random: () => Math.random(),
  soon(act) {
    setImmediate(act);
  },
  after(ms, act) {
    const timer = setTimeout(act, ms);
    return { stop: () => clearTimeout(timer) };
  },
  every(ms, act) {
    const timer = setInterval(act, ms).unref();
    return { stop: () => clearInterval(timer) };
  },
};

/** Resolves after `ms` milliseconds. */
export function sleep(clock: Clock, ms: number): Promise<void> {
  return new Promise((resolve) => void clock.after(ms, resolve));
}
