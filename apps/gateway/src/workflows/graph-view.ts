import { type BranchStatusName, type GraphNode, type GraphView } from '@braid/contracts';
import { type ForkStep, judgeName, type Step } from '@braid/events';
import {
  type Branch,
  childPath,
  type Fork,
  hasEnded,
  nestedSteps,
  type Nesting,
  nestingsOf,
  requiredNeeds,
  rootPath,
  type Workflow,
} from '@braid/workflow';
import { branchStatus, workingAttempt } from './branch-view';
import { type FindAttempt } from './live-attempts';

/** A fork with more branches than this is drawn as one node that counts them, unless everything is asked for. */
export const foldedFrom = 50;

type Edge = GraphView['edges'][number];
type Drawing = {
  readonly nodes: GraphNode[];
  readonly edges: Edge[];
  readonly statusOf: (branch: Branch) => BranchStatusName;
  readonly expand: boolean;
};

/** Where a run of nodes begins, and where it ends: in several places after cases. */
type Span = { readonly first: string; readonly last: readonly string[] };

/** A branch that is drawn: one that was opened, or one that the playbook says will be. */
type Drawn = { readonly path: string; readonly steps: readonly Step[]; readonly branch: Branch | undefined };

/**
 * How far a sequence has come: it is the one under way at this depth (0 is the branch's own, others are nested in its
 * steps), it is still ahead, or the branch has left it behind or passed it by.
 */
type Progress = { readonly is: 'at'; readonly depth: number } | { readonly is: 'ahead' } | { readonly is: 'past' };

/**
 * The workflow as a graph: a node per step of every branch, and one more where a fork converges. What has not been reached
 * is drawn as the playbook says, with the status `pending`.
 */
export function graphView(workflow: Workflow, find: FindAttempt, options: { readonly expand: boolean }): GraphView {
  const drawing: Drawing = {
    nodes: [],
    edges: [],
    statusOf: (branch) => branchStatus(branch.phase, workingAttempt(workflow.id, branch, find)),
    expand: options.expand,
  };
  drawBranch(drawing, { path: rootPath, steps: workflow.graph.steps, branch: workflow.root });
  if (workflow.compensation) drawCompensations(drawing, workflow.compensation.branches);
  return { nodes: drawing.nodes, edges: drawing.edges };
}

/** What undoes a step hangs on it; where that is not drawn by itself, and when there are many, they are drawn as one. */
function drawCompensations(drawing: Drawing, branches: readonly Branch[]): void {
  const drawn = new Set(drawing.nodes.map(({ id }) => id));
  const isApart = ({ compensates: of }: Branch) => drawn.has(`${of?.branch.path}#${of?.step}`);
  const folded = drawing.expand || branches.length <= foldedFrom ? branches.filter((each) => !isApart(each)) : branches;
  const hidden = new Set(folded);
  for (const branch of branches) {
    if (hidden.has(branch)) continue;
    const span = drawBranch(drawing, { path: branch.path, steps: branch.steps, branch });
    const from = `${branch.compensates?.branch.path}#${branch.compensates?.step}`;
    if (span) drawing.edges.push({ from, to: span.first, kind: 'compensation' });
  }
  if (folded.length > 0) drawFoldedCompensations(drawing, folded);
}

function drawFoldedCompensations(drawing: Drawing, branches: readonly Branch[]): void {
  const path = '*:compensate';
  const counts = countsOf(drawing, branches);
  const label = `compensate × ${branches.length}`;
  drawing.nodes.push({ id: path, kind: 'branches', label, branch: path, status: foldedStatus(counts), counts });
  drawing.edges.push({ from: drawing.nodes[0]?.id ?? path, to: path, kind: 'compensation' });
}

function countsOf(drawing: Drawing, branches: readonly Branch[]): NonNullable<GraphNode['counts']> {
  const counts: { [status in BranchStatusName]?: number } = {};
  for (const branch of branches) {
    const status = drawing.statusOf(branch);
    counts[status] = (counts[status] ?? 0) + 1;
  }
  return counts;
}

function drawBranch(drawing: Drawing, drawn: Drawn): Span | undefined {
  return drawSequence(drawing, drawn, drawn.steps, drawn.branch ? { is: 'at', depth: 0 } : { is: 'ahead' });
}

