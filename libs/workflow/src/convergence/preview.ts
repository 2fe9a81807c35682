import { type Convergence, type ConvergenceReached, type Json, type Strategy, unreachable } from '@braid/events';
import { type Decided, outcomeOf } from './outcome';
import { sameJson } from '../context';
import { isInWant, loseNeed } from '../needs';
import { allEnded, type Branch, type Fork, hasEnded, rootPath, type Workflow } from '../state';
import { verdictOf } from './verdict';
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
 * A judge is not asked: its answer is known only where the fork had the same judge, who was asked the same.
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
  const verdict = verdictOf(fork, { workflow, branch: undefined, deadlinePassed: false });
  if (verdict.is !== 'waiting') return told(workflow, fork, verdict, undefined, false);
  for (const arrival of arrivals(recorded)) {
    if (hasArrived(fork, arrival)) continue;
    if ((arrival.endedAt ?? 0) >= deadline) break;
    arrive(fork, arrival);
    const after = verdictOf(fork, { workflow, branch: arrival, deadlinePassed: false });
    if (after.is !== 'waiting') return told(workflow, fork, after, arrival, false);
  }
  return byDeadline(workflow, fork, deadline) ?? byJudge(workflow, recorded, fork) ?? undecided(fork);
}

/** What the deadline would have decided, or left to a judge: whoever was open then is cancelled. */
function byDeadline(workflow: Workflow, fork: Fork, deadline: number): ConvergencePreview | undefined {
  if (allEnded(fork) || !wereOpenAt(deadline, fork)) return undefined;
  const verdict = verdictOf(fork, { workflow, branch: undefined, deadlinePassed: true });
  if (verdict.is !== 'waiting') return told(workflow, fork, verdict, undefined, true);
  for (const branch of fork.branches) if (!hasArrived(fork, branch)) fork.cancelled.add(branch.index);
  return undefined;
}

function byJudge(workflow: Workflow, recorded: Fork, fork: Fork): ConvergencePreview | undefined {
  const { strategy } = fork.step.converge;
  if (strategy.name !== 'judge' || !allEnded(fork)) return undefined;
  const judge = judgeOnRecord(recorded, fork, strategy);
  if (!judge) return notAsked(fork, strategy);
  const verdict = verdictOf(fork, { workflow, branch: judge, deadlinePassed: false });
  return verdict.is === 'waiting' ? undefined : told(workflow, fork, verdict, judge, false);
}

type Judge = Extract<Strategy, { name: 'judge' }>;

/** The judge that was asked, if it is the one of this strategy and was asked the same about the same branches. */
function judgeOnRecord(recorded: Fork, fork: Fork, { judge: { agent, with: asked } }: Judge): Branch | undefined {
  const { judge, step, completed } = recorded;
  const { strategy } = step.converge;
  if (strategy.name !== 'judge' || judge?.startedAt === undefined || !hasEnded(judge)) return undefined;
  const isSame = strategy.judge.agent === agent && sameJson(strategy.judge.with, asked);
  const sawSame = completed.size === fork.completed.size && [...completed].every((index) => fork.completed.has(index));
  return isSame && sawSame && judge.phase.is !== 'cancelled' ? judge : undefined;
}

function notAsked(fork: Fork, { judge }: Judge): ConvergencePreview {
  const completed = `${fork.completed.size} of ${fork.branches.length} completed`;
  const reason = `${completed}, and what the judge ${judge.agent} says of that is not on record: it would have to be asked`;
  return { outcome: 'undecided', reason, counted: [], dissented: [], wouldHaveCancelled: [] };
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
    lostNeeds: new Map(),
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
      loseNeed(fork, index, branch.index);
      if (dependent?.phase.is !== 'skipped' || hasArrived(fork, dependent)) continue;
      if (isInWant(fork, index)) arrived.push(dependent);
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
