import { type Json, type OnFailure, type Step, unreachable } from '@braid/events';

/** Steps that run one after another. A branch is one; the others are nested in a step of it and run in the same branch. */
export type Sequence = {
  readonly steps: readonly Step[];
  /** The step that is under way, or comes next. */
  cursor: number;
  /** Output of the last step that completed. */
  output: Json;
};

/** A sequence that a step has brought about, until which ends the step is under way. */
export type NestedSequence = Sequence & { readonly in: Nesting };

/** Which of the sequences of a step. */
export type Nesting =
  | { readonly is: 'case'; readonly case: number }
  /** In answer to a failure of the step. */
  | { readonly is: 'onFailure' }
  | { readonly is: 'onUnmet' };

type Nest = { readonly nested: readonly NestedSequence[] } & Sequence;

/** The sequences that are under way, from the branch's own to the innermost. */
export function openSequences(branch: Nest): readonly Sequence[] {
  return branch.nested.length === 0 ? [branch] : [branch, ...branch.nested];
}

/** The innermost sequence that is under way. */
export function innermost(branch: Nest): Sequence {
  return branch.nested.at(-1) ?? branch;
}

/** The step that a branch is at; none at the end of a sequence. */
export function currentStep(branch: Nest): Step | undefined {
  const { steps, cursor } = innermost(branch);
  return steps[cursor];
}

/** Whether the branch has this step behind it: in the order of one of the sequences that it is in, it is at a later one. */
export function isPast(branch: Nest, step: string): boolean {
  return openSequences(branch).some(({ steps, cursor }) => steps.slice(0, cursor).some(({ id }) => id === step));
}

/** The step that a branch is at, or whose nested sequence it is at the end of. */
export function stepUnderWay(branch: Nest): Step | undefined {
  return openSequences(branch)
    .map(({ steps, cursor }) => steps[cursor])
    .findLast((step) => step !== undefined);
}

/** The steps of a nested sequence; undefined where the step has no such sequence. */
export function nestedSteps(step: Step, nesting: Nesting): readonly Step[] | undefined {
  switch (nesting.is) {
    case 'case':
      return step.kind === 'choose' ? step.cases[nesting.case]?.steps : undefined;
    case 'onFailure':
      return stepsOf(step.onFailure);
    case 'onUnmet':
      return 'converge' in step ? stepsOf(step.converge.onUnmet) : undefined;
    default:
      return unreachable(nesting);
  }
}

function stepsOf(onFailure: OnFailure): readonly Step[] | undefined {
  return typeof onFailure === 'string' ? undefined : onFailure;
}

/** Every sequence that may be nested in a step, at one level. */
export function nestingsOf(step: Step): readonly Nesting[] {
  const all: Nesting[] = step.kind === 'choose' ? step.cases.map((_, index) => ({ is: 'case', case: index })) : [];
  if (typeof step.onFailure !== 'string') all.push({ is: 'onFailure' });
  if ('converge' in step && typeof step.converge.onUnmet !== 'string') all.push({ is: 'onUnmet' });
  return all;
}

/** Every step of a playbook that is inside of these or one of them, in branches of forks and compensations too, and those that ask judges. */
export function* everyStep(steps: readonly Step[]): Generator<Step> {
  for (const step of steps) {
    yield step;
    if ('converge' in step && step.converge.strategy.name === 'judge') yield step.converge.strategy.judge;
    if (step.kind === 'map') yield* everyStep(step.steps);
    if (step.kind === 'parallel') for (const branch of step.branches) yield* everyStep(branch.steps);
    for (const nesting of nestingsOf(step)) yield* everyStep(nestedSteps(step, nesting) ?? []);
    if (step.compensate) yield* everyStep(step.compensate);
  }
}

/** The steps that may run in the branch of a step and inside of it, at every level. */
export function* stepsInside(step: Step): Generator<Step> {
  for (const nesting of nestingsOf(step)) {
    for (const inner of nestedSteps(step, nesting) ?? []) {
      yield inner;
      yield* stepsInside(inner);
    }
  }
}
