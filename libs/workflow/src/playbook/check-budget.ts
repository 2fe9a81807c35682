import { type AgentStep, type Graph, type Step } from '@braid/events';
import { amountOf, attemptsUnit } from '../budget';
import { nestedSteps, nestingsOf } from '../sequence';
import { pathTo, type ProblemList } from './problem';

/** What steps may use of a unit at most, and the step that may use most of it. */
type Worst = { readonly amount: number; readonly most?: Share };

type Share = {
  readonly step: AgentStep;
  readonly attempts: number;
  readonly branches: number;
  readonly cost: number;
  readonly amount: number;
};

/** How often something runs: in how many branches, and whether its attempts may be made again when all others have ended. */
type Times = { readonly branches: number; readonly fallback: boolean };

const nothing: Worst = { amount: 0 };

/**
 * Whether the budget allows what the steps may use at worst: attempts × branches × declared cost. A `map` whose list is not
 * known yet is not counted. The number of attempts is no cost that anybody declared, but a cap: one that may be reached is
 * only worth a warning.
 */
export function checkBudget(graph: Graph, problems: ProblemList): void {
  for (const [unit, budget] of Object.entries(graph.budget ?? {})) {
    const { amount, most } = worstOf(graph.steps, unit, graph, { branches: 1, fallback: false });
    if (amount <= budget || !most) continue;
    const { step, attempts, branches, cost } = most;
    const share = [`${counted(attempts, 'attempt')}`, ...(branches > 1 ? [`${branches} branches`] : [])];
    const product = unit === attemptsUnit ? share : [...share, `${cost} ${unit}`];
    problems.add({
      path: pathTo('budget', unit),
      message: `the steps may use ${amount} ${unit}, but the budget allows ${budget}; most of it the step "${step.id}" (${step.path}): ${product.join(' × ')} = ${most.amount}`,
      suggestion: `raise it to ${amount}, or lower the retries, the branches${unit === attemptsUnit ? '' : ' or the cost'} of "${step.id}"`,
      ...(unit === attemptsUnit && { severity: 'warning' }),
    });
  }
}

function counted(count: number, noun: string): string {
  return count === 1 ? `1 ${noun}` : `${count} ${noun}s`;
}

function worstOf(steps: readonly Step[], unit: string, graph: Graph, times: Times): Worst {
  return steps.map((step) => worstOfStep(step, unit, graph, times)).reduce(together, nothing);
}

function worstOfStep(step: Step, unit: string, graph: Graph, times: Times): Worst {
  let worst = together(ownWorst(step, unit, graph, times), judgeWorst(step, unit, graph, times));
  let cases = nothing;
  for (const nesting of nestingsOf(step)) {
    const inner = worstOf(nestedSteps(step, nesting) ?? [], unit, graph, times);
    // Only one of the cases runs.
    if (nesting.is !== 'case') worst = together(worst, inner);
    else if (inner.amount > cases.amount) cases = inner;
  }
  return together(worst, cases);
}

function ownWorst(step: Step, unit: string, graph: Graph, { branches, fallback }: Times): Worst {
  switch (step.kind) {
    case 'agent': {
      const cost = unit === attemptsUnit ? 1 : (amountOf(step.cost, unit) ?? 0);
      const attempts = step.retry.maximumAttempts * (fallback ? 2 : 1);
      const amount = attempts * branches * cost;
      return { amount, most: { step, attempts, branches, cost, amount } };
    }
    case 'parallel': {
      const inside = { branches, fallback: graph.fallbackToSequential };
      return step.branches.map(({ steps }) => worstOf(steps, unit, graph, inside)).reduce(together, nothing);
    }
    case 'map': {
      const width = Array.isArray(step.over) ? step.over.length : 0;
      const inside = { branches: branches * width, fallback: graph.fallbackToSequential };
      return width === 0 ? nothing : worstOf(step.steps, unit, graph, inside);
    }
    default:
      return nothing;
  }
}

function judgeWorst(step: Step, unit: string, graph: Graph, { branches }: Times): Worst {
  if (!('converge' in step) || step.converge.strategy.name !== 'judge') return nothing;
  return ownWorst(step.converge.strategy.judge, unit, graph, { branches, fallback: false });
}

function together(one: Worst, other: Worst): Worst {
  const most = [one.most, other.most].reduce((best, each) =>
    (each?.amount ?? -1) > (best?.amount ?? -1) ? each : best,
  );
  return { amount: one.amount + other.amount, ...(most && { most }) };
}
