import { type Convergence, type ConvergenceReached, type Json, unreachable } from '@braid/events';
import { type Decided, outcomeOf } from './outcome';
import { type Branch, type Fork, hasEnded, rootPath, type Workflow } from '../state';
import { judge } from './judge';
import { convergenceOutput } from './output';
import { hasArrived, namesInWords, openCount } from './strategy';

/** What a fork would have come to. `undecided`: the recorded results do not say, because a branch has none. */
export type ConvergencePreview = {
  readonly outcome: 'met' | 'unreachable' | 'undecided';
  readonly reason: string;
  readonly counted: ConvergenceReached['counted'];
  readonly dissented: readonly string[];
  readonly decidedBy?: string;
  readonly output?: Json;
  /** Branches that had not ended when it would have been decided, and that it would have cancelled. */
  readonly wouldHaveCancelled: readonly string[];
};

/** The workflow has opened no fork of this path. */
export class UnknownForkError extends Error {
  override readonly name = 'UnknownForkError';

  constructor(
    readonly step: string,
    /** The paths of the forks that there are. */
    readonly known: readonly string[],
  ) {
    const hint = known.length > 0 ? `; it has opened ${known.join(', ')}` : '';
    super(`The workflow has opened no fork "${step}"${hint}`);
  }
}

/**
 * What a fork would have decided by another convergence, going by the results on record in the order in which they arrived.
 * Nothing is run and nothing changes. `step` is the path of the fork: `reviews`, or `reviews/speed/inner` for one that the
 * branch `reviews/speed` opened.
 *
 * A branch that was cancelled, or is still at work, has no result: where the decision would have had to wait for it, the
 * preview is `undecided`. A different strategy might have let other branches start; that is not imagined.
 *
 * @throws UnknownForkError
 */
export function previewConvergence(workflow: Workflow, step: string, converge: Convergence): ConvergencePreview {
  const recorded = forkAt(workflow, step);
  const fork = unopened(recorded, converge);
  const deadline = converge.deadline === undefined ? Infinity : recorded.openedAt + converge.deadline;
  let verdict = judge(fork, { workflow, branch: undefined, deadlinePassed: false });
  if (verdict.is !== 'waiting') return told(workflow, fork, verdict, undefined, false);
  for (const arrival of arrivals(recorded)) {
    if (hasArrived(fork, arrival)) continue;
    if ((arrival.endedAt ?? 0) >= deadline) break;
    arrive(fork, arrival);
    verdict = judge(fork, { workflow, branch: arrival, deadlinePassed: false });
    if (verdict.is !== 'waiting') return told(workflow, fork, verdict, arrival, false);
  }
  if (wereOpenAt(deadline, fork)) {
    verdict = judge(fork, { workflow, branch: undefined, deadlinePassed: true });
    if (verdict.is !== 'waiting') return told(workflow, fork, verdict, undefined, true);
  }
  return undecided(fork);
}

/**
 * The fork of this path.
 * @throws UnknownForkError
 */
export function forkAt(workflow: Workflow, step: string): Fork {
  const cut = step.lastIndexOf('/');
  const parent = cut === -1 ? rootPath : step.slice(0, cut);
  const fork = workflow.branches.get(parent)?.forks.get(step.slice(cut + 1));
  if (fork) return fork;
  const known = [...workflow.branches.values()].flatMap(({ path, forks }) =>
    [...forks.keys()].map((id) => (path === rootPath ? id : `${path}/${id}`)),
  );
  throw new UnknownForkError(step, known.slice(0, 20));
}

/** The fork as it was when it opened, decided by `converge`. Its branches are those of the record, and nobody has arrived. */
function unopened(fork: Fork, converge: Convergence): Fork {
  const nobody = () => new Set<number>();
  return {
    ...fork,
    step: { ...fork.step, converge },
    running: nobody(),
    deferred: nobody(),
    completed: nobody(),
    failed: nobody(),
    skipped: nobody(),
    cancelled: nobody(),
    decision: undefined,
  };
}

/**
 * The branches with a result in the order in which they ended. Each of the fork's sets is in that order already; between
 * them the clock decides, and of the same millisecond those that completed come first.
 */
function arrivals(fork: Fork): readonly Branch[] {
  const lines = [fork.completed, fork.failed, fork.skipped].map((set) =>
    [...set].flatMap((index) => fork.branches[index] ?? []),
  );
  const places = lines.map(() => 0);
  const merged: Branch[] = [];
  for (;;) {
    let next: number | undefined;
    let earliest = Infinity;
    for (const [line, branches] of lines.entries()) {
      const endedAt = branches[places[line] ?? 0]?.endedAt ?? Infinity;
      if (endedAt >= earliest) continue;
      next = line;
      earliest = endedAt;
    }
    const branch = next === undefined ? undefined : lines[next]?.[places[next] ?? 0];
    if (next === undefined || !branch) return merged;
    places[next] = (places[next] ?? 0) + 1;
    merged.push(branch);
  }
}

/** Counts an arrival, and with one that did not complete those that were skipped for want of it. */
function arrive(fork: Fork, arrival: Branch): void {
  const arrived = [arrival];
  for (let branch = arrived.pop(); branch; branch = arrived.pop()) {
    const { is } = branch.phase;
    if (is !== 'completed' && is !== 'failed' && is !== 'skipped') continue;
    fork[is].add(branch.index);
    if (is === 'completed') continue;
    for (const index of fork.dependents.get(branch.index) ?? []) {
      const dependent = fork.branches[index];
      if (dependent?.phase.is === 'skipped' && !hasArrived(fork, dependent)) arrived.push(dependent);
    }
  }
}

/** Whether the record says that whoever has not arrived was open at this moment. */
function wereOpenAt(moment: number, fork: Fork): boolean {
  return fork.branches.every(
    (branch) => hasArrived(fork, branch) || (hasEnded(branch) && (branch.endedAt ?? 0) >= moment),
  );
}

function told(
  workflow: Workflow,
  fork: Fork,
  verdict: Decided,
  arrival: Branch | undefined,
  deadlinePassed: boolean,
): ConvergencePreview {
  const { outcome, reason, counted, dissented, output } = outcomeOf(workflow, fork, verdict, workflow.startedAt);
  const open = fork.branches.filter((branch) => !hasArrived(fork, branch));
  const moment = arrival?.endedAt ?? fork.openedAt;
  return {
    outcome,
    reason,
    counted,
    dissented,
    ...(arrival && { decidedBy: arrival.name }),
    ...(outcome === 'met' && { output: convergenceOutput(fork, { counted, output }) }),
    wouldHaveCancelled: open.filter((branch) => unwanted(fork, branch, moment, deadlinePassed)).map(({ name }) => name),
  };
}

/** Whether a branch that is open at this moment would have been cancelled by the decision. */
function unwanted(fork: Fork, { startedAt }: Branch, moment: number, deadlinePassed: boolean): boolean {
  if (deadlinePassed) return true;
  const { losers } = fork.step.converge;
  switch (losers) {
    case 'cancel':
      return true;
    case 'drain':
      return false;
    case 'detach':
      return startedAt === undefined || startedAt > moment;
    default:
      return unreachable(losers);
  }
}

function undecided(fork: Fork): ConvergencePreview {
  const without = fork.branches.filter((branch) => !hasArrived(fork, branch));
  const reason = `${openCount(fork)} of ${fork.branches.length} branches have no result on record: ${namesInWords(without)}`;
  return { outcome: 'undecided', reason, counted: [], dissented: [], wouldHaveCancelled: [] };
}
