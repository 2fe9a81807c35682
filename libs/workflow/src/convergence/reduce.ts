import { type Json, type Strategy } from '@braid/events';
import { evaluateTemplate } from '../evaluate';
import { ExpressionError } from '../expression/expression-error';
import { convergenceScope, scopeOf } from '../scope';
import { type Fork, type Workflow } from '../state';
import { allMustComplete } from './all-must-complete';
import { Memory } from './memory';
import { branchesInWords, type Rule } from './strategy';

type Reduce = Extract<Strategy, { name: 'reduce' }>;

type Fold = {
  /** Of the branches before this place all have ended and are folded. */
  next: number;
  accumulator: Json;
  /** Why the fold cannot go on, which no later arrival can mend. */
  broken: string | undefined;
};

const folds = new Memory<Fold>();

/**
 * Met when every branch completed, by folding their outputs in declared order. Unreachable with the first branch that did
 * not complete, or with the first that the fold cannot go on with. A skipped branch is passed over.
 */
export const reduce: Rule<Reduce> = {
  judge(fork, strategy, arrival) {
    const { workflow } = arrival;
    const fold = folds.of(fork, () => begin(fork, strategy, workflow));
    goOn(fold, fork, strategy, workflow);
    if (fold.broken !== undefined) return { is: 'unreachable', reason: fold.broken };
    const verdict = allMustComplete.judge(fork, { name: 'all-must-complete' }, arrival);
    if (verdict.is !== 'met') return verdict;
    const reason = `${branchesInWords(fork.completed.size)} folded in declared order: ${verdict.reason}`;
    return { ...verdict, reason, output: { shape: 'value', value: fold.accumulator } };
  },
};

function begin(fork: Fork, strategy: Reduce, workflow: Workflow): Fold {
  const fold: Fold = { next: 0, accumulator: null, broken: undefined };
  attempt(fold, 'initial', () => evaluateTemplate(strategy.initial, scopeOf(workflow, fork.parent)));
  return fold;
}

/** Folds what stands next in declared order and is there, so that each branch is folded once. */
function goOn(fold: Fold, fork: Fork, strategy: Reduce, workflow: Workflow): void {
  while (fold.broken === undefined) {
    const branch = fork.branches[fold.next];
    if (!branch) return;
    if (fork.completed.has(branch.index)) {
      const { accumulator } = fold;
      const scope = { ...convergenceScope(workflow, branch), accumulator };
      attempt(fold, `with of ${branch.name}`, () => evaluateTemplate(strategy.with, scope));
    } else if (!fork.skipped.has(branch.index)) return;
    fold.next += 1;
  }
}

function attempt(fold: Fold, what: string, evaluate: () => Json): void {
  try {
    fold.accumulator = evaluate();
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    fold.broken = `${what} cannot be evaluated: ${error.message}`;
  }
}
