import {
  isInCompensation,
  judgeName,
  unreachable,
  type ExecutionMode,
  type Graph,
  type Step,
  type StoredEvent,
} from '@braid/events';

export type SummaryStatus = 'running' | 'paused' | 'completed' | 'failed' | 'cancelled';

/** The row of one workflow, after its event `version`. Branches are those of forks; the root is not counted. */
export type SummaryRow = {
  readonly workflow: string;
  version: number;
  readonly playbook: string;
  readonly playbookVersion: string | null;
  status: SummaryStatus;
  readonly executionMode: ExecutionMode;
  readonly startedAt: number;
  endedAt: number | null;
  branchesTotal: number;
  branchesCompleted: number;
  branchesFailed: number;
  /**
   * How many branches each `parallel` step opens, by its place: `reviews`, `reviews/speed/checks`, and `files/<any>/checks`;
   * and the places in which judges are asked, who are none of them: `reviews/judge`.
   */
  readonly forkWidths: { readonly [place: string]: number };
  agents: readonly string[];
  error: string | null;
};

/** Longer error texts are cut: a list shows one line of them, and the workflow itself has all of it. */
const errorLength = 500;

/** The row after one more event; undefined as long as the start of the workflow has not been seen. */
export function foldSummary(row: SummaryRow | undefined, event: StoredEvent): SummaryRow | undefined {
  if (row === undefined) {
    return event.type === 'WorkflowStarted' ? startRow(event) : undefined;
  }
  if (event.version > row.version) {
    row.version = event.version;
    apply(row, event);
  }
  return row;
}

function startRow(event: StoredEvent & { readonly type: 'WorkflowStarted' }): SummaryRow {
  const { playbook, graph, executionMode } = event.data;
  return {
    workflow: event.workflow,
    version: event.version,
    playbook: printable(playbook.name),
    playbookVersion: playbook.version === undefined ? null : printable(playbook.version),
    status: 'running',
    executionMode,
    startedAt: event.at,
    endedAt: null,
    branchesTotal: 0,
    branchesCompleted: 0,
    branchesFailed: 0,
    forkWidths: Object.fromEntries(forkWidths(graph.steps, '')),
    agents: [],
    error: null,
  };
}

function apply(row: SummaryRow, event: StoredEvent): void {
  switch (event.type) {
    case 'ForkOpened':
      if (isInCompensation(event.data.branch)) return;
      row.branchesTotal += event.data.items?.length ?? widthOf(row, event.data.branch, event.data.step);
      return;
    case 'BranchRequested':
      addAgent(row, printable(event.data.agent));
      return;
    case 'BranchCompleted':
      row.branchesCompleted += isCounted(row, event.data.branch) ? 1 : 0;
      return;
    case 'BranchFailed':
      row.branchesFailed += isCounted(row, event.data.branch) ? 1 : 0;
      return;
    case 'ForkReopened':
      row.branchesFailed -= event.data.failed.length;
      return;
    case 'WorkflowPaused':
      row.status = 'paused';
      return;
    case 'WorkflowResumed':
      row.status = 'running';
      return;
    case 'CompensationStarted':
      if (event.data.because === 'cancelled') row.status = 'running';
      return;
    case 'WorkflowRetried':
      row.status = 'running';
      row.endedAt = null;
      row.error = null;
      return;
    case 'WorkflowCompleted':
      return end(row, 'completed', event.at, null);
    case 'WorkflowFailed':
      return end(row, 'failed', event.at, event.data.failure.message);
    case 'WorkflowCancelled':
      return end(row, 'cancelled', event.at, event.data.reason ?? null);
    case 'WorkflowStarted':
    case 'BranchRetryScheduled':
    case 'BranchDeferred':
    case 'BranchAdvanced':
    case 'StepSkipped':
    case 'StepFailed':
    case 'FailureCaught':
    case 'CaseChosen':
    case 'WaitStarted':
    case 'SignalAwaited':
    case 'SignalReceived':
    case 'ChildStarted':
    case 'ChildEnded':
    case 'BranchSkipped':
    case 'BranchCancelled':
    case 'ConvergenceReached':
      return;
    default:
      unreachable(event);
  }
}

function end(row: SummaryRow, status: SummaryStatus, at: number, error: string | null): void {
  row.status = status;
  row.endedAt = at;
  row.error = error === null ? null : printable(error.slice(0, errorLength));
}

function addAgent(row: SummaryRow, agent: string): void {
  if (!row.agents.includes(agent)) {
    row.agents = [...row.agents, agent];
  }
}

/** Text that a `text` column accepts: NUL and lone surrogates, which it refuses, become U+FFFD. */
export function printable(text: string): string {
  return text.replaceAll(/\0|\p{Cs}/gu, '\uFFFD');
}

function* forkWidths(steps: Graph['steps'], prefix: string): Generator<[string, number]> {
  for (const step of steps) {
    const place = prefix + printable(step.id);
    if (step.kind === 'parallel') {
      yield [place, step.branches.length];
      for (const branch of step.branches) {
        yield* forkWidths(branch.steps, `${place}/${printable(branch.name)}/`);
      }
    } else if (step.kind === 'map') {
      yield* forkWidths(step.steps, `${place}/*/`);
    }
    if ('converge' in step && step.converge.strategy.name === 'judge') yield [`${place}/${judgeName}`, 0];
    for (const steps of nestedIn(step)) yield* forkWidths(steps, prefix);
  }
}

/** The sequences that run in the branch of a step and inside of it. */
function nestedIn(step: Step): readonly (readonly Step[])[] {
  const answers = [step.onFailure, ...('converge' in step ? [step.converge.onUnmet] : [])];
  return [
    ...(step.kind === 'choose' ? step.cases.map(({ steps }) => steps) : []),
    ...answers.filter((steps) => typeof steps !== 'string'),
  ];
}

/** Whether a branch is one of those that were to do something: not the root, nor one that asks a judge or undoes something. */
function isCounted(row: SummaryRow, branch: string): boolean {
  if (branch === 'root' || isInCompensation(branch)) return false;
  const segments = branch.split('/');
  if (segments.pop() !== judgeName) return true;
  const step = segments.pop() ?? '';
  return !Object.hasOwn(row.forkWidths, `${placeOf(row, segments.join('/') || 'root', step)}/${judgeName}`);
}

/** How many branches the `parallel` step of a branch opens. */
function widthOf(row: SummaryRow, branch: string, step: string): number {
  return row.forkWidths[placeOf(row, branch, step)] ?? 0;
}

/** The place of a step of a branch. The items of a `map` share one place. */
function placeOf(row: SummaryRow, branch: string, step: string): string {
  const segments = branch === 'root' ? [] : printable(branch).split('/');
  let place = '';
  for (let i = 0; i + 1 < segments.length; i += 2) {
    const fork = place + segments[i];
    place = `${fork}/${Object.hasOwn(row.forkWidths, fork) ? segments[i + 1] : '*'}/`;
  }
  return place + printable(step);
}
