import { type Graph, type Step } from '@braid/events';
import { nestedSteps, type Nesting, nestingsOf, stepsInside } from '../sequence';

/** A sequence of steps: the root, a branch of a `parallel`, the body of a `map`, or one that is nested in a step. */
export type Sequence = {
  /** The path of what the sequence belongs to; empty for the root. */
  readonly holder: string;
  readonly steps: readonly Step[];
  /** The position of each id; the first where one is given twice. */
  readonly positions: ReadonlyMap<string, number>;
  /** The ids of steps that run in the same branch inside of a step of this sequence: its position. */
  readonly inner: ReadonlyMap<string, number>;
  /** The step that the sequence belongs to; absent for the root. */
  readonly opened?: {
    readonly by: Sequence;
    readonly at: number;
    readonly branch?: string;
    /** Present where the sequence runs in the branch of the step, absent where a branch is opened for it: by the fork that the step is, or to undo the step. */
    readonly nesting?: Nesting;
    /** Whether the sequence undoes the step, in a branch of its own that sees what the step's branch saw. */
    readonly undoes?: true;
  };
};

/** All sequences of a graph, each after the one that it is opened by. */
export function sequencesOf(graph: Graph): readonly Sequence[] {
  const found: Sequence[] = [];
  const visit = (holder: string, steps: readonly Step[], opened?: Sequence['opened']): void => {
    const positions = new Map<string, number>();
    const inner = new Map<string, number>();
    for (const [index, step] of steps.entries()) {
      if (!positions.has(step.id)) positions.set(step.id, index);
      for (const { id } of stepsInside(step)) if (!inner.has(id)) inner.set(id, index);
    }
    const sequence = { holder, steps, positions, inner, ...(opened === undefined ? {} : { opened }) };
    found.push(sequence);
    for (const [at, step] of steps.entries()) {
      if (step.kind === 'map') visit(step.path, step.steps, { by: sequence, at });
      if (step.kind === 'parallel') {
        for (const { name, path, steps: own } of step.branches) visit(path, own, { by: sequence, at, branch: name });
      }
      for (const nesting of nestingsOf(step)) {
        visit(step.path, nestedSteps(step, nesting) ?? [], { by: sequence, at, nesting });
      }
      if (step.compensate) visit(step.path, step.compensate, { by: sequence, at, undoes: true });
    }
  };
  visit('', graph.steps);
  return found;
}

/** The steps around a sequence, the innermost first. */
export function* around(sequence: Sequence): Generator<NonNullable<Sequence['opened']>> {
  for (let opened = sequence.opened; opened !== undefined; opened = opened.by.opened) yield opened;
}

/** The sequence of the branch in which a sequence runs: itself, unless it is nested. */
export function branchSequence(sequence: Sequence): Sequence {
  let at = sequence;
  while (at.opened?.nesting !== undefined) at = at.opened.by;
  return at;
}

/** The sequence of the branch whose name, needs and items a sequence sees: what undoes a step sees those of the step's branch. */
export function seenSequence(sequence: Sequence): Sequence {
  const own = branchSequence(sequence);
  return own.opened?.undoes ? seenSequence(own.opened.by) : own;
}

/** The place in a sequence of a step, or of the step that it is nested in. */
export function positionIn({ positions, inner }: Sequence, id: string): number | undefined {
  return positions.get(id) ?? inner.get(id);
}
