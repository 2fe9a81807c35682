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
    const seen = new Set<string>();
    for (const [index, need] of needs.entries()) {
      const at = require === undefined ? pathTo(path, 'needs', index) : pathTo(path, 'needs', 'branches', index);
      if (need === name) problems.add({ path: at, message: `the branch "${name}" needs itself` });
      else if (seen.has(need)) problems.add({ path: at, message: `"${need}" is needed twice` });
      else if (!known.has(need)) {
        const near = nearest(
          need,
          names.filter((each) => each !== name),
        );
        const suggestion = near === undefined ? undefined : `did you mean "${near}"?`;
        problems.add({ path: at, message: `"${need}" is not a sibling of the branch "${name}"`, suggestion });
      }
      seen.add(need);
    }
  }
  for (const cycle of cyclesOf(fork.branches)) {
    const [first] = cycle;
    if (first === undefined) continue;
    const way = inCircle(cycle.map(({ name }) => name));
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

/** The names in their order and the first again; of a long circle, only how it begins and ends. */
function inCircle(names: readonly string[]): string {
  const shown = names.length <= 12 ? names : [...names.slice(0, 10), '…', ...names.slice(-1)];
  return [...shown, ...names.slice(0, 1)].join(' → ');
}

/**
 * One cycle for every group of branches that wait for each other; a branch that needs itself is none. Of cycles that share
 * branches only the first: taking it apart may take the others apart too.
 */
function cyclesOf(branches: readonly BranchSpec[]): readonly (readonly BranchSpec[])[] {
  const byName = new Map(branches.map((branch) => [branch.name, branch]));
  const search: Search = { targets: (name) => byName.get(name), cycles: [], told: new Set(), done: new Set() };
  for (const start of branches) if (!search.done.has(start)) follow(start, search);
  return search.cycles;
}

type Search = {
  readonly targets: (name: string) => BranchSpec | undefined;
  readonly cycles: (readonly BranchSpec[])[];
  /** The branches of these cycles. */
  readonly told: Set<BranchSpec>;
  /** The branches whose needs have been followed to their ends. */
  readonly done: Set<BranchSpec>;
};

/** Follows all needs from a branch. With an explicit stack: a chain of needs may be as long as the fork is wide. */
function follow(start: BranchSpec, search: Search): void {
  const way: { readonly branch: BranchSpec; next: number }[] = [{ branch: start, next: 0 }];
  const onWay = new Map([[start, 0]]);
  for (let top = way.at(-1); top !== undefined; top = way.at(-1)) {
    const need = top.branch.needs[top.next++];
    if (need === undefined) {
      search.done.add(top.branch);
      onWay.delete(top.branch);
      way.pop();
      continue;
    }
    const target = search.targets(need);
    if (target === undefined || target === top.branch) continue;
    const from = onWay.get(target);
    if (from !== undefined) {
      // Both ends first: most cycles in a thicket share one of them, and need not be looked at in full.
      if (!search.told.has(top.branch) && !search.told.has(target)) keepFresh(way.slice(from), search);
    } else if (!search.done.has(target)) {
      onWay.set(target, way.length);
      way.push({ branch: target, next: 0 });
    }
  }
}

function keepFresh(way: readonly { readonly branch: BranchSpec }[], { cycles, told }: Search): void {
  const cycle = way.map(({ branch }) => branch);
  if (cycle.some((branch) => told.has(branch))) return;
  cycles.push(cycle);
  for (const branch of cycle) told.add(branch);
}
