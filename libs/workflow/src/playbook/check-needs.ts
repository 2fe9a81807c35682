import { type BranchSpec, type ParallelStep } from '@braid/events';
import { nearest } from '../expression/suggest';
import { pathTo, type ProblemList } from './problem';

/** `needs` may name only siblings, each once, and never lead back to the branch itself. */
export function checkNeeds(fork: ParallelStep, problems: ProblemList): void {
  const names = fork.branches.map(({ name }) => name);
  const known = new Set(names);
  for (const branch of fork.branches) {
    const { name, path, needs, require } = branch;
    checkRequired(branch, problems);
    for (const [index, need] of needs.entries()) {
      const at = require === undefined ? pathTo(path, 'needs', index) : pathTo(path, 'needs', 'branches', index);
      if (need === name) problems.add({ path: at, message: `the branch "${name}" needs itself` });
      else if (needs.indexOf(need) !== index) problems.add({ path: at, message: `"${need}" is needed twice` });
      else if (!known.has(need)) {
        const near = nearest(
          need,
          names.filter((each) => each !== name),
        );
        const suggestion = near === undefined ? undefined : `did you mean "${near}"?`;
        problems.add({ path: at, message: `"${need}" is not a sibling of the branch "${name}"`, suggestion });
      }
    }
  }
  for (const cycle of cyclesOf(fork.branches)) {
    const [first] = cycle;
    if (first === undefined) continue;
    const way = [...cycle, first].map(({ name }) => name).join(' → ');
    problems.add({
      path: pathTo(first.path, 'needs'),
      message: `these branches wait for each other in a circle: ${way}`,
      suggestion: 'take one of these needs away',
    });
  }
}

function checkRequired({ path, needs, require }: BranchSpec, problems: ProblemList): void {
  if (typeof require !== 'number' || require <= needs.length) return;
  const named = needs.length === 1 ? 'only one is' : `only ${needs.length} are`;
  const message = `"require" asks for ${require} branches, and ${named} named`;
  const suggestion = `write ${needs.length}, or a share such as 50%`;
  problems.add({ path: pathTo(path, 'needs', 'require'), message, suggestion });
}

/** One cycle for every group of branches that wait for each other; a branch that needs itself is none. */
function cyclesOf(branches: readonly BranchSpec[]): readonly (readonly BranchSpec[])[] {
  const byName = new Map(branches.map((branch) => [branch.name, branch]));
  const cycles: (readonly BranchSpec[])[] = [];
  const done = new Set<BranchSpec>();
  for (const start of branches) {
    // An explicit stack: a chain of needs may be as long as the fork is wide.
    const way: { readonly branch: BranchSpec; next: number }[] = [{ branch: start, next: 0 }];
    const onWay = new Set([start]);
    if (done.has(start)) continue;
    for (let top = way.at(-1); top !== undefined; top = way.at(-1)) {
      const need = top.branch.needs[top.next++];
      const target = need === undefined ? undefined : byName.get(need);
      if (need === undefined) {
        done.add(top.branch);
        onWay.delete(top.branch);
        way.pop();
      } else if (target !== undefined && target !== top.branch && onWay.has(target)) {
        const from = way.findIndex(({ branch }) => branch === target);
        cycles.push(way.slice(from).map(({ branch }) => branch));
      } else if (target !== undefined && !done.has(target) && target !== top.branch) {
        way.push({ branch: target, next: 0 });
        onWay.add(target);
      }
    }
  }
  return separate(cycles);
}

/** Of cycles that share branches only the first: taking it apart may take the others apart too. */
function separate(cycles: readonly (readonly BranchSpec[])[]): readonly (readonly BranchSpec[])[] {
  const told = new Set<BranchSpec>();
  return cycles.filter((cycle) => {
    const fresh = cycle.every((branch) => !told.has(branch));
    for (const branch of cycle) told.add(branch);
    return fresh;
  });
}
