import { type Graph, type Json, type JsonObject, type Step } from '@braid/events';
import { schemaProblems } from './check-value';
import { type PlaybookLimits } from './limits';
import { pathTo, type ProblemList } from './problem';
import { patternsIn } from './schema-safety';
import { validatorOf } from './schema-validator';
import { type Sequence } from './sequences';
import { schemaOf } from './variables';

type Place = { readonly schema: JsonObject; readonly path: string };

/** Every JSON Schema in the playbook can be used, and the defaults of variables match theirs. */
export function checkSchemas(
  graph: Graph,
  sequences: readonly Sequence[],
  limits: PlaybookLimits,
  problems: ProblemList,
): void {
  const places = [...variableSchemas(graph), ...sequences.flatMap(({ steps }) => steps.flatMap(stepSchemas))];
  const different = new Set(places.map(({ schema }) => JSON.stringify(schema)));
  if (different.size > limits.schemas) {
    const message = `the playbook has ${different.size} different schemas; the limit (schemas) is ${limits.schemas}`;
    problems.add({ path: '', message });
    return;
  }
  const patterns = [...different].reduce(
    (sum, text) => sum + (text.includes('pattern') ? patternsIn(JSON.parse(text) as Json) : 0),
    0,
  );
  if (patterns > limits.patterns) {
    const message = `the patterns of the schemas are too large together; the limit (patterns: instructions of their programs) is ${limits.patterns}`;
    problems.add({ path: '', message });
    return;
  }
  const broken = new Set(
    places.filter(({ schema, path }) => !canBeUsed(schema, path, problems)).map(({ path }) => path),
  );
  for (const [name, spec] of Object.entries(graph.variables)) {
    const path = pathTo('variables', name);
    const { default: value } = spec;
    if (value === undefined || broken.has(path)) continue;
    for (const { path: at, message } of schemaProblems(schemaOf(spec), value, 'default')) {
      problems.add({ path: `${path}.${at}`, message });
    }
  }
}

function variableSchemas(graph: Graph): readonly Place[] {
  return Object.entries(graph.variables).map(([name, spec]) => ({
    schema: schemaOf(spec),
    path: pathTo('variables', name),
  }));
}

function stepSchemas(step: Step): readonly Place[] {
  if (step.kind === 'agent') {
    return step.output === undefined ? [] : [{ schema: step.output, path: pathTo(step.path, 'output') }];
  }
  if (step.kind === 'signal') {
    return step.schema === undefined ? [] : [{ schema: step.schema, path: pathTo(step.path, 'signal', 'schema') }];
  }
  if (step.kind !== 'parallel' && step.kind !== 'map') return [];
  const { strategy } = step.converge;
  return strategy.name === 'first-success' && strategy.schema !== undefined
    ? [{ schema: strategy.schema, path: pathTo(step.path, 'converge', 'schema') }]
    : [];
}

function canBeUsed(schema: JsonObject, path: string, problems: ProblemList): boolean {
  const compiled = validatorOf(schema);
  if (compiled.ok) return true;
  for (const { path: inside, ...problem } of compiled.problems) {
    const at = inside === '' || inside.startsWith('[') ? path + inside : `${path}.${inside}`;
    problems.add({ path: at, ...problem });
  }
  return false;
}
