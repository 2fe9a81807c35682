import { pathTo, type ProblemList } from './problem';
import { around, type Sequence } from './sequences';

/** Ids are told apart within a sequence and from those around it: `steps.<id>` means one step. */
export function checkIds(sequences: readonly Sequence[], given: ReadonlySet<string>, problems: ProblemList): void {
  for (const sequence of sequences) {
    for (const [index, { id, path }] of sequence.steps.entries()) {
      if (!given.has(id)) continue;
      const at = pathTo(path, 'id');
      if (id.includes('-')) {
        const message = `the id "${id}" has a dash, so expressions must write steps['${id}']`;
        problems.add({ path: at, message, suggestion: `write ${id.replaceAll('-', '_')}`, severity: 'warning' });
      }
      if (sequence.positions.get(id) !== index) {
        problems.add({
          path: at,
          message: `the id "${id}" is given to an earlier step of this sequence`,
          suggestion: 'give each step its own id',
        });
      } else if ([...around(sequence)].some(({ by }) => by.positions.has(id))) {
        problems.add({
          path: at,
          message: `the id "${id}" hides a step of a sequence around this one`,
          suggestion: 'give each step its own id',
        });
      }
    }
  }
}
