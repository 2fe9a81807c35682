import {
  type BranchSpec,
  type ForkStep,
  type Graph,
  type Json,
  type ParallelStep,
  type Step,
  unreachable,
} from '@braid/events';
import { compileExpression } from '../expression/compile-expression';
import { compileTemplate } from '../expression/compile-template';
import { ExpressionError } from '../expression/expression-error';
import { type NameUse } from '../expression/names';
import { expressionProblems, type ExpressionProblem, type KnownNames, templateProblems } from '../expression/problems';
import { codesIn, ExpressionBudget } from './expression-budget';
import { type PlaybookLimits } from './limits';
import { pathTo, type ProblemList } from './problem';
import { around, seenSequence, type Sequence } from './sequences';
import { explainNeed, explainStep, type Places } from './unreachable-names';

/** The roots of names in expressions; nothing else may be called so. */
export const reservedNames = [
  'variables',
  'context',
  'steps',
  'needs',
  'branch',
  'workflow',
  'output',
  'accumulator',
  'outputs',
  'secrets',
] as const;

const branchNames = ['name', 'path', 'index'];
const workflowNames = ['id', 'playbook', 'startedAt'];

/** Where an expression stands: before the step at `at` of a sequence, or in the condition of a branch of it. */
type Site = {
  readonly sequence: Sequence;
  readonly at: number;
  readonly branch?: BranchSpec | undefined;
  readonly siblings: readonly string[] | 'any';
  readonly output?: boolean;
  readonly secrets?: boolean;
  /** Further names that mean something here. */
  readonly more?: readonly string[];
};

type Checking = {
  readonly places: Places;
  readonly variables: readonly string[] | 'any';
  readonly steps: readonly string[] | 'any';
  readonly partial: ReadonlySet<string>;
  readonly problems: ProblemList;
  /** The names of branches, by the path of their fork. */
  readonly siblings: Map<string, readonly string[]>;
  /** The branches of every `parallel`, by their paths. */
  readonly branches: ReadonlyMap<string, BranchSpec>;
  readonly budget: ExpressionBudget;
  /** Names of variables that some expression uses; `*` for all at once. */
  readonly used: Set<string>;
};

/**
 * Checks every expression of the graph: syntax, kinds, and that each name exists and has a value by then.
 * Returns the names of the variables that are used; `*` where one is computed.
 */
export function checkExpressions(
  graph: Graph,
  sequences: readonly Sequence[],
  partial: ReadonlySet<string>,
  limits: PlaybookLimits,
  problems: ProblemList,
): ReadonlySet<string> {
  const places: Places = new Map();
  for (const sequence of sequences) {
    for (const { id } of sequence.steps) if (!places.has(id)) places.set(id, sequence);
  }
  const checking: Checking = {
    places,
    variables: partial.has('variables') ? 'any' : Object.keys(graph.variables),
    steps: partial.size > 0 ? 'any' : [...places.keys()],
    partial,
    problems,
    siblings: new Map(),
    branches: branchesOf(sequences),
    budget: new ExpressionBudget(limits, problems),
    used: new Set(),
  };
  for (const sequence of sequences) checkSequence(sequence, checking);
  const [root] = sequences;
  if (root !== undefined && graph.output !== undefined) {
    checkTemplate(graph.output, 'output', { sequence: root, at: root.steps.length, siblings: [] }, checking);
  }
  return checking.used;
}

function checkSequence(sequence: Sequence, checking: Checking): void {
  const root = seenSequence(sequence);
  // The body of a map has the path of its step, which may be that of a branch.
  const branch = root.opened?.branch === undefined ? undefined : checking.branches.get(root.holder);
  const siblings = branch === undefined ? [] : siblingsOf(root, checking);
  for (const [at, step] of sequence.steps.entries()) {
    const site = { sequence, at, branch, siblings };
    if (step.if !== undefined) checkCondition(step.if, pathTo(step.path, 'if'), site, checking);
    if (step.export !== undefined)
      checkTemplate(step.export, pathTo(step.path, 'export'), { ...site, output: true }, checking);
    checkStep(step, site, checking);
  }
}

function checkStep(step: Step, site: Site, checking: Checking): void {
  switch (step.kind) {
    case 'agent':
      checkTemplate(step.with, pathTo(step.path, 'with'), { ...site, secrets: true }, checking);
      return;
    case 'set':
      checkTemplate(step.values, pathTo(step.path, 'set'), site, checking);
      return;
    case 'map':
      checkTemplate(step.over, pathTo(step.path, 'map', 'over'), site, checking);
      checkStrategy(step, [step.as], site, checking);
      return;
    case 'parallel': {
      checkStrategy(step, [], site, checking);
      const siblings = namesOf(step, checking);
      for (const branch of step.branches) {
        if (branch.if === undefined) continue;
        checkCondition(branch.if, pathTo(branch.path, 'if'), { ...site, branch, siblings }, checking);
      }
      return;
    }
    case 'choose':
      for (const { path, when } of step.cases) {
        if (when !== undefined) checkCondition(when, pathTo(path, 'when'), site, checking);
      }
      return;
    case 'signal':
      return;
    case 'playbook':
      checkTemplate(step.with, pathTo(step.path, 'with'), site, checking);
      return;
    case 'wait':
      checkTemplate(step.time, pathTo(step.path, 'wait'), site, checking);
      return;
    case 'fail':
      checkTemplate(step.error, pathTo(step.path, 'fail'), site, checking);
      return;
    default:
      unreachable(step);
  }
}

