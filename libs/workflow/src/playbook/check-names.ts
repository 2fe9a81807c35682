import { pathTo, type ProblemList } from './problem';
import { around, branchSequence, type Sequence } from './sequences';

/** Ids are told apart within a branch and from those of the branches around it: `steps.<id>` means one step. */
export function checkIds(sequences: readonly Sequence[], given: ReadonlySet<string>, problems: ProblemList): void {
  const taken = takenBy(sequences);
  for (const sequence of sequences) {
    for (const [index, { id, path }] of sequence.steps.entries()) {
      if (!given.has(id)) continue;
      const at = pathTo(path, 'id');
      if (id.includes('-')) {
        const message = `the id "${id}" has a dash, so expressions must write steps['${id}']`;
        problems.add({ path: at, message, suggestion: `write ${id.replaceAll('-', '_')}`, severity: 'warning' });
      }
      const clash = clashOf(id, index, path, sequence, taken);
      if (clash === undefined) continue;
      problems.add({ path: at, message: `the id "${id}" ${clash}`, suggestion: 'give each step its own id' });
    }
  }
}

type Taken = ReadonlyMap<Sequence, ReadonlyMap<string, string>>;

/** By the sequence of each branch, the path of the first step in the branch that has an id. */
function takenBy(sequences: readonly Sequence[]): Taken {
  const taken = new Map<Sequence, Map<string, string>>();
  for (const sequence of sequences) {
    const branch = branchSequence(sequence);
    const ids = taken.get(branch) ?? new Map<string, string>();
    taken.set(branch, ids);
    for (const { id, path } of sequence.steps) if (!ids.has(id)) ids.set(id, path);
  }
  return taken;
}

function clashOf(id: string, index: number, path: string, sequence: Sequence, taken: Taken): string | undefined {
  if (sequence.positions.get(id) !== index) return 'is given to an earlier step of this sequence';
  const outer = [...around(sequence)].map(({ by }) => by);
  const branch = branchSequence(sequence);
  const hides = (by: Sequence) =>
    by.positions.has(id) || (branchSequence(by) !== branch && taken.get(branchSequence(by))?.has(id));
  if (outer.some(hides)) return 'hides a step of a sequence around this one';
  return taken.get(branch)?.get(id) === path ? undefined : 'is given to an earlier step of this branch';
}
