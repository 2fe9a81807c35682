import { type Fork, type Phase, type Workflow } from './state';

/** The moment at which time alone ends a phase, in milliseconds since the epoch; Infinity when it never does, or a runner decides. */
export function endsAt(phase: Phase): number {
  switch (phase.is) {
    case 'backoff':
      return phase.retryAt;
    case 'waiting':
      return phase.until;
    case 'awaiting':
      return phase.until ?? Infinity;
    case 'delegated':
      return phase.to.until ?? Infinity;
    default:
      return Infinity;
  }
}

/** The moment at which a fork is decided with what there is; Infinity without a deadline. */
export function deadlineOf(fork: Fork): number {
  return fork.openedAt + (fork.step.converge.deadline ?? Infinity);
}

/**
 * The earliest moment at which something must happen to a workflow, as far as its history alone lays that down; Infinity
 * when nothing does, or it is held. Costs as much as there is open.
 */
export function nextMoment(state: Workflow): number {
  if (state.status !== 'running') return Infinity;
  let earliest = Infinity;
  for (const { phase } of state.waiting) earliest = Math.min(earliest, endsAt(phase));
  for (const fork of state.timed) earliest = Math.min(earliest, deadlineOf(fork));
  return earliest;
}