function drawSequence(drawing: Drawing, drawn: Drawn, steps: readonly Step[], progress: Progress): Span | undefined {
  let span: Span | undefined;
  for (const [index, step] of steps.entries()) {
    const next = drawStep(drawing, drawn, step, index, progress);
    for (const from of span?.last ?? []) drawing.edges.push({ from, to: next.first, kind: 'sequence' });
    span = { first: span?.first ?? next.first, last: next.last };
  }
  return span;
}

function drawStep(drawing: Drawing, drawn: Drawn, step: Step, index: number, progress: Progress): Span {
  const id = `${drawn.path}#${step.id}`;
  const child = drawn.branch?.children[step.id];
  drawing.nodes.push({
    id,
    kind: step.kind,
    label: step.id,
    branch: drawn.path,
    step: step.id,
    ...(step.kind === 'agent' ? { agent: step.agent } : {}),
    ...(step.kind === 'playbook' ? { playbook: step.playbook } : {}),
    ...(child === undefined ? {} : { child: child.workflow }),
    status: stepStatus(drawing, drawn.branch, step, index, progress),
  });
  const isFork = step.kind === 'parallel' || step.kind === 'map';
  const end = isFork ? drawFork(drawing, drawn, step, id) : id;
  const inner = nestingsOf(step).flatMap((nesting) => {
    const nested = drawSequence(
      drawing,
      drawn,
      nestedSteps(step, nesting) ?? [],
      nestedProgress(drawn.branch, nesting, index, progress),
    );
    if (!nested) return [];
    drawing.edges.push({ from: end, to: nested.first, kind: nesting.is === 'case' ? 'case' : 'failure' });
    return nested.last;
  });
  const goesOn = step.kind !== 'choose' || step.cases.every(({ when }) => when !== undefined);
  return { first: id, last: goesOn ? [end, ...inner] : inner };
}

/** The place of a branch in the sequence that is under way at a depth. */
const cursorAt = (branch: Branch, depth: number) => (depth === 0 ? branch : branch.nested[depth - 1])?.cursor ?? 0;

/** How far a sequence has come that is nested in the step at `index` of another. */
function nestedProgress(branch: Branch | undefined, nesting: Nesting, index: number, progress: Progress): Progress {
  if (progress.is !== 'at' || branch === undefined) return progress;
  const { depth } = progress;
  const cursor = cursorAt(branch, depth);
  if (index !== cursor) return { is: index < cursor ? 'past' : 'ahead' };
  const open = branch.nested[depth]?.in;
  if (open === undefined) return { is: 'ahead' };
  const isThis = open.is === nesting.is && (open.is !== 'case' || nesting.is !== 'case' || open.case === nesting.case);
  return isThis ? { is: 'at', depth: depth + 1 } : { is: 'past' };
}

function stepStatus(
  drawing: Drawing,
  branch: Branch | undefined,
  step: Step,
  index: number,
  progress: Progress,
): BranchStatusName {
  if (branch === undefined) return 'pending';
  if (progress.is === 'past') return branch.results[step.id]?.status ?? 'skipped';
  const status = drawing.statusOf(branch);
  if (progress.is === 'at') {
    const cursor = cursorAt(branch, progress.depth);
    if (index < cursor) return branch.results[step.id]?.status ?? 'completed';
    if (index === cursor) return status;
  }
  if (!hasEnded(branch)) return 'pending';
  return status === 'skipped' || status === 'completed' ? 'skipped' : 'cancelled';
}

/** Draws the branches of a fork and its convergence, and answers the convergence's node. */
function drawFork(drawing: Drawing, drawn: Drawn, step: ForkStep, id: string): string {
  const fork = drawn.branch?.forks.get(step.id);
  const end = `${id}:converge`;
  drawing.nodes.push({
    id: end,
    kind: 'convergence',
    label: step.converge.strategy.name,
    branch: drawn.path,
    step: step.id,
    status: convergenceStatus(drawn.branch, fork),
  });
  const before = drawJudge(drawing, drawn, step, fork, end);
  const count = fork?.branches.length ?? (step.kind === 'parallel' ? step.branches.length : undefined);
  if (count === 0) {
    drawing.edges.push({ from: id, to: before, kind: 'converge' });
  } else if (count === undefined || (count > foldedFrom && !drawing.expand)) {
    const folded = drawFolded(drawing, drawn, step, fork, count);
    drawing.edges.push({ from: id, to: folded, kind: 'fork' }, { from: folded, to: before, kind: 'converge' });
  } else {
    drawBranches(drawing, branchesOf(drawn, step, fork), step, id, before);
  }
  return end;
}

