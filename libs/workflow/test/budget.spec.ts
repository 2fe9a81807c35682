import { describe, it } from '@jest/globals';
import fc from 'fast-check';
import {
  type AgentStep,
  type Amounts,
  type BranchRequested,
  type ExecutionMode,
  type Failure,
  type Graph,
  isInCompensation,
  type Json,
  type RecordedEvent,
} from '@braid/events';
import { graphs, Scenario, variables } from '@braid/testing';
import { everyStep, remainingBudget, type Workflow } from '@braid/workflow';
import { Driver, moves } from './random-moves';
import { runs } from './runs';

const units = ['tokens', 'usd'] as const;
type Unit = (typeof units)[number];
type Sums = Record<Unit, number>;

const none = (): Sums => ({ tokens: 0, usd: 0 });
const digest = (text: string) => text.split('').reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) % 9973, 7);

/** What every attempt of a step may use, the same for the same step. */
function costOf(step: string, salt: number): Sums {
  const tokens = digest(`${step}${salt}`) % 6;
  return { tokens, usd: tokens / 10 };
}

/** What an attempt does use: never more than its step declares. */
function actual(attempt: string, cost: Sums): Sums {
  const share = (digest(attempt) % 4) / 3;
  return { tokens: Math.floor(cost.tokens * share), usd: Math.floor(cost.usd * share * 1000) / 1000 };
}

function withCosts(graph: Graph, budget: Amounts, salt: number): Graph {
  const declared = JSON.stringify(graph, (_, value: Json) =>
    typeof value === 'object' &&
    value !== null &&
    'id' in value &&
    typeof value['id'] === 'string' &&
    value['kind'] === 'agent'
      ? { ...value, cost: costOf(value['id'], salt) }
      : value,
  );
  return { ...(JSON.parse(declared) as Graph), budget };
}

/** Counts by the events alone, with no thought of speed. */
class Ledger {
  /** What all attempts that the budget may refuse have used, reported or not: what undoes something it never refuses. */
  readonly used = none();
  readonly reported = none();
  readonly lost = none();
  readonly open = new Map<string, Sums>();
  attempts = 0;
  /** Those that children have told of. */
  attemptsOfChildren = 0;
  private readonly costs: ReadonlyMap<string, AgentStep['cost']>;

  constructor(
    graph: Graph,
    private readonly budget: Amounts,
  ) {
    const steps = [...everyStep(graph.steps)].filter((step) => step.kind === 'agent');
    this.costs = new Map(steps.map(({ id, cost }) => [id, cost]));
  }

  see({ type, data }: RecordedEvent): void {
    if (type === 'BranchRequested') {
      this.begins(data);
      return;
    }
    if (type === 'ChildEnded') this.attemptsOfChildren += data.cost?.attempts ?? 0;
    const failure = 'failure' in data ? data.failure : undefined;
    if (failure?.code === 'budget') this.expectOver(String(failure.step));
    const cost = 'branch' in data ? this.open.get(data.branch) : undefined;
    if (!('branch' in data) || !cost) return;
    const run = 'run' in data ? data.run : undefined;
    if (run) add(this.reported, run.usage as Sums);
    else if (failure?.code !== 'no-slot') add(this.lost, cost);
    else this.neverBegan(data.branch, failure);
    this.open.delete(data.branch);
  }

  private neverBegan(branch: string, { step = '', attempt }: Failure): void {
    if (isInCompensation(branch)) return;
    add(this.used, actual(`${branch}/${step}/${attempt}`, this.costs.get(step) as Sums), -1);
  }

  private begins({ branch, step, attempt }: BranchRequested): void {
    const cost = this.costs.get(step) as Sums;
    this.open.set(branch, cost);
    if (isInCompensation(branch)) return;
    this.attempts += 1;
    add(this.used, actual(`${branch}/${step}/${attempt}`, cost));
  }

  get reserved(): Sums {
    const total = { ...this.lost };
    for (const cost of this.open.values()) add(total, cost);
    return total;
  }

  /** The attempt that was refused could have gone over the budget. */
  private expectOver(step: string): void {
    const cost = this.costs.get(step) as Sums;
    const { reserved } = this;
    const over = units.some((unit) => {
      const allowed = this.budget[unit] ?? Infinity;
      return cost[unit] > 0 && this.reported[unit] + reserved[unit] + cost[unit] > allowed + 1e-9;
    });
    const many = this.attempts + this.attemptsOfChildren + 1 > (this.budget['attempts'] ?? Infinity);
    if (!over && !many) throw new Error(`Broken: step ${step} was refused, though the budget allows it`);
  }
}

function add(to: Sums, amounts: Sums, sign = 1): void {
  for (const unit of units) to[unit] += sign * amounts[unit];
}

function check({ cost, ...state }: Workflow, ledger: Ledger, budget: Amounts): void {
  const { reserved, reported } = ledger;
  const left = remainingBudget({ cost, ...state }) ?? {};
  for (const unit of units) {
    const allowed = budget[unit] ?? Infinity;
    if (ledger.used[unit] > allowed + 1e-9) {
      throw new Error(`Broken: ${ledger.used[unit]} ${unit} were used of a budget of ${allowed}`);
    }
    const pairs = [
      [cost.usage.get(unit) ?? 0, reported[unit], 'used'],
      [cost.reserved.get(unit) ?? 0, reserved[unit], 'set aside'],
      [left[unit] ?? Infinity, Math.max(0, allowed - reported[unit] - reserved[unit]), 'left'],
    ] as const;
    for (const [told, counted, what] of pairs) {
      if (Math.abs(told - counted) > 1e-9) throw new Error(`Broken: ${told} ${unit} are ${what}, not ${counted}`);
    }
  }
  const attempts = budget['attempts'] ?? Infinity;
  if (ledger.attempts > attempts) throw new Error(`Broken: ${ledger.attempts} attempts of at most ${attempts}`);
}

describe('any workflow with a budget, whatever happens to it', () => {
  // Seen to fail with what is set aside given back by a cancel, with the usage of a retried attempt not counted, with retries
  // and deferred attempts asked for unseen, and with a cost that is set aside twice.
  it('uses no more than its budget when no attempt uses more than it declares, and refuses none that fits', () => {
    const mode = fc.constantFrom<ExecutionMode>('parallel', 'parallel', 'sequential');
    const budgets = fc
      .record({ tokens: fc.nat(60), usd: fc.nat(60).map((tenths) => tenths / 10), attempts: fc.nat(30) })
      .chain((all) => fc.subarray(Object.entries(all), { minLength: 1 }))
      .map((entries): Amounts => Object.fromEntries(entries));
    fc.assert(
      fc.property(graphs(), mode, moves, budgets, fc.nat(), (drawn, executionMode, schedule, budget, salt) => {
        const graph = withCosts(drawn, budget, salt);
        const scenario = Scenario.start(graph, { variables, mode: executionMode });
        const ledger = new Ledger(graph, budget);
        const driver = new Driver(scenario, (path) => {
          const phase = scenario.workflow.branches.get(path)?.phase;
          if (phase?.is !== 'requested') return {};
          const { step, attempt } = phase.request;
          return actual(`${path}/${step}/${attempt}`, costOf(step, salt));
        });
        let seen = 0;
        const look = () => {
          for (; seen < scenario.events.length; seen++) ledger.see(scenario.events[seen] as RecordedEvent);
          check(scenario.workflow, ledger, budget);
        };
        look();
        for (const move of schedule) {
          driver.make(move);
          look();
        }
        driver.finish(look);
      }),
      runs(300),
    );
  });
});
