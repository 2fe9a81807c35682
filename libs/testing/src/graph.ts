import {
  type AgentStep,
  type BranchSpec,
  type Case,
  type ChooseStep,
  type Convergence,
  type FailStep,
  type Graph,
  type MapStep,
  type ParallelStep,
  type PlaybookStep,
  type SetStep,
  type SignalStep,
  type Step,
  type WaitStep,
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

/** A case of a `choose`; one without a condition always holds. */
export function when(condition: string | undefined, steps: readonly Step[]): Case {
  return { path: condition ?? 'otherwise', ...(condition !== undefined && { when: condition }), steps };
}

export function choose(id: string, cases: readonly Case[], more: Partial<ChooseStep> = {}): ChooseStep {
  return { ...step(id), kind: 'choose', cases, ...more };
}

export function wait(id: string, time: WaitStep['time'], more: Partial<WaitStep> = {}): WaitStep {
  return { ...step(id), kind: 'wait', time, ...more };
}

export function signal(id: string, name: string, more: Partial<SignalStep> = {}): SignalStep {
  return { ...step(id), kind: 'signal', name, ...more };
}

/** A step that another workflow does. */
export function child(id: string, playbook: string, more: Partial<PlaybookStep> = {}): PlaybookStep {
  return { ...step(id), kind: 'playbook', playbook, with: {}, ...more };
}

export function fail(id: string, error: FailStep['error'], more: Partial<FailStep> = {}): FailStep {
  return { ...step(id), kind: 'fail', error, ...more };
}
