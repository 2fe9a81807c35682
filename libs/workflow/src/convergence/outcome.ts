import { type ConvergenceReached, type Failure, type Json, type JsonObject, type Tally } from '@braid/events';
import { mergeExports } from '../context';
import { convergenceOutput } from './output';
import { openCount, type Verdict } from './strategy';
import { evaluateTemplate } from '../evaluate';
import { scopeOf } from '../scope';
import { type Fork, type Workflow } from '../state';
import { engineFailure, expressionFailure } from '../failures';

export type Decided = Exclude<Verdict, { is: 'waiting' }>;

export type Outcome = Pick<
  ConvergenceReached,
  'outcome' | 'reason' | 'counted' | 'dissented' | 'output' | 'exports' | 'failure'
>;

/** What a verdict comes to: a fork that is met but whose exports cannot be gathered is unreachable too. */
export function outcomeOf(workflow: Workflow, fork: Fork, verdict: Decided, now: number): Outcome {
  const dissented = dissenters(fork, verdict);
  if (verdict.is === 'unreachable') {
    const { reason } = verdict;
    const output = { shape: 'value', value: null } as const;
    return { outcome: 'unreachable', reason, counted: [], dissented, output, failure: unmet(fork, verdict, now) };
  }
  const { reason, output } = verdict;
  const counted = verdict.counted === 'all' ? 'all' : verdict.counted.map(({ name }) => name);
  const gathered = gather(workflow, fork, verdict, now);
  if (gathered.is === 'failed') {
    const { failure } = gathered;
    return { outcome: 'unreachable', reason: failure.message, counted, dissented, output, failure };
  }
  const { exports } = gathered;
  return { outcome: 'met', reason, counted, dissented, output, ...(Object.keys(exports).length > 0 && { exports }) };
}

type Gathered =
  { readonly is: 'gathered'; readonly exports: JsonObject } | { readonly is: 'failed'; readonly failure: Failure };

/** What the counted branches, and the fork's own `export`, write into the parent's context. */
function gather(workflow: Workflow, fork: Fork, verdict: Extract<Verdict, { is: 'met' }>, now: number): Gathered {
  const { parent, step } = fork;
  const counted = verdict.counted === 'all' ? fork.branches : verdict.counted;
  const merge = mergeExports(counted, step.converge.onConflict);
  if (merge.is === 'conflict') {
    const { key, first, second } = merge;
    const message =
      `Branches "${first}" and "${second}" export different values for "${key}"; ` +
      `export under different keys, or set converge.context.onConflict to first, last or prefer`;
    const details: Json = { key, branches: [first, second] };
    return {
      is: 'failed',
      failure: engineFailure(parent, now, 'context-conflict', 'ContextConflictError', message, { details }),
    };
  }
  if (!step.export) return { is: 'gathered', exports: merge.exports };
  try {
    const names = verdict.counted === 'all' ? 'all' : counted.map(({ name }) => name);
    const output = convergenceOutput(fork, { counted: names, output: verdict.output });
    const exported = evaluateTemplate(step.export, scopeOf(workflow, parent, output)) as JsonObject;
    return { is: 'gathered', exports: { ...merge.exports, ...exported } };
  } catch (error) {
    return { is: 'failed', failure: expressionFailure(parent, now, `${step.path}.export`, error) };
  }
}

function unmet(fork: Fork, verdict: Extract<Verdict, { is: 'unreachable' }>, now: number): Failure {
  const [first] = [...fork.failed].toSorted((a, b) => a - b);
  const failed = fork.branches[first ?? -1];
  const cause = verdict.cause ?? (failed?.phase.is === 'failed' ? failed.phase.failure : undefined);
  const message = `${fork.step.id} cannot converge by ${fork.step.converge.strategy.name}: ${verdict.reason}`;
  const details: Json = { strategy: fork.step.converge.strategy.name, tally: tallyOf(fork), ...verdict.details };
  return engineFailure(fork.parent, now, 'convergence-unmet', 'ConvergenceUnmetError', message, {
    details,
    ...(cause && { cause }),
  });
}

export function tallyOf(fork: Fork): Tally {
  return {
    total: fork.branches.length,
    completed: fork.completed.size,
    failed: fork.failed.size,
    skipped: fork.skipped.size,
    cancelled: fork.cancelled.size,
    open: openCount(fork),
  };
}

/** Of the branches that had ended, those whose end was not what the decision rests on. */
function dissenters(fork: Fork, verdict: Decided): readonly string[] {
  if (verdict.dissented) return verdict.dissented.map(({ name }) => name);
  const dissenting = verdict.is === 'met' ? fork.failed : fork.completed;
  return [...dissenting].toSorted((a, b) => a - b).map((index) => fork.branches[index]?.name ?? '');
}
