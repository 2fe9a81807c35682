import { type ChildStarted, type Cost } from '@braid/events';
import { countUsage } from './budget';
import { type Branch, type Workflow } from './state';

/** The longest id that a workflow may have. */
const longestId = 128;

/**
 * The id of the next child of a workflow: its own and a number. It says whose child it is, and no other workflow has it.
 * Undefined where it would be too long.
 */
export function nextChildId({ id, children }: Workflow): string | undefined {
  const next = `${id}_${children + 1}`;
  return next.length > longestId ? undefined : next;
}

/** The branch has a child at its current step. */
export function rememberChild(
  state: Workflow,
  branch: Branch,
  { step, attempt, workflow, playbook }: ChildStarted,
): void {
  state.children += 1;
  branch.attempts = attempt;
  branch.children = { ...branch.children, [step]: { workflow, playbook } };
}

/** What a child used counts as used by its parent. */
export function addCost({ cost }: Workflow, added: Cost | undefined): void {
  if (!added) return;
  cost.attempts += added.attempts;
  cost.agentMs += added.agentMs;
  countUsage(cost.usage, added.usage);
}
