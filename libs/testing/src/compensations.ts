import { type ForkStep, type Graph, judgeName, type RecordedEvent } from '@braid/events';
import { everyStep } from '@braid/workflow';

/**
 * What must hold of a whole history, told from its events alone: when the workflow has failed, each completed step that says
 * how it is undone has exactly one compensation, in reverse order of completion and one after the other; a workflow that
 * completed has none. A cancel may have asked for them, or have cut them short.
 */
export function checkCompensations(events: readonly RecordedEvent[]): void {
  const completed = completedSteps(events);
  const began = events.findIndex(({ type }) => type === 'CompensationStarted');
  const last = events.at(-1);
  const undone = compensationsIn(events);
  if (began === -1) {
    expectSame(undone, [], 'steps were undone that nobody asked for');
    if (last?.type === 'WorkflowFailed') expectSame(completed, [], 'steps were left standing');
    return;
  }
  if (last?.type === 'WorkflowCompleted') throw new Error('Broken: a workflow that completed was undone');
  expectSame(undone, completed.toReversed().map(compensationOf), 'not every step was undone once and in its turn');
}

function expectSame(found: readonly string[], expected: readonly string[], what: string): void {
  if (JSON.stringify(found) === JSON.stringify(expected)) return;
  throw new Error(`Broken: ${what}: ${JSON.stringify(found)} instead of ${JSON.stringify(expected)}`);
}

const compensationOf = (place: string) => `${place.replace(/^root\//, '')}:compensate`;

/** The compensations in the order in which they were at work; one that comes back after another has begun is there twice. */
function compensationsIn(events: readonly RecordedEvent[]): readonly string[] {
  const order: string[] = [];
  for (const { data } of events) {
    if (!('branch' in data) || !data.branch.endsWith(':compensate')) continue;
    if (order.at(-1) !== data.branch) order.push(data.branch);
  }
  return order;
}

/** The completed steps that can be undone, `<branch>/<step>`, in the order of completion. */
function completedSteps(events: readonly RecordedEvent[]): readonly string[] {
  const [first] = events;
  if (first?.type !== 'WorkflowStarted') throw new Error('Broken: a history without its start');
  const seen = new Completions(first.data.graph);
  for (const event of events) {
    if (event.type === 'CompensationStarted') break;
    seen.see(event);
  }
  return seen.completed;
}

type OpenFork = { total: number; met: boolean; readonly detached: boolean; readonly ended: Set<string> };

/** Tells what has completed by the events alone: the steps of a fork when it is met and nobody is waited for any more. */
class Completions {
  readonly completed: string[] = [];
  private readonly caught = new Set<string>();
  private readonly forks = new Map<string, OpenFork>();
  private readonly undoable: ReadonlySet<string>;

  constructor(private readonly graph: Graph) {
    this.undoable = undoableIn(graph);
  }

  see(event: RecordedEvent): void {
    switch (event.type) {
      case 'FailureCaught':
        this.caught.add(`${event.data.branch}/${event.data.step}`);
        return;
      case 'BranchAdvanced':
        return this.complete(`${event.data.branch}/${event.data.step}`);
      case 'ForkOpened': {
        const { branch, step } = event.data;
        const detached = detaches(this.graph, step);
        this.forks.set(`${branch}/${step}`, { total: 0, met: false, detached, ended: new Set() });
        return;
      }
      case 'ForkReopened': {
        const { branch, step, failed, cancelled, skipped } = event.data;
        const fork = this.forks.get(`${branch}/${step}`);
        for (const name of [...failed, ...cancelled, ...skipped]) fork?.ended.delete(name);
        return;
      }
      case 'ConvergenceReached': {
        const { branch, step, outcome, tally } = event.data;
        const fork = this.forks.get(`${branch}/${step}`);
        if (fork) Object.assign(fork, { total: tally.total, met: outcome === 'met' });
        return this.settle(`${branch}/${step}`);
      }
      case 'BranchCompleted':
        if (event.data.step !== undefined) this.complete(`${event.data.branch}/${event.data.step}`);
        return this.end(event.data.branch);
      case 'BranchFailed':
      case 'BranchSkipped':
      case 'BranchCancelled':
        return this.end(event.data.branch);
      default:
        return;
    }
  }

  /** What answers a failure ends the failed step, which has not completed by that. */
  private complete(place: string): void {
    if (this.undoable.has(place.slice(place.lastIndexOf('/') + 1)) && !this.caught.has(place))
      this.completed.push(place);
  }

  private end(branch: string): void {
    const [name = '', fork = '', ...above] = branch.split('/').toReversed();
    const place = `${above.length === 0 ? 'root' : above.toReversed().join('/')}/${fork}`;
    // The branch in which a judge is asked is none of the fork's.
    if (!isJudged(this.graph, fork) || name !== judgeName) this.forks.get(place)?.ended.add(name);
    this.settle(place);
  }

  private settle(place: string): void {
    const fork = this.forks.get(place);
    if (!fork?.met || !(fork.detached || fork.ended.size === fork.total)) return;
    this.forks.delete(place);
    this.complete(place);
  }
}

function undoableIn(graph: Graph): ReadonlySet<string> {
  return new Set([...everyStep(graph.steps)].filter(({ compensate }) => compensate).map(({ id }) => id));
}

function isJudged(graph: Graph, id: string): boolean {
  return forkIn(graph, id)?.converge.strategy.name === 'judge';
}

function forkIn(graph: Graph, id: string): ForkStep | undefined {
  const step = [...everyStep(graph.steps)].find((each) => each.id === id);
  return step?.kind === 'parallel' || step?.kind === 'map' ? step : undefined;
}

function detaches(graph: Graph, id: string): boolean {
  return forkIn(graph, id)?.converge.losers === 'detach';
}
