import { type WorkMessage } from '@braid/contracts';

/** What names an attempt among all others. */
export function attemptKey(work: Pick<WorkMessage, 'workflow' | 'branch' | 'step' | 'attempt'>): string {
  return `${work.workflow}\n${work.branch}\n${work.step}\n${work.attempt}`;
}
