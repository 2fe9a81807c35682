import { Counter, Gauge, Histogram, type Registry } from '@braid/service';

export type RunnerMetrics = {
  ended(agent: string, outcome: 'completed' | 'failed' | 'stopped' | 'refused', seconds: number): void;
  deadLetter(): void;
};

/** What a runner counts. `busy` is asked when the metrics are read. */
export function runnerMetrics(registry: Registry, busy: () => ReadonlyMap<string, number>): RunnerMetrics {
  const registers = [registry];
  const attempts = new Counter({
    name: 'braid_runner_attempts_total',
    help: 'Attempts by agent and how they ended',
    labelNames: ['agent', 'outcome'],
    registers,
  });
  const durations = new Histogram({
    name: 'braid_runner_attempt_seconds',
    help: 'How long attempts ran',
    labelNames: ['agent'],
    buckets: [0.001, 0.005, 0.02, 0.1, 0.5, 2, 10, 60, 300, 1_800],
    registers,
  });
  const deadLetters = new Counter({
    name: 'braid_runner_dead_letters_total',
    help: 'Messages that were no work',
    registers,
  });
  new Gauge({
    name: 'braid_runner_busy_slots',
    help: 'Attempts that run now',
    labelNames: ['agent'],
    registers,
    collect() {
      for (const [agent, count] of busy()) this.set({ agent }, count);
    },
  });
  return {
    ended(agent, outcome, seconds) {
      attempts.inc({ agent, outcome });
      durations.observe({ agent }, seconds);
    },
    deadLetter: () => deadLetters.inc(),
  };
}
