import { type Branch, currentStep, type Phase, type Workflow } from '@braid/workflow';
import { workOf, type Work } from '../effects/work';
import { type TaskTokens } from '../effects/task-token';
import { type WorkflowEntry } from '../workflows/workflow-entry';
import { type OwnerContext } from './owner-context';

/** A branch with the attempt that it waits for. */
export type OpenAttempt = { readonly branch: Branch; readonly phase: Extract<Phase, { is: 'requested' }> };

export function openAttempts(state: Workflow): readonly OpenAttempt[] {
  return [...state.waiting].flatMap((branch) =>
    branch.phase.is === 'requested' ? [{ branch, phase: branch.phase }] : [],
  );
}

/** The open attempts that were requested after `since`, as they were sent the first time. */
export function openWork(state: Workflow, partition: number, tokens: TaskTokens, since: number): readonly Work[] {
  const work: Work[] = [];
  for (const { branch, phase } of openAttempts(state)) {
    if (phase.at > since) {
      work.push(workOf(state, branch, phase.request, phase.at, { partition, tokens, dispatch: 0 }));
    }
  }
  return work;
}

/**
 * Those of the attempts that are still open and that nobody has been heard to work on for a while, to be sent once more. While messages wait for the
 * agent on the bus, an attempt is probably among them, so the wait doubles each time; when none waits, it is lost for sure.
 */
export async function silentWork(
  entry: WorkflowEntry<unknown>,
  state: Workflow,
  suspects: readonly OpenAttempt[],
  partition: number,
  context: Pick<OwnerContext, 'signs' | 'tokens' | 'clock' | 'redispatchAfter' | 'backlog'>,
): Promise<readonly Work[]> {
  const { signs, tokens, redispatchAfter, backlog } = context;
  const heard = signs.of(state.id);
  const silentSince = context.clock.now() - redispatchAfter;
  const work: Work[] = [];
  for (const { branch, phase } of suspects) {
    if (branch.phase !== phase || currentStep(branch)?.kind !== 'agent') continue;
    const { attempt, agent } = phase.request;
    const sign = heard.get(branch.path);
    if (sign?.attempt === attempt && sign.seenAt > silentSince) continue;
    const sent = entry.dispatches.get(branch.path);
    const before = sent?.attempt === attempt ? sent : { attempt, count: 0, at: phase.at };
    if (before.at > silentSince) continue;
    const waits = (await backlog(agent)) > 0;
    const now = context.clock.now();
    if (waits && now - before.at < redispatchAfter * 2 ** (before.count + 2)) continue;
    if (branch.phase !== phase) continue;
    const dispatch = before.count + 1;
    entry.dispatches.set(branch.path, { attempt, count: dispatch, at: now });
    work.push(workOf(state, branch, phase.request, phase.at, { partition, tokens, dispatch }));
  }
  return work;
}
