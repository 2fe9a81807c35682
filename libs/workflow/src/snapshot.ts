import {
  type Amounts,
  type ForkStep,
  type Graph,
  type Json,
  type JsonObject,
  type Parent,
  type Step,
} from '@braid/events';
import { type NestedSequence, nestedSteps, type Sequence, stepsInside } from './sequence';
import {
  type Branch,
  type Compensation,
  type Fork,
  isJudge,
  nothingYet,
  type Phase,
  rootPath,
  type Signal,
  type StepResults,
  type Workflow,
} from './state';

/** The shape of a snapshot. It rises with every change of the state or of this file; snapshots of another shape are ignored. */
export const snapshotSchema = 5;

/** A state as plain JSON. Branches and forks are named by their place in the lists; shared objects are stored once. */
export type WorkflowSnapshot = {
  readonly workflow: Omit<
    Workflow,
    | 'root'
    | 'branches'
    | 'waiting'
    | 'timed'
    | 'undoable'
    | 'compensation'
    | 'signals'
    | 'cost'
    | 'endedAt'
    | 'traceparent'
    | 'ending'
    | 'budget'
    | 'parent'
  > & {
    readonly endedAt: number | null;
    readonly traceparent: string | null;
    readonly parent: Parent | null;
    readonly ending: Json;
    readonly budget: Amounts | null;
  };
  readonly undoable: readonly {
    readonly branch: string;
    readonly step: string;
    readonly context: number;
    readonly results: number;
  }[];
  readonly compensation: {
    readonly because: Compensation['because'];
    readonly branches: readonly string[];
    readonly next: number;
  } | null;
  readonly signals: { readonly seen: readonly string[]; readonly kept: readonly Signal[] };
  readonly cost: {
    readonly attempts: number;
    readonly agentMs: number;
    readonly usage: readonly (readonly [string, number])[];
    readonly reserved: readonly (readonly [string, number])[];
  };
  readonly shared: readonly JsonObject[];
  readonly forks: readonly ForkSnapshot[];
  readonly branches: readonly BranchSnapshot[];
  /** Paths, in the order of the state's own sets. */
  readonly waiting: readonly string[];
  readonly timed: readonly number[];
};

type ForkSnapshot = {
  readonly parent: string;
  readonly step: string;
  readonly concurrency: number | null;
  readonly openedAt: number;
  readonly items: readonly Json[] | null;
  readonly ready: readonly number[];
  readonly nextReady: number;
  readonly unmetNeeds: readonly (readonly [number, readonly number[]])[];
  readonly lostNeeds: readonly (readonly [number, readonly number[]])[];
  readonly dependents: readonly (readonly [number, readonly number[]])[];
  readonly sets: Readonly<Record<(typeof setNames)[number], readonly number[]>>;
  readonly decision: Fork['decision'] | null;
};

const setNames = ['running', 'deferred', 'completed', 'failed', 'skipped', 'cancelled'] as const;

type BranchSnapshot = {
  readonly path: string;
  readonly name: string;
  /** Place of its fork in the list of forks; the root has none. */
  readonly fork: number | null;
  readonly compensates: { readonly branch: string; readonly step: string } | null;
  readonly index: number;
  readonly isJudge: boolean;
  readonly cursor: number;
  readonly nested: readonly Omit<NestedSequence, 'steps'>[];
  readonly phase: Exclude<Phase, { is: 'forked' }> | { readonly is: 'forked'; readonly fork: number };
  readonly context: number;
  readonly results: number;
  readonly exports: JsonObject;
  readonly output: Json;
  readonly attempts: number;
  readonly earlierAttempts: number;
  readonly wasDeferred: boolean;
  readonly children: Branch['children'];
  readonly lastFailure: Branch['lastFailure'] | null;
  readonly lastRun: Branch['lastRun'] | null;
  readonly startedAt: number | null;
  readonly endedAt: number | null;
};

