import { type Graph, type Step } from '@braid/events';

/** A sequence of steps: the root, a branch of a `parallel`, or the body of a `map`. */
export type Sequence = {
  /** The path of what the sequence belongs to; empty for the root. */
  readonly holder: string;
  readonly steps: readonly Step[];
  /** The position of each id; the first where one is given twice. */
  readonly positions: ReadonlyMap<string, number>;
  /** The fork that opens the branch of the sequence; absent for the root. */
  readonly opened?: { readonly by: Sequence; readonly at: number; readonly branch?: string };
};

/** All sequences of a graph, each after the one that it is opened by. */
export function sequencesOf(graph: Graph): readonly Sequence[] {
  const found: Sequence[] = [];
  const visit = (holder: string, steps: readonly Step[], opened?: Sequence['opened']): void => {
    const positions = new Map<string, number>();
    for (const [index, { id }] of steps.entries()) if (!positions.has(id)) positions.set(id, index);
    const sequence = { holder, steps, positions, ...(opened === undefined ? {} : { opened }) };
    found.push(sequence);
    for (const [at, step] of steps.entries()) {
      if (step.kind === 'map') visit(step.path, step.steps, { by: sequence, at });
      if (step.kind === 'parallel') {
        for (const { name, path, steps: inner } of step.branches)
          visit(path, inner, { by: sequence, at, branch: name });
      }
    }
  };
  visit('', graph.steps);
  return found;
}

/** The forks around a sequence, the innermost first. */
export function* around(sequence: Sequence): Generator<NonNullable<Sequence['opened']>> {
  for (let opened = sequence.opened; opened !== undefined; opened = opened.by.opened) yield opened;
}
