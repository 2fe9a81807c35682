const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

export type StopSignals = {
  /** Aborted by the first signal. */
  readonly signal: AbortSignal;
  /** Hears no more signals. */
  release(): void;
};

/** The first Ctrl-C (or SIGTERM, SIGHUP) asks for an orderly stop, the second calls `onSecond`. */
export function stopSignals(onSecond: () => void): StopSignals {
  const stopping = new AbortController();
  const onSignal = (name: NodeJS.Signals) => {
    if (stopping.signal.aborted) onSecond();
    else stopping.abort(new Error(name));
  };
  for (const name of signals) process.on(name, onSignal);
  return {
    signal: stopping.signal,
    release() {
      for (const name of signals) process.off(name, onSignal);
    },
  };
}