/** Draws the judge of a fork, whom the branches come before. Answers the node that their edges lead to. */
function drawJudge(drawing: Drawing, drawn: Drawn, step: ForkStep, fork: Fork | undefined, end: string): string {
  const { strategy } = step.converge;
  if (strategy.name !== 'judge') return end;
  const path = childPath(drawn.path, step.id, judgeName);
  const span = drawBranch(drawing, { path, steps: [strategy.judge], branch: fork?.judge });
  if (!span) return end;
  for (const from of span.last) drawing.edges.push({ from, to: end, kind: 'converge' });
  return span.first;
}

function branchesOf(drawn: Drawn, step: ForkStep, fork: Fork | undefined): readonly (Drawn & { name: string })[] {
  if (fork)
    return fork.branches.map((branch) => ({ name: branch.name, path: branch.path, steps: branch.steps, branch }));
  if (step.kind === 'map') return [];
  return step.branches.map(({ name, steps }) => ({
    name,
    path: childPath(drawn.path, step.id, name),
    steps,
    branch: undefined,
  }));
}

function drawBranches(
  drawing: Drawing,
  branches: readonly (Drawn & { readonly name: string })[],
  step: ForkStep,
  from: string,
  to: string,
): void {
  const needs = step.kind === 'parallel' ? step.branches : [];
  const needsOf = new Map(needs.map((branch) => [branch.name, branch.needs]));
  const requireOf = new Map(needs.map((branch) => [branch.name, requiredNeeds(branch)]));
  const spans = new Map<string, Span>();
  for (const branch of branches) {
    const span = drawBranch(drawing, branch);
    if (!span) continue;
    spans.set(branch.name, span);
    for (const last of span.last) drawing.edges.push({ from: last, to, kind: 'converge' });
    if ((needsOf.get(branch.name) ?? []).length === 0) drawing.edges.push({ from, to: span.first, kind: 'fork' });
  }
  for (const [name, needed] of needsOf) {
    const span = spans.get(name);
    const require = requireOf.get(name) ?? needed.length;
    const some = require < needed.length ? { require } : {};
    for (const need of needed) {
      const before = spans.get(need);
      if (!span || !before) continue;
      for (const last of before.last) drawing.edges.push({ from: last, to: span.first, kind: 'needs', ...some });
    }
  }
}

function drawFolded(
  drawing: Drawing,
  drawn: Drawn,
  step: ForkStep,
  fork: Fork | undefined,
  count: number | undefined,
): string {
  const path = childPath(drawn.path, step.id, '*');
  const counts = countsOf(drawing, fork?.branches ?? []);
  drawing.nodes.push({
    id: path,
    kind: 'branches',
    label: count === undefined ? `${step.id} × ?` : `${step.id} × ${count}`,
    branch: path,
    step: step.id,
    status: fork ? foldedStatus(counts) : 'pending',
    counts,
  });
  return path;
}

/** One status for many branches: what is still going on, else the worst end. */
function foldedStatus(counts: NonNullable<GraphNode['counts']>): BranchStatusName {
  const order = ['running', 'requested', 'pending', 'failed', 'cancelled', 'completed', 'skipped'] as const;
  return order.find((status) => (counts[status] ?? 0) > 0) ?? 'completed';
}

function convergenceStatus(branch: Branch | undefined, fork: Fork | undefined): BranchStatusName {
  if (fork?.decision) return fork.decision.outcome === 'met' ? 'completed' : 'failed';
  if (branch === undefined || !hasEnded(branch)) return fork === undefined ? 'pending' : 'running';
  return branch.phase.is === 'skipped' ? 'skipped' : 'cancelled';
}
