import { type BranchStatusName, type GraphNode, type GraphView } from '@braid/contracts';
import { type ForkStep, type Step } from '@braid/events';
import { type Branch, childPath, type Fork, hasEnded, rootPath, type Workflow } from '@braid/workflow';
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

/** Where a run of nodes begins and ends. */
type Span = { readonly first: string; readonly last: string };

/** A branch that is drawn: one that was opened, or one that the playbook says will be. */
type Drawn = { readonly path: string; readonly steps: readonly Step[]; readonly branch: Branch | undefined };

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
  return { nodes: drawing.nodes, edges: drawing.edges };
}

function drawBranch(drawing: Drawing, drawn: Drawn): Span | undefined {
  let span: Span | undefined;
  for (const [index, step] of drawn.steps.entries()) {
    const next = drawStep(drawing, drawn, step, index);
    if (span) drawing.edges.push({ from: span.last, to: next.first, kind: 'sequence' });
    span = { first: span?.first ?? next.first, last: next.last };
  }
  return span;
}

function drawStep(drawing: Drawing, drawn: Drawn, step: Step, index: number): Span {
  const id = `${drawn.path}#${step.id}`;
  drawing.nodes.push({
    id,
    kind: step.kind,
    label: step.id,
    branch: drawn.path,
    step: step.id,
    ...(step.kind === 'agent' ? { agent: step.agent } : {}),
    status: stepStatus(drawing, drawn.branch, step, index),
  });
  if (step.kind !== 'parallel' && step.kind !== 'map') return { first: id, last: id };
  return { first: id, last: drawFork(drawing, drawn, step, id) };
}

function stepStatus(drawing: Drawing, branch: Branch | undefined, step: Step, index: number): BranchStatusName {
  if (branch === undefined) return 'pending';
  if (index < branch.cursor) return branch.results[step.id]?.status ?? 'completed';
  const status = drawing.statusOf(branch);
  if (index === branch.cursor) return status;
  if (!hasEnded(branch)) return 'pending';
  return status === 'skipped' ? 'skipped' : 'cancelled';
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
  const count = fork?.branches.length ?? (step.kind === 'parallel' ? step.branches.length : undefined);
  if (count === 0) {
    drawing.edges.push({ from: id, to: end, kind: 'converge' });
  } else if (count === undefined || (count > foldedFrom && !drawing.expand)) {
    const folded = drawFolded(drawing, drawn, step, fork, count);
    drawing.edges.push({ from: id, to: folded, kind: 'fork' }, { from: folded, to: end, kind: 'converge' });
  } else {
    drawBranches(drawing, branchesOf(drawn, step, fork), step, id, end);
  }
  return end;
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
  const spans = new Map<string, Span>();
  for (const branch of branches) {
    const span = drawBranch(drawing, branch);
    if (!span) continue;
    spans.set(branch.name, span);
    drawing.edges.push({ from: span.last, to, kind: 'converge' });
    if ((needsOf.get(branch.name) ?? []).length === 0) drawing.edges.push({ from, to: span.first, kind: 'fork' });
  }
  for (const [name, needed] of needsOf) {
    const span = spans.get(name);
    for (const need of needed) {
      const before = spans.get(need);
      if (span && before) drawing.edges.push({ from: before.last, to: span.first, kind: 'needs' });
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
  const counts: { [status in BranchStatusName]?: number } = {};
  for (const branch of fork?.branches ?? []) {
    const status = drawing.statusOf(branch);
    counts[status] = (counts[status] ?? 0) + 1;
  }
  drawing.nodes.push({
    id: path,
    kind: 'branches',
    label: count === undefined ? `${step.id} × ?` : `${step.id} × ${count}`,
    branch: path,
    step: step.id,
    status: foldedStatus(fork, counts),
    counts,
  });
  return path;
}

/** One status for many branches: what is still going on, else the worst end. */
function foldedStatus(fork: Fork | undefined, counts: { readonly [s in BranchStatusName]?: number }): BranchStatusName {
  if (fork === undefined) return 'pending';
  const order = ['running', 'requested', 'pending', 'failed', 'cancelled', 'completed', 'skipped'] as const;
  return order.find((status) => (counts[status] ?? 0) > 0) ?? 'completed';
}

function convergenceStatus(branch: Branch | undefined, fork: Fork | undefined): BranchStatusName {
  if (fork?.decision) return fork.decision.outcome === 'met' ? 'completed' : 'failed';
  if (branch === undefined || !hasEnded(branch)) return fork === undefined ? 'pending' : 'running';
  return branch.phase.is === 'skipped' ? 'skipped' : 'cancelled';
}
