import { type StoredEvent } from '@braid/events';
import { fold } from '@braid/workflow';

export type Audit = {
  readonly status: string;
  /** What a history must never show, in words. */
  readonly faults: readonly string[];
  /** `<branch>/<step>` of every step that a runner was asked for. */
  readonly asked: ReadonlySet<string>;
};

/**
 * Reads a history against the promises: versions without gaps, one outcome per attempt that was asked for and none for any
 * other, one end per branch and one of the workflow.
 */
export function auditHistory(events: readonly StoredEvent[]): Audit {
  const faults: string[] = [];
  const requested = new Map<string, number>();
  const outcomes = new Map<string, number>();
  const ends = new Map<string, number>();
  const asked = new Set<string>();
  events.forEach((event, index) => {
    if (event.version !== index + 1) faults.push(`event ${index + 1} has version ${event.version}`);
    if (event.type === 'BranchRequested') {
      const { branch, step, attempt } = event.data;
      count(requested, `${branch}/${step} attempt ${attempt}`);
      asked.add(`${branch}/${step}`);
    }
    const outcome = outcomeOf(event);
    if (outcome !== undefined) count(outcomes, outcome);
    const end = endOf(event);
    if (end !== undefined) count(ends, end);
  });
  for (const [attempt, times] of requested) if (times > 1) faults.push(`${attempt} was asked for ${times} times`);
  for (const [attempt, times] of outcomes) {
    if (times > 1) faults.push(`${attempt} has ${times} outcomes`);
    if (!requested.has(attempt)) faults.push(`${attempt} has an outcome and was never asked for`);
  }
  for (const attempt of requested.keys()) if (!outcomes.has(attempt)) faults.push(`${attempt} has no outcome`);
  for (const [end, times] of ends) if (times > 1) faults.push(`${end} ended ${times} times`);
  if (!ends.has('workflow')) faults.push('the workflow did not end');
  return { status: statusOf(events, faults), faults, asked };
}

/** The fold refuses histories that the rules cannot have made, which is a fault too. */
function statusOf(events: readonly StoredEvent[], faults: string[]): string {
  try {
    return fold(events).status;
  } catch (error) {
    faults.push(error instanceof Error ? error.message : String(error));
    return 'impossible';
  }
}

function count(map: Map<string, number>, key: string): void {
  map.set(key, (map.get(key) ?? 0) + 1);
}

/** The attempt that the event is the outcome of. */
function outcomeOf(event: StoredEvent): string | undefined {
  switch (event.type) {
    case 'BranchAdvanced':
    case 'BranchCompleted':
    case 'BranchFailed':
    case 'StepFailed': {
      const { branch, step, run } = event.data;
      return run && step !== undefined ? `${branch}/${step} attempt ${run.attempt}` : undefined;
    }
    case 'BranchRetryScheduled':
    case 'BranchDeferred':
      return `${event.data.branch}/${event.data.step} attempt ${event.data.attempt}`;
    default:
      return undefined;
  }
}

function endOf(event: StoredEvent): string | undefined {
  switch (event.type) {
    case 'BranchCompleted':
    case 'BranchFailed':
    case 'BranchSkipped':
    case 'BranchCancelled':
      return `branch ${event.data.branch}`;
    case 'WorkflowCompleted':
    case 'WorkflowFailed':
    case 'WorkflowCancelled':
      return 'workflow';
    default:
      return undefined;
  }
}
