import {
  type AgentStep,
  type BranchSpec,
  type Convergence,
  type Graph,
  type MapStep,
  type ParallelStep,
  type SetStep,
  type Step,
} from '@braid/events';

/** Builders of graphs for tests that need no playbook text: every field has a plain default. */
export function graphOf(steps: readonly Step[], more: Partial<Graph> = {}): Graph {
  return {
    format: 1,
    name: 'test',
    executionType: 'mixed',
    fallbackToSequential: false,
    variables: {},
    steps,
    ...more,
  };
}

const step = (id: string) => ({ id, path: id, onFailure: 'fail' as const });

export function agent(id: string, more: Partial<AgentStep> = {}): AgentStep {
  return {
    ...step(id),
    kind: 'agent',
    agent: 'builtin.echo',
    with: {},
    retry: {
      maximumAttempts: 1,
      initialInterval: 1000,
      backoffCoefficient: 2,
      maximumInterval: 60_000,
      nonRetryableErrors: [],
    },
    timeout: 60_000,
    ...more,
  };
}

export function set(id: string, values: SetStep['values'], more: Partial<SetStep> = {}): SetStep {
  return { ...step(id), kind: 'set', values, ...more };
}

export function converge(more: Partial<Convergence> = {}): Convergence {
  return { strategy: { name: 'all-must-complete' }, losers: 'drain', onUnmet: 'fail', onConflict: 'error', ...more };
}

export function branch(
  name: string,
  steps: readonly Step[] = [agent(name)],
  more: Partial<BranchSpec> = {},
): BranchSpec {
  return { name, path: name, needs: [], steps, ...more };
}

export function parallel(id: string, branches: readonly BranchSpec[], more: Partial<ParallelStep> = {}): ParallelStep {
  return { ...step(id), kind: 'parallel', branches, converge: converge(), ...more };
}

export function map(id: string, over: MapStep['over'], steps: readonly Step[], more: Partial<MapStep> = {}): MapStep {
  return { ...step(id), kind: 'map', over, as: 'item', steps, converge: converge(), ...more };
}