/** The expressions of a strategy see what the fork sees, the output of a branch, and its item; a judge sees all outputs. */
function checkStrategy({ converge, path }: ForkStep, item: readonly string[], site: Site, checking: Checking): void {
  const { strategy } = converge;
  const at = (field: string) => pathTo(path, 'converge', field);
  const ofBranch = { ...site, output: true, more: item };
  switch (strategy.name) {
    case 'majority-vote':
      return checkExpression(strategy.by, at('by'), ofBranch, checking);
    case 'best-of':
      return checkExpression(strategy.score, at('score'), ofBranch, checking);
    case 'reduce':
      checkTemplate(strategy.initial, at('initial'), site, checking);
      return checkTemplate(strategy.with, at('with'), { ...ofBranch, more: [...item, 'accumulator'] }, checking);
    case 'judge':
      return checkTemplate(strategy.judge.with, at('with'), { ...site, secrets: true, more: ['outputs'] }, checking);
    default:
      return;
  }
}

function branchesOf(sequences: readonly Sequence[]): ReadonlyMap<string, BranchSpec> {
  const steps = sequences.flatMap((sequence) => sequence.steps);
  const branches = steps.flatMap((step) => (step.kind === 'parallel' ? step.branches : []));
  return new Map(branches.map((branch) => [branch.path, branch]));
}

function siblingsOf({ opened }: Sequence, checking: Checking): readonly string[] | 'any' {
  const fork = opened?.by.steps[opened.at];
  return fork?.kind === 'parallel' ? namesOf(fork, checking) : [];
}

/** The names of all branches of a fork, made once: a fork may have thousands, each with its expressions. */
function namesOf({ path, branches }: ParallelStep, { partial, siblings }: Checking): readonly string[] | 'any' {
  if (partial.has(path)) return 'any';
  const names = siblings.get(path) ?? branches.map(({ name }) => name);
  siblings.set(path, names);
  return names;
}

function knownAt(site: Site, checking: Checking): KnownNames {
  const items = [...around(site.sequence)].flatMap(({ by, at, nesting, undoes }) => {
    const fork = nesting === undefined && !undoes ? by.steps[at] : undefined;
    return fork?.kind === 'map' ? [[fork.as, 'any'] as const] : [];
  });
  return {
    ...Object.fromEntries(items),
    variables: checking.variables,
    context: 'any',
    steps: checking.steps,
    needs: site.siblings,
    branch: branchNames,
    workflow: workflowNames,
    ...(site.output === true ? { output: 'any' } : {}),
    ...Object.fromEntries((site.more ?? []).map((name) => [name, 'any'] as const)),
  };
}

function checkCondition(source: string, path: string, site: Site, checking: Checking): void {
  const { problems } = checking;
  if (source === 'true' || source === 'false') {
    const always = source === 'true' ? 'is always true and can be left out' : 'is always false: this never runs';
    problems.add({ path, message: `the condition ${always}`, severity: 'warning' });
    return;
  }
  checkExpression(source, path, site, checking);
}

function checkExpression(source: string, path: string, site: Site, checking: Checking): void {
  const { budget, problems } = checking;
  if (!budget.covers([source])) return;
  const found = expressionProblems(source, knownAt(site, checking));
  for (const problem of found) problems.add({ path, ...inOurWords(problem) });
  if (found.length > 0) return;
  budget.keep([source]);
  checkNames(compileExpression(source).names, path, site, checking);
}

function checkTemplate(source: Json, path: string, site: Site, checking: Checking): void {
  if (typeof source === 'string') {
    if (source.includes('${{')) checkText(source, path, site, checking);
    return;
  }
  if (typeof source !== 'object' || source === null) return;
  const isList = Array.isArray(source);
  for (const [key, value] of Object.entries(source)) {
    if (site.secrets === true && (key === '$secret' || key === '$text')) {
      checking.problems.add({
        path: pathTo(path, key),
        part: 'key',
        message: `"${key}" is reserved for references to secrets`,
      });
    }
    checkTemplate(value, pathTo(path, isList ? Number(key) : key), site, checking);
  }
}

function checkText(source: string, path: string, site: Site, checking: Checking): void {
  const options = { secrets: site.secrets === true };
  const codes = codesIn(source);
  if (!checking.budget.covers(codes)) return;
  const found = templateProblems(source, knownAt(site, checking), options);
  for (const problem of found) checking.problems.add({ path, ...inOurWords(problem) });
  if (found.length > 0) return;
  checking.budget.keep(codes);
  try {
    checkNames(compileTemplate(source, options).names, path, site, checking);
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    checking.problems.add({ path, message: error.message });
  }
}

function inOurWords({ message, suggestion, expression }: ExpressionProblem): {
  readonly message: string;
  readonly suggestion?: string;
} {
  const shown = expression.length > 80 ? `${expression.slice(0, 80)}…` : expression;
  const told = `${message.replace(/; did you mean '[^']*'\?$/, '')}, in the expression: ${shown}`;
  if (suggestion === undefined) return { message: told };
  return {
    message: told,
    suggestion: suggestion.includes('[') ? `write ${suggestion}` : `did you mean "${suggestion}"?`,
  };
}

function checkNames(names: readonly NameUse[], path: string, site: Site, checking: Checking): void {
  const { problems, places, used } = checking;
  for (const { root, member } of names) {
    if (root === 'variables') used.add(member ?? '*');
    if (member === undefined) continue;
    const told =
      root === 'steps'
        ? explainStep(member, site.sequence, site.at, places)
        : root === 'needs'
          ? explainNeed(member, site.branch)
          : undefined;
    if (told !== undefined) problems.add({ path, ...told });
  }
}
