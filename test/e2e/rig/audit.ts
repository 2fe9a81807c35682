import { judgeName, type StoredEvent } from '@braid/events';
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
  const attempts = new Attempts();
  const { requested, outcomes } = attempts;
  const ends = new Map<string, number>();
  const asked = new Set<string>();
  events.forEach((event, index) => {
    if (event.version !== index + 1) faults.push(`event ${index + 1} has version ${event.version}`);
    attempts.take(event);
    if (event.type === 'BranchRequested') asked.add(`${event.data.branch}/${event.data.step}`);
    for (const again of reopenedBy(event)) ends.delete(again);
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

/** Counts how often each attempt was asked for, and how often it has an outcome. */
class Attempts {
  readonly requested = new Map<string, number>();
  readonly outcomes = new Map<string, number>();
  /** The attempt that a branch waits for. */
  private readonly open = new Map<string, { readonly step: string; readonly attempt: number }>();

  take(event: StoredEvent): void {
    switch (event.type) {
      case 'BranchRequested': {
        const { branch, step, attempt } = event.data;
        count(this.requested, `${branch}/${step} attempt ${attempt}`);
        this.open.set(branch, { step, attempt });
        return;
      }
      case 'BranchRetryScheduled':
      case 'BranchDeferred':
        return this.close(event.data.branch, event.data.step, event.data.attempt);
      case 'BranchCancelled':
        return this.close(event.data.branch, undefined, event.data.attempt);
      case 'BranchAdvanced':
      case 'BranchCompleted':
      case 'BranchFailed':
      case 'StepFailed':
      case 'FailureCaught':
        return this.close(event.data.branch, event.data.step, event.data.run?.attempt);
      default:
        return;
    }
  }

  /** A report names its attempt; a failure without a report, such as lost heartbeats, is of the attempt that is open. */
  private close(branch: string, step: string | undefined, reported: number | undefined): void {
    const open = this.open.get(branch);
    const attempt = reported ?? open?.attempt;
    if (attempt === undefined) return;
    this.open.delete(branch);
    count(this.outcomes, `${branch}/${open?.step ?? step ?? '?'} attempt ${attempt}`);
  }
}

/** What a retry opens again may end once more. */
function reopenedBy(event: StoredEvent): readonly string[] {
  switch (event.type) {
    case 'WorkflowRetried':
      return ['workflow', 'branch root'];
    case 'ForkReopened': {
      const { branch, step, failed, cancelled, skipped, judge } = event.data;
      const fork = branch === 'root' ? step : `${branch}/${step}`;
      const names = [...failed, ...cancelled, ...skipped, ...(judge ? [judgeName] : [])];
      return names.map((name) => `branch ${fork}/${name}`);
    }
    default:
      return [];
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
