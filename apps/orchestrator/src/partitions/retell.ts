import { dueChecks, type News, recentStarts } from '../children/family-news';
import { isOpen, type Workflow } from '@braid/workflow';
import { type Work } from '../effects/work';
import { type WorkflowEntry } from '../workflows/workflow-entry';
import { type OwnerContext } from './owner-context';
import { openWork } from './resend';

/** How long after an attempt was requested a repeat of its message is still recognised by the server, in milliseconds. */
export const recognisedFor = 100_000;

/** What was asked for lately and is open. */
export type Recent = { readonly work: readonly Work[]; readonly starts: readonly News[] };

export const nothingRecent: Recent = { work: [], starts: [] };

/** Holds what has been decided by now, be it on disk or not: it may be told when all of that is. */
export function recentOf(
  state: Workflow,
  partition: number,
  { clock, tokens }: Pick<OwnerContext, 'clock' | 'tokens'>,
): Recent {
  const since = clock.now() - recognisedFor;
  return { work: openWork(state, partition, tokens, since), starts: recentStarts(state, since) };
}

/** Children and parents make sure of each other: what one told the other may have been lost. */
export function familyChecks(
  entry: WorkflowEntry<unknown>,
  state: Workflow,
  { clock, childCheck }: Pick<OwnerContext, 'clock' | 'childCheck'>,
): readonly News[] {
  if (!isOpen(state)) return [];
  const before = entry.familyCheckedAt;
  entry.familyCheckedAt = clock.now();
  return dueChecks(state, before, entry.familyCheckedAt, childCheck);
}
