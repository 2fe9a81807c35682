import { type Failure, type Json, type JsonObject, type Run } from '@braid/events';
import { evaluateTemplate } from '../evaluate';
import { scopeOf } from '../scope';
import { openSequences } from '../sequence';
import { type Branch } from '../state';
import { expressionFailure } from '../failures';
import { type Turn } from './turn';

/**
 * A step of a branch has an output: evaluates what it exports and states that it is done. `depth` is that of its sequence,
 * where it is not the innermost.
 */
export function completeStep(
  turn: Turn,
  branch: Branch,
  output: Json,
  more: { readonly run?: Run; readonly written?: JsonObject; readonly depth?: number } = {},
): void {
  const { run, depth = branch.nested.length } = more;
  const { steps, cursor } = openSequences(branch)[depth] ?? branch;
  const step = steps[cursor];
  if (!step) return;
  let exports = more.written;
  if (step.export) {
    const template = step.export;
    const exported = attempt(
      turn,
      branch,
      `${step.path}.export`,
      () => evaluateTemplate(template, scopeOf(turn.state, branch, output)),
      { depth, ...(run && { run }) },
    );
    if (!exported) return;
    exports = { ...exports, ...(exported.value as JsonObject) };
  }
  const data = { branch: branch.path, step: step.id, output, ...(exports && { exports }), ...(run && { run }) };
  const isLast = depth === 0 && cursor === steps.length - 1;
  turn.record(isLast ? { type: 'BranchCompleted', data } : { type: 'BranchAdvanced', data });
}

/** The innermost sequence of a branch is at its end, and so is the branch, or the step that it is nested in. */
export function completeSequence(turn: Turn, branch: Branch): void {
  const sequence = branch.nested.at(-1);
  const depth = branch.nested.length - 1;
  if (!sequence) {
    turn.record({ type: 'BranchCompleted', data: { branch: branch.path, output: branch.output } });
  } else if (sequence.in.is === 'case') {
    completeStep(turn, branch, sequence.output, { depth });
  } else {
    // What the step exports is made of its own output, which it does not have.
    const { steps, cursor } = openSequences(branch)[depth] ?? branch;
    const data = { branch: branch.path, step: steps[cursor]?.id ?? '', output: sequence.output };
    turn.record({ type: 'BranchAdvanced', data });
  }
}

/**
 * A step of a branch has failed for good. The failure is that of every step around it up to the first that says what follows
 * on one, but not of a step that the failed one was answering for; where none does, the branch fails.
 */
export function failStep(
  turn: Turn,
  branch: Branch,
  failure: Failure,
  { run, depth: from = branch.nested.length }: { readonly run?: Run; readonly depth?: number } = {},
): void {
  const told = { branch: branch.path, failure, ...(run && { run }) };
  const sequences = openSequences(branch);
  for (let depth = from; depth >= 0; depth--) {
    if (depth < branch.nested.length && branch.nested[depth]?.in.is !== 'case') continue;
    const { steps, cursor } = sequences[depth] ?? branch;
    const step = steps[cursor];
    if (!step || step.onFailure === 'fail') continue;
    const data = { ...told, step: step.id };
    if (step.onFailure === 'continue') turn.record({ type: 'StepFailed', data });
    else turn.record({ type: 'FailureCaught', data: { ...data, by: 'onFailure' } });
    return;
  }
  const { steps, cursor } = sequences[from] ?? branch;
  const step = steps[cursor];
  turn.record({ type: 'BranchFailed', data: { ...told, ...(step && { step: step.id }) } });
}

/** Evaluates something of a step; when that is not possible the step has failed and nothing is returned. */
export function attempt<T>(
  turn: Turn,
  branch: Branch,
  path: string,
  evaluate: () => T,
  more: { readonly run?: Run; readonly depth?: number } = {},
): { readonly value: T } | undefined {
  try {
    return { value: evaluate() };
  } catch (error) {
    failStep(turn, branch, expressionFailure(branch, turn.now, path, error), more);
    return undefined;
  }
}
