import { pathTo, type ProblemList } from './problem';
import { around, type Sequence } from './sequences';

/** What undoes a step is not undone itself, and only a step that can complete is. */
export function checkCompensations(sequences: readonly Sequence[], problems: ProblemList): void {
  for (const sequence of sequences) {
    const within = [...around(sequence)].some(({ undoes }) => undoes);
    for (const step of sequence.steps) {
      if (!step.compensate) continue;
      const place = { path: pathTo(step.path, 'compensate'), part: 'key' } as const;
      if (within) {
        const message = 'the steps of a "compensate" are not undone themselves';
        problems.add({ ...place, message, suggestion: 'answer their failures with "onFailure"' });
      } else if (step.kind === 'fail') {
        const message = 'this never runs: the step always fails, and only what has completed is undone';
        problems.add({ ...place, message, suggestion: 'give it to a step before this one', severity: 'warning' });
      }
    }
  }
}
