import { type AgentStep, type Amounts, type Failure, type JsonObject, type Run } from '@braid/events';
import { currentStep } from './sequence';
import { type Branch, type Workflow } from './state';

/** The unit that Braid counts by itself: one for every attempt that is asked for. */
export const attemptsUnit = 'attempts';

/** Units of one workflow that are summed up; agents that make up more of them have no say in its size. */
const mostUnits = 100;

/** Amounts are exact to nine decimals: sums of 0.1 must come to what a person expects of them. */
function sum(...amounts: readonly number[]): number {
  const total = amounts.reduce((one, other) => one + other, 0);
  return Number.isInteger(total) ? total : Math.round(total * 1e9) / 1e9;
}

/** The amount of a unit; undefined where nothing is said of it. */
export function amountOf(amounts: Amounts | undefined, unit: string): number | undefined {
  return amounts && Object.hasOwn(amounts, unit) ? amounts[unit] : undefined;
}

/** Both budgets at once: of each unit the smaller amount. */
export function narrowest(one: Amounts | undefined, other: Amounts | undefined): Amounts | undefined {
  if (!one || !other) return one ?? other;
  const narrowed = Object.entries(other).map(([unit, amount]) => [
    unit,
    Math.min(amount, amountOf(one, unit) ?? amount),
  ]);
  return { ...one, ...Object.fromEntries(narrowed) };
}

/** Counts an attempt that is asked for, and sets aside what it may use: the cost that its step declares, if it does. */
export function attemptRequested({ cost }: Workflow, branch: Branch): Amounts | undefined {
  cost.attempts += 1;
  const step = currentStep(branch);
  const declared = step?.kind === 'agent' ? step.cost : undefined;
  for (const [unit, amount] of Object.entries(declared ?? {})) add(cost.reserved, unit, amount);
  return declared;
}

/**
 * Counts what the open attempt of a branch used. What was set aside for it is free again when its run is known, or when it
 * never began; of one that was given up or cancelled, nobody knows how much of that it used, and it stays set aside.
 */
export function attemptEnded(
  { cost }: Workflow,
  branch: Branch,
  { run, failure }: { readonly run?: Run; readonly failure?: Failure },
): void {
  const { phase } = branch;
  const isOpen = phase.is === 'requested';
  if (isOpen && (run || failure?.code === 'no-slot')) {
    for (const [unit, amount] of Object.entries(phase.cost ?? {})) add(cost.reserved, unit, -amount);
  }
  if (!run) return;
  branch.lastRun = { ...run, agent: isOpen ? phase.request.agent : '' };
  cost.agentMs += Math.max(0, run.endedAt - run.startedAt);
  countUsage(cost.usage, run.usage ?? {});
}

/** Adds what was used to what was used before. */
export function countUsage(total: Map<string, number>, usage: JsonObject): void {
  for (const [unit, amount] of Object.entries(usage)) {
    if (typeof amount !== 'number' || !Number.isFinite(amount) || amount < 0 || unit === attemptsUnit) continue;
    if (total.has(unit) || total.size < mostUnits) add(total, unit, amount);
  }
}

function add(amounts: Map<string, number>, unit: string, amount: number): void {
  amounts.set(unit, sum(amounts.get(unit) ?? 0, amount));
}

/** A unit of which the budget does not allow what one more attempt may use. */
export type Overrun = {
  readonly unit: string;
  readonly budget: number;
  readonly used: number;
  readonly reserved: number;
  /** What the step declares; absent when it declares nothing. */
  readonly cost?: number;
};

/**
 * The first unit that one more attempt of a step could go over, if there is one. Of a step that declares no cost it is only
 * known that it may use something: it is let through as long as anything is left. Costs as much as the budget has units.
 */
export function overrunBy(state: Workflow, step: AgentStep): Overrun | undefined {
  for (const [unit, budget] of Object.entries(state.budget ?? {})) {
    const cost = unit === attemptsUnit ? 1 : amountOf(step.cost, unit);
    const used = usedOf(state, unit);
    const reserved = state.cost.reserved.get(unit) ?? 0;
    const fits = cost === undefined ? sum(used, reserved) < budget : cost === 0 || sum(used, reserved, cost) <= budget;
    if (!fits) return { unit, budget, used, reserved, ...(cost !== undefined && { cost }) };
  }
  return undefined;
}

function usedOf({ cost }: Workflow, unit: string): number {
  return unit === attemptsUnit ? cost.attempts : (cost.usage.get(unit) ?? 0);
}

/** What is left of the budget of a workflow, by unit; undefined when it has none. What is set aside is not left. */
export function remainingBudget(state: Workflow): Amounts | undefined {
  if (!state.budget) return undefined;
  const left = Object.entries(state.budget).map(([unit, budget]) => {
    const reserved = state.cost.reserved.get(unit) ?? 0;
    return [unit, Math.max(0, sum(budget, -usedOf(state, unit), -reserved))] as const;
  });
  return Object.fromEntries(left);
}
