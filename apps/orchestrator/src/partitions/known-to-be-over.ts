import { type LiveAttempt } from '@braid/contracts';
import { currentStep, isPast } from '@braid/workflow';
import { isIdle, type WorkflowEntry } from '../workflows/workflow-entry';

/**
 * Whether the log has the end of an attempt for sure. What is not in memory, still on its way to the disk, or later than
 * what this copy knows of, is not: a former owner must not stop what its successor has asked for.
 */
export function isKnownToBeOver(
  entry: WorkflowEntry | undefined,
  { branch: path, step, attempt }: Pick<LiveAttempt, 'branch' | 'step' | 'attempt'>,
): boolean {
  if (entry?.state === undefined || entry.state.status === 'unborn' || entry.broken || !isIdle(entry)) return false;
  const branch = entry.state.branches.get(path);
  if (branch === undefined) return false;
  if (currentStep(branch)?.id !== step) return isPast(branch, step);
  if (attempt > branch.attempts) return false;
  return branch.phase.is !== 'requested' || branch.phase.request.attempt !== attempt;
}
