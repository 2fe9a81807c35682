import { type Graph, type Json, type JsonObject, type VariableSpec } from '@braid/events';
import { amountsIn, noDefaults, withPolicy } from './agent-policy';
import { type Building } from './build-context';
import { fieldsOf, has, textOf } from './fields';
import { buildSteps } from './build-steps';
import { type ProblemList } from './problem';
import { buildShortForm } from './short-form';
import { below, givenIds, StepNames } from './step-names';

export type Built = { readonly graph: Graph; readonly partial: ReadonlySet<string> };

/**
 * The graph of a playbook of the right shape, with all defaults applied. Parts that could not be read are left out; the
 * paths of what they belong to are `partial`.
 */
export function buildGraph(tree: unknown, problems: ProblemList): Built {
  const fields = fieldsOf(tree);
  const defaults = withPolicy(fieldsOf(fields['defaults']), 'defaults', noDefaults, problems);
  const names = new StepNames(givenIds(tree));
  const building: Building = { problems, names, defaults, partial: new Set() };
  if (typeof fields['variables'] === 'symbol') building.partial.add('variables');
  const { executionType, description, output } = fields;
  const budget = amountsIn(fields['budget']);
  const graph: Graph = {
    format: 1,
    name: textOf(fields['name']) ?? '',
    ...(typeof description === 'string' ? { description } : {}),
    executionType: executionType === 'sequential' || executionType === 'parallel' ? executionType : 'mixed',
    fallbackToSequential: fields['parallelFallbackToSequential'] === true,
    variables: variablesOf(fields['variables'], building),
    ...(budget === undefined ? {} : { budget }),
    steps: stepsOf(fields, building),
    ...(output === undefined ? {} : { output: output as Json }),
  };
  return { graph, partial: building.partial };
}

function variablesOf(value: unknown, building: Building): { readonly [name: string]: VariableSpec } {
  const variables = Object.entries(fieldsOf(value));
  const readable = variables.filter(([, spec]) => typeof spec === 'object');
  for (const [name] of variables.filter(([, spec]) => typeof spec !== 'object')) {
    building.partial.add(`variables.${name}`);
  }
  return Object.fromEntries([
    ...readable.map(([name, spec]) => [name, spec as JsonObject] as const),
    // A variable of which only the type is wrong exists; it is not unknown where it is used.
    ...variables.filter(([, spec]) => typeof spec === 'symbol').map(([name]) => [name, {}] as const),
  ]);
}

function stepsOf(fields: ReturnType<typeof fieldsOf>, building: Building): Graph['steps'] {
  if (has(fields, 'parallelStructure')) {
    if (typeof fields['parallelStructure'] === 'object') return buildShortForm(fields, building);
    building.partial.add('');
    return [];
  }
  if (!has(fields, 'steps')) {
    building.problems.add({
      path: 'steps',
      message: '"steps" is missing',
      suggestion: 'a playbook has a list of steps',
    });
    building.partial.add('');
    return [];
  }
  return buildSteps(fields['steps'], 'steps', '', { visible: below(undefined) }, building);
}
