import { type BranchSpec, type ParallelStep, type Step } from '@braid/events';
import { type Building } from './build-context';
import { type Fields, fieldsOf, has, listOf, textOf } from './fields';
import { buildConvergence } from './build-converge';
import { buildStep } from './build-steps';
import { pathTo } from './problem';
import { type Visible } from './step-names';

type Listed = { readonly fields: Fields; readonly path: string };

/**
 * The short form of one fork: `parallelStructure: { branches: [[a, b], [c]], convergeAt: d }`.
 *
 * It means a step `parallel` whose branches are called `branch-1`, `branch-2`, … in the order of the list, each a
 * sequence of the named agents, decided by all-must-complete; and then a step with the agent of `convergeAt`, whose
 * input is the branches' outputs by name, `${{ steps['<the fork>'].output }}`, unless it has a `with` of its own.
 *
 * A name means the step of `steps` that has it as its id or, failing that, as its agent, with everything that is said
 * there; else an agent. A step may stand in place of a name. Steps of `steps` that are not named run one after another:
 * those before the first named one before the fork, the others after `convergeAt`.
 */
export function buildShortForm(tree: Fields, building: Building): readonly Step[] {
  const structure = fieldsOf(tree['parallelStructure']);
  const path = 'parallelStructure';
  const visible: Visible = { around: undefined, own: new Set() };
  const steps = (listOf(tree['steps']) ?? []).map((step, index) => ({
    fields: fieldsOf(step),
    path: pathTo('steps', index),
  }));
  const named = byName(steps);
  const taken = new Set<Listed>();
  const lists = (listOf(structure['branches']) ?? []).map((list, branch) =>
    (listOf(list) ?? []).map((item, index) => resolve(item, pathTo(path, 'branches', branch, index), named, taken)),
  );
  const last = has(structure, 'convergeAt')
    ? resolve(structure['convergeAt'], pathTo(path, 'convergeAt'), named, taken)
    : undefined;
  const first = steps.findIndex((step) => taken.has(step));
  const free = (from: number, to: number) => steps.slice(from, to).filter((step) => !taken.has(step));
  const build = ({ fields, path: at }: Listed): Step => buildStep(fields, at, { visible }, building);

  const before = free(0, first === -1 ? steps.length : first).map(build);
  const fork = buildFork(lists, path, visible, building);
  return [
    ...before,
    fork,
    ...(last === undefined ? [] : [build(withOutputs(last, fork.id))]),
    ...free(first === -1 ? steps.length : first, steps.length).map(build),
  ];
}

function resolve(item: unknown, path: string, steps: StepsByName, taken: Set<Listed>): Listed {
  const name = textOf(item);
  if (name === undefined) return { fields: typeof item === 'symbol' ? { agent: item } : fieldsOf(item), path };
  const meant = firstFree(steps.byId.get(name), taken) ?? firstFree(steps.byAgent.get(name), taken);
  if (meant === undefined) return { fields: { agent: name }, path };
  taken.add(meant);
  return meant;
}

/** The steps that have an id or an agent, the last one first: those that are taken are dropped from the end. */
type StepsByName = { readonly byId: Map<string, Listed[]>; readonly byAgent: Map<string, Listed[]> };

function byName(steps: readonly Listed[]): StepsByName {
  const found: StepsByName = { byId: new Map(), byAgent: new Map() };
  const keep = (map: Map<string, Listed[]>, name: unknown, step: Listed) => {
    if (typeof name !== 'string') return;
    const same = map.get(name);
    if (same === undefined) map.set(name, [step]);
    else same.push(step);
  };
  for (const step of steps.toReversed()) {
    keep(found.byId, step.fields['id'], step);
    keep(found.byAgent, step.fields['agent'], step);
  }
  return found;
}

function firstFree(steps: Listed[] | undefined, taken: ReadonlySet<Listed>): Listed | undefined {
  while (steps !== undefined) {
    const last = steps.at(-1);
    if (last === undefined || !taken.has(last)) return last;
    steps.pop();
  }
  return undefined;
}

function withOutputs(step: Listed, fork: string): Listed {
  const outputs = { with: `\${{ steps['${fork}'].output }}` };
  return { ...step, fields: { ...outputs, ...step.fields } };
}

function buildFork(
  lists: readonly (readonly Listed[])[],
  path: string,
  visible: Visible,
  building: Building,
): ParallelStep {
  const id = building.names.name(undefined, 'parallel', undefined, visible);
  const branches = lists.map((list, index): BranchSpec => {
    const name = `branch-${index + 1}`;
    const inner = {
      visible: { around: visible, own: new Set<string>() },
      branch: list.length === 1 ? name : undefined,
    };
    const steps = list.map(({ fields, path: at }) => buildStep(fields, at, inner, building));
    return { name, path: pathTo(path, 'branches', index), needs: [], steps };
  });
  const converge = buildConvergence(undefined, path, building);
  return { kind: 'parallel', id, path, onFailure: 'fail', branches, converge };
}