/** The state as a snapshot, which holds references into it: encode it before the state changes. */
export function takeSnapshot(state: Workflow): WorkflowSnapshot {
  const { root: _root, branches, waiting, timed, undoable, compensation, signals, cost, ...rest } = state;
  const { endedAt, traceparent, ending, budget, parent, ...workflow } = rest;
  const shared = new Map<object, number>();
  const share = (object: object): number => {
    const known = shared.get(object);
    if (known !== undefined) return known;
    shared.set(object, shared.size);
    return shared.size - 1;
  };
  const forks = [...new Set([...branches.values()].flatMap((branch) => [...branch.forks.values()]))];
  const places = new Map(forks.map((fork, place) => [fork, place]));
  const place = (fork: Fork | undefined): number => (fork ? (places.get(fork) ?? -1) : -1);
  return {
    workflow: {
      ...workflow,
      endedAt: endedAt ?? null,
      traceparent: traceparent ?? null,
      parent: parent ?? null,
      ending: (ending ?? null) as unknown as Json,
      budget: budget ?? null,
    },
    undoable: undoable.map(({ branch, step, context, results }) => ({
      branch: branch.path,
      step: step.id,
      context: share(context),
      results: share(results),
    })),
    compensation: compensation ? { ...compensation, branches: compensation.branches.map(({ path }) => path) } : null,
    signals: { ...signals, seen: [...signals.seen] },
    cost: { ...cost, usage: [...cost.usage], reserved: [...cost.reserved] },
    branches: [...branches.values()].map((branch) => ({
      path: branch.path,
      name: branch.name,
      fork: branch.fork ? place(branch.fork) : null,
      compensates: branch.compensates
        ? { branch: branch.compensates.branch.path, step: branch.compensates.step }
        : null,
      index: branch.index,
      isJudge: isJudge(branch),
      cursor: branch.cursor,
      nested: branch.nested.map(({ in: nesting, cursor, output }) => ({ in: nesting, cursor, output })),
      phase: branch.phase.is === 'forked' ? { is: 'forked', fork: place(branch.phase.fork) } : branch.phase,
      context: share(branch.context),
      results: share(branch.results),
      exports: branch.exports,
      output: branch.output,
      attempts: branch.attempts,
      earlierAttempts: branch.earlierAttempts,
      wasDeferred: branch.wasDeferred,
      children: branch.children,
      lastFailure: branch.lastFailure ?? null,
      lastRun: branch.lastRun ?? null,
      startedAt: branch.startedAt ?? null,
      endedAt: branch.endedAt ?? null,
    })),
    forks: forks.map((fork) => ({
      parent: fork.parent.path,
      step: fork.step.id,
      concurrency: fork.concurrency ?? null,
      openedAt: fork.openedAt,
      items: fork.items ?? null,
      ready: fork.ready,
      nextReady: fork.nextReady,
      unmetNeeds: [...fork.unmetNeeds].map(([index, needs]) => [index, [...needs]] as const),
      lostNeeds: [...fork.lostNeeds].map(([index, needs]) => [index, [...needs]] as const),
      dependents: [...fork.dependents],
      sets: {
        running: [...fork.running],
        deferred: [...fork.deferred],
        completed: [...fork.completed],
        failed: [...fork.failed],
        skipped: [...fork.skipped],
        cancelled: [...fork.cancelled],
      },
      decision: fork.decision ?? null,
    })),
    shared: [...shared.keys()] as JsonObject[],
    waiting: [...waiting].map(({ path }) => path),
    timed: [...timed].map(place),
  };
}

/** The state that a snapshot was taken of. The snapshot's objects become part of it. */
export function restoreSnapshot(snapshot: WorkflowSnapshot): Workflow {
  const branches = new Map<string, Branch>();
  const forks: Fork[] = [];
  const members: Branch[][] = snapshot.forks.map(() => []);
  const lookUp = <T>(found: T | undefined, what: string): T => {
    if (found === undefined) throw new Error(`The snapshot of ${snapshot.workflow.id} lacks ${what}`);
    return found;
  };
  const forksOf = new Map<string, number[]>();
  for (const [place, { parent }] of snapshot.forks.entries()) {
    const places = forksOf.get(parent);
    if (places) places.push(place);
    else forksOf.set(parent, [place]);
  }
  const openForks = (parent: Branch): void => {
    for (const place of forksOf.get(parent.path) ?? []) {
      const fork = lookUp(snapshot.forks[place], `fork ${place}`);
      forks[place] = restoreFork(fork, parent, members[place] ?? []);
    }
  };
  for (const each of snapshot.branches) {
    const fork = each.fork === null ? undefined : lookUp(forks[each.fork], `fork ${each.fork}`);
    const compensates = restoreCompensates(each, branches);
    const branch = restoreBranch(each, { fork, compensates }, snapshot);
    branches.set(branch.path, branch);
    if (fork && each.isJudge) fork.judge = branch;
    else if (each.fork !== null) members[each.fork]?.push(branch);
    openForks(branch);
    branch.phase =
      each.phase.is === 'forked' ? { is: 'forked', fork: lookUp(forks[each.phase.fork], 'an open fork') } : each.phase;
  }
  const { endedAt, traceparent, ending, budget, parent, ...workflow } = snapshot.workflow;
  return {
    ...workflow,
    endedAt: endedAt ?? undefined,
    traceparent: traceparent ?? undefined,
    parent: parent ?? undefined,
    ending: (ending ?? undefined) as Workflow['ending'],
    budget: budget ?? undefined,
    root: lookUp(branches.get(rootPath), 'its root'),
    branches,
    waiting: new Set(snapshot.waiting.map((path) => lookUp(branches.get(path), path))),
    timed: new Set(snapshot.timed.map((place) => lookUp(forks[place], `fork ${place}`))),
    ...restoreCompensation(snapshot, (path) => lookUp(branches.get(path), path)),
    signals: { ...snapshot.signals, seen: new Set(snapshot.signals.seen) },
    cost: { ...snapshot.cost, usage: new Map(snapshot.cost.usage), reserved: new Map(snapshot.cost.reserved) },
  };
}

