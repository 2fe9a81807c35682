import { type Amounts, type Step, type StoredEvent } from '@braid/events';
import { everyStep } from '@braid/workflow';
import { type Expectation } from './expectation';

const unit = 'tokens';

/**
 * No attempt begins that could go over the budget, by sums of our own: what was used and what attempts may still use. And the
 * budget of the load's playbooks does not do for all of their steps, so it must have been felt.
 */
export const budgetFaults: Expectation = (_id, history) => {
  const [first] = history;
  if (first?.type !== 'WorkflowStarted') return undefined;
  const { graph } = first.data;
  const budget = first.data.budget?.[unit];
  if (budget === undefined) return undefined;
  const ledger = new Spending(new Map([...everyStep(graph.steps)].map((step) => [step.id, costOf(step)])));
  const faults: string[] = [];
  for (const event of history) {
    ledger.take(event);
    if (ledger.used + ledger.reserved > budget)
      faults.push(`event ${event.version}: ${ledger.used} used and ${ledger.reserved} set aside of ${budget}`);
  }
  const refused = history.some(({ type, data }) => type === 'BranchFailed' && data.failure.code === 'budget');
  if (!refused) faults.push('nothing was refused');
  return faults.slice(0, 1);
};

const costOf = (step: Step): number => (step.kind === 'agent' ? ((step.cost as Amounts | undefined)?.[unit] ?? 0) : 0);

class Spending {
  used = 0;
  reserved = 0;
  private readonly open = new Map<string, number>();

  constructor(private readonly costs: ReadonlyMap<string, number>) {}

  take({ type, data }: StoredEvent): void {
    switch (type) {
      case 'BranchRequested': {
        const cost = this.costs.get(data.step) ?? 0;
        this.open.set(data.branch, cost);
        this.reserved += cost;
        return;
      }
      case 'BranchRetryScheduled':
      case 'BranchDeferred':
      case 'BranchAdvanced':
      case 'BranchCompleted':
      case 'BranchFailed':
      case 'StepFailed':
      case 'FailureCaught': {
        const amount = data.run?.usage?.[unit];
        this.used += typeof amount === 'number' ? amount : 0;
        // Of an attempt that nobody reported it is not known what it used: it stays set aside, unless it never began.
        const neverBegan = 'failure' in data && data.failure.code === 'no-slot';
        if (data.run !== undefined || neverBegan) this.reserved -= this.open.get(data.branch) ?? 0;
        this.open.delete(data.branch);
        return;
      }
      default:
        return;
    }
  }
}
