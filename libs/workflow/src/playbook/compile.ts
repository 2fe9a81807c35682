import { type Graph, type JsonObject } from '@braid/events';
import { builtInNames } from '../expression/cel-environment';
import { buildGraph } from './build-graph';
import { checkBudget } from './check-budget';
import { checkCompensations } from './check-compensations';
import { warnOfUnserved } from './check-agents';
import { checkExpressions, reservedNames } from './check-expressions';
import { checkForks } from './check-forks';
import { checkIds } from './check-names';
import { checkPlaybooks, type PublishedPlaybooks } from './check-playbooks';
import { checkSchemas } from './check-schemas';
import { checkSignals } from './check-signals';
import { fieldsOf, listOf } from './fields';
import { defaultLimits, type PlaybookLimits } from './limits';
import { pathTo, type Problem, ProblemList } from './problem';
import { sequencesOf, type Sequence } from './sequences';
import { shapeOf, unreadable } from './shape';
import { exceeds, openSource } from './source';
import { givenIds, stepsIn } from './step-names';
import { vet } from './vet';

export type CompiledPlaybook =
  | { readonly ok: true; readonly graph: Graph; readonly warnings: readonly Problem[] }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** What is known of the installation that a playbook is for. */
type Around = {
  /** The playbooks that it runs. */
  readonly published?: PublishedPlaybooks;
  /** The agents that runners serve now. */
  readonly served?: ReadonlySet<string>;
};

/**
 * Compiles a playbook to its graph: checked, defaults applied, durations in milliseconds, ids given, the short form expanded.
 * A text is YAML or JSON, and its problems have a line and a column. All problems come at once; where one is an
 * error there is no graph. Never throws for what a playbook holds. What is outside of it is checked
 * where `options` tell of it.
 */
export function compilePlaybook(
  source: string | JsonObject,
  options: { readonly limits?: Partial<PlaybookLimits> } & Around = {},
): CompiledPlaybook {
  const limits = { ...defaultLimits, ...options.limits };
  const problems = new ProblemList(limits.problems);
  const { read, locate } =
    typeof source === 'string'
      ? openSource(source, limits, problems)
      : { read: () => vet(source, limits, problems), locate: () => undefined };
  const graph = problems.collect(() => {
    const vetted = read();
    const unusable = vetted === undefined || isTooLarge(source, vetted, limits, problems);
    return unusable ? undefined : graphOf(vetted, limits, problems, options);
  });
  const found = problems.located(locate);
  return graph === undefined || problems.hasErrors
    ? { ok: false, problems: found }
    : { ok: true, graph, warnings: found };
}

/** A text has been measured before it was read; an object is measured as the JSON that it was or will be. */
function isTooLarge(
  source: string | JsonObject,
  vetted: unknown,
  limits: PlaybookLimits,
  problems: ProblemList,
): boolean {
  return typeof source !== 'string' && exceeds(JSON.stringify(vetted), limits, problems);
}

function graphOf(
  value: unknown,
  limits: PlaybookLimits,
  problems: ProblemList,
  { published, served }: Around,
): Graph | undefined {
  if (stepsIn(value, limits.steps).length + listedIn(value) > limits.steps) {
    problems.add({
      path: '',
      message: `the playbook has too many steps and branches; the limit (steps) is ${limits.steps}`,
    });
    return undefined;
  }
  if (Object.keys(fieldsOf(fieldsOf(value)['variables'])).length > limits.variables) {
    problems.add({
      path: 'variables',
      message: `there are too many variables; the limit (variables) is ${limits.variables}`,
    });
    return undefined;
  }
  const { tree, original } = shapeOf(value, problems);
  if (tree === unreadable) return undefined;
  problems.translate(original);
  const { graph, partial } = buildGraph(tree, problems);
  const sequences = sequencesOf(graph);
  checkIds(sequences, givenIds(tree), problems);
  checkForks(sequences, partial, problems);
  checkSignals(sequences, problems);
  checkBudget(graph, problems);
  checkCompensations(sequences, problems);
  checkSchemas(graph, sequences, limits, problems);
  const used = checkExpressions(graph, sequences, partial, limits, problems);
  checkItemNames(sequences, problems);
  if (problems.hasErrors) return graph;
  warnOfUnused(graph, used, problems);
  warnOfNoForks(graph, sequences, problems);
  if (published) checkPlaybooks(sequences, published, problems);
  if (served) warnOfUnserved(sequences, served, problems);
  warnOfUnreached(sequences, problems);
  return graph;
}

/** The agents that the short form names without a step: each becomes one. */
function listedIn(value: unknown): number {
  const branches = listOf(fieldsOf(fieldsOf(value)['parallelStructure'])['branches']) ?? [];
  return branches.reduce<number>((sum, branch) => sum + 1 + (listOf(branch)?.length ?? 0), 0);
}

/** The item of a map must not hide a name that expressions have already. */
function checkItemNames(sequences: readonly Sequence[], problems: ProblemList): void {
  const taken = new Set<string>([...reservedNames, ...builtInNames]);
  for (const step of sequences.flatMap(({ steps }) => steps)) {
    if (step.kind !== 'map') continue;
    const path = pathTo(step.path, 'map', 'as');
    if (taken.has(step.as)) {
      const message = `"${step.as}" already means something in expressions`;
      problems.add({ path, message, suggestion: 'choose another name for the item' });
    } else if (step.as.includes('-')) {
      const message = `the name "${step.as}" has a dash, which expressions read as a subtraction`;
      problems.add({ path, message, suggestion: `write ${step.as.replaceAll('-', '_')}` });
    }
  }
}

function warnOfUnused(graph: Graph, used: ReadonlySet<string>, problems: ProblemList): void {
  if (used.has('*')) return;
  for (const name of Object.keys(graph.variables).filter((each) => !used.has(each))) {
    const message = `the variable "${name}" is not used`;
    problems.add({ path: pathTo('variables', name), part: 'key', message, severity: 'warning' });
  }
}

function warnOfNoForks(graph: Graph, sequences: readonly Sequence[], problems: ProblemList): void {
  const forks = sequences.some(({ opened }) => opened !== undefined && opened.nesting === undefined && !opened.undoes);
  if (graph.executionType !== 'parallel' || forks) return;
  const message = 'nothing here runs in parallel: the steps of a list run one after another';
  const suggestion = 'make them branches of a step with "parallel"';
  problems.add({ path: 'executionType', message, suggestion, severity: 'warning' });
}

/** Whatever stands after a step that always fails is never run. */
function warnOfUnreached(sequences: readonly Sequence[], problems: ProblemList): void {
  for (const { steps } of sequences) {
    const end = steps.findIndex((step) => step.kind === 'fail' && step.if === undefined && step.onFailure === 'fail');
    const next = end === -1 ? undefined : steps[end + 1];
    if (next === undefined) continue;
    const message = `this is never reached: the step before it always fails`;
    problems.add({ path: next.path, message, suggestion: 'give the failing step a condition', severity: 'warning' });
  }
}