function restoreCompensates({ compensates }: BranchSnapshot, branches: ReadonlyMap<string, Branch>) {
  const branch = compensates && branches.get(compensates.branch);
  return branch ? { branch, step: compensates.step } : undefined;
}

function restoreCompensation(
  { undoable, compensation, shared }: WorkflowSnapshot,
  branchAt: (path: string) => Branch,
): Pick<Workflow, 'undoable' | 'compensation'> {
  return {
    undoable: undoable.map((each) => {
      const branch = branchAt(each.branch);
      const step = findStep(branch.steps, each.step);
      if (!step) throw new Error(`The snapshot lacks the step ${each.step} of ${each.branch}`);
      const results = (shared[each.results] ?? {}) as unknown as StepResults;
      return { branch, step, context: shared[each.context] ?? {}, results };
    }),
    compensation: compensation ? { ...compensation, branches: compensation.branches.map(branchAt) } : undefined,
  };
}

/** Its phase is set when the forks that it opened are there. */
function restoreBranch(
  { isJudge: judges, ...branch }: BranchSnapshot,
  { fork, compensates }: Pick<Branch, 'fork' | 'compensates'>,
  { shared, workflow }: WorkflowSnapshot,
): Branch {
  const undone = compensates && (findStep(compensates.branch.steps, compensates.step)?.compensate ?? []);
  const steps = undone ?? (judges ? judgeSteps(fork) : stepsOf(workflow.graph, fork, branch.index));
  return {
    ...branch,
    parent: fork?.parent,
    fork,
    compensates,
    steps,
    nested: branch.nested.length === 0 ? nothingYet.nested : restoreNested({ ...branch, steps }, branch.nested),
    phase: { is: 'pending' },
    context: shared[branch.context] ?? {},
    results: (shared[branch.results] ?? {}) as unknown as StepResults,
    lastFailure: branch.lastFailure ?? undefined,
    lastRun: branch.lastRun ?? undefined,
    startedAt: branch.startedAt ?? undefined,
    endedAt: branch.endedAt ?? undefined,
    forks: nothingYet.forks,
  };
}

function restoreFork(snapshot: ForkSnapshot, parent: Branch, branches: Branch[]): Fork {
  const step = findStep(parent.steps, snapshot.step) as ForkStep;
  const { sets } = snapshot;
  const fork: Fork = {
    parent,
    step,
    concurrency: snapshot.concurrency ?? undefined,
    openedAt: snapshot.openedAt,
    branches,
    judge: undefined,
    items: snapshot.items ?? undefined,
    ready: [...snapshot.ready],
    nextReady: snapshot.nextReady,
    unmetNeeds: new Map(snapshot.unmetNeeds.map(([index, needs]) => [index, new Set(needs)])),
    lostNeeds: new Map(snapshot.lostNeeds.map(([index, needs]) => [index, new Set(needs)])),
    dependents: new Map(snapshot.dependents),
    running: new Set(sets.running),
    deferred: new Set(sets.deferred),
    completed: new Set(sets.completed),
    failed: new Set(sets.failed),
    skipped: new Set(sets.skipped),
    cancelled: new Set(sets.cancelled),
    decision: snapshot.decision ?? undefined,
  };
  parent.forks = new Map([...parent.forks, [step.id, fork]]);
  return fork;
}

function restoreNested(outermost: Sequence, nested: BranchSnapshot['nested']): NestedSequence[] {
  let around = outermost;
  return nested.map((sequence) => {
    const step = around.steps[around.cursor];
    const restored = { ...sequence, steps: (step && nestedSteps(step, sequence.in)) ?? [] };
    around = restored;
    return restored;
  });
}

function findStep(steps: Branch['steps'], id: string): Step | undefined {
  for (const step of steps) {
    if (step.id === id) return step;
    for (const inner of stepsInside(step)) if (inner.id === id) return inner;
  }
  return undefined;
}

function judgeSteps(fork: Fork | undefined): Branch['steps'] {
  const strategy = fork?.step.converge.strategy;
  return strategy?.name === 'judge' ? [strategy.judge] : [];
}

function stepsOf(graph: Graph, fork: Fork | undefined, index: number): Branch['steps'] {
  if (!fork) return graph.steps;
  return fork.step.kind === 'map' ? fork.step.steps : (fork.step.branches[index]?.steps ?? []);
}
