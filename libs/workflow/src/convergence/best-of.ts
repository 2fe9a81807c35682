import { type Strategy } from '@braid/events';
import { evaluateExpression } from '../evaluate';
import { ExpressionError } from '../expression/expression-error';
import { convergenceScope } from '../scope';
import { type Branch, type Workflow } from '../state';
import { Memory } from './memory';
import { Newcomers } from './newcomers';
import { branchesInWords, inDeclaredOrder, namesInWords, openCount, type Rule, waiting } from './strategy';

type BestOf = Extract<Strategy, { name: 'best-of' }>;

type Scores = {
  readonly arrivals: Newcomers;
  best: { readonly branch: Branch; readonly score: number } | undefined;
  count: number;
  /** Branches that completed and have no score, and why. */
  readonly without: Map<number, string>;
};

const scores = new Memory<Scores>();

/**
 * Met when every branch has ended, or the deadline has passed, and one has a score: the highest number wins, of equal ones
 * the first in declared order. Unreachable when none has one then. A score that is no number counts as none.
 */
export const bestOf: Rule<BestOf> = {
  judge(fork, strategy, { workflow, deadlinePassed }) {
    const known = scores.of(fork, () => ({
      arrivals: new Newcomers(fork.completed),
      best: undefined,
      count: 0,
      without: new Map(),
    }));
    for (const index of known.arrivals.next()) {
      const branch = fork.branches[index];
      if (branch) enter(known, branch, workflow, strategy);
    }
    const open = openCount(fork);
    if (open > 0 && !deadlinePassed) return waiting;
    const dissented = inDeclaredOrder(fork, [...known.without.keys(), ...fork.failed]);
    const late = open > 0 ? `; ${branchesInWords(open)} open at the deadline` : '';
    const unscored = without(inDeclaredOrder(fork, known.without.keys()), known.without);
    if (!known.best) {
      const ended = `${fork.completed.size} completed, ${fork.failed.size} failed`;
      return { is: 'unreachable', reason: `no branch has a score: ${ended}${unscored}${late}`, dissented };
    }
    const { branch, score } = known.best;
    const of = known.count === 1 ? 'the only score' : `the highest of ${known.count} scores`;
    const reason = `${branch.name} has ${of}, ${score}${unscored}${late}`;
    return { is: 'met', reason, counted: [branch], output: { shape: 'single' }, dissented };
  },
};

function enter(known: Scores, branch: Branch, workflow: Workflow, strategy: BestOf): void {
  const score = scoreOf(branch, workflow, strategy);
  if (typeof score === 'string') {
    known.without.set(branch.index, score);
    return;
  }
  known.count += 1;
  const { best } = known;
  const wins = !best || score > best.score || (score === best.score && branch.index < best.branch.index);
  if (wins) known.best = { branch, score };
}

/** The score, or why there is none. */
function scoreOf(branch: Branch, workflow: Workflow, { score }: BestOf): number | string {
  try {
    const value = evaluateExpression(score, convergenceScope(workflow, branch));
    return typeof value === 'number' ? value : 'its score is no number';
  } catch (error) {
    if (error instanceof ExpressionError) return error.reason;
    throw error;
  }
}

function without(branches: readonly Branch[], why: ReadonlyMap<number, string>): string {
  const [first] = branches;
  return first ? `; ${namesInWords(branches)} without a score (${why.get(first.index) ?? ''})` : '';
}
