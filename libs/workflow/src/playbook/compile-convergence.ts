import { type Convergence, type ForkStep, type Graph, type Json, type JsonObject } from '@braid/events';
import { noDefaults } from './agent-policy';
import { buildConvergence } from './build-converge';
import { checkExpressions } from './check-expressions';
import { checkForks } from './check-forks';
import { fieldsOf, listOf } from './fields';
import { defaultLimits } from './limits';
import { pathTo, type Problem, ProblemList } from './problem';
import { sequencesOf } from './sequences';
import { shapeOf } from './shape';
import { vet } from './vet';

export type CompiledConvergence =
  { readonly ok: true; readonly converge: Convergence } | { readonly ok: false; readonly problems: readonly Problem[] };

/**
 * Compiles other fields of `converge` for a fork that a graph has, checked as if its playbook had said so: for
 * `previewConvergence`. The paths of problems begin at these fields: `weights.nobody`. Steps under `onUnmet` are left out,
 * because what follows on a decision does not change it. Never throws for what the fields hold.
 */
export function compileConvergence(graph: Graph, fork: ForkStep, source: JsonObject): CompiledConvergence {
  const problems = new ProblemList(defaultLimits.problems);
  const within = pathTo(fork.path, 'converge');
  problems.translate((path) => withoutPrefix(path, [within, pathTo('steps', 0, 'converge')]));
  const compiled = problems.collect(() => {
    const { onUnmet: _, ...fields } = fieldsOf(vet(source, defaultLimits, problems));
    const converge = buildConvergence(shapedFields(fields, problems), within, { problems, defaults: noDefaults });
    const other = withFork(graph, fork, converge);
    const sequences = sequencesOf(other);
    checkForks(sequences, new Set(), problems);
    checkExpressions(other, sequences, new Set(), defaultLimits, problems);
    return converge;
  });
  const errors = problems.located(() => undefined).filter(({ severity }) => severity === 'error');
  return compiled === undefined || errors.length > 0
    ? { ok: false, problems: errors }
    : { ok: true, converge: compiled };
}

/** The fields as the schema of a whole playbook sees them, misspelt names set right. */
function shapedFields(converge: unknown, problems: ProblemList): unknown {
  const step = { parallel: { branches: { any: { agent: 'any' } } }, converge };
  const { tree } = shapeOf({ name: 'any', steps: [step] }, problems);
  return fieldsOf(listOf(fieldsOf(tree)['steps'])?.[0])['converge'];
}

function withoutPrefix(path: string, prefixes: readonly string[]): string {
  const prefix = prefixes.find((each) => path === each || path.startsWith(`${each}.`) || path.startsWith(`${each}[`));
  return prefix === undefined ? path : path.slice(prefix.length).replace(/^\./, '');
}

/** The graph with other settings of one fork, wherever in it that stands. */
function withFork(graph: Graph, fork: ForkStep, converge: Convergence): Graph {
  const replaced = (value: Json): Json => {
    if (typeof value !== 'object' || value === null) return value;
    if (Array.isArray(value)) return value.map((item: Json) => replaced(item));
    const copy = Object.fromEntries(Object.entries(value).map(([key, item]) => [key, replaced(item)]));
    const isFork = copy['path'] === fork.path && copy['kind'] === fork.kind && copy['id'] === fork.id;
    return isFork ? { ...copy, converge: converge as unknown as Json } : copy;
  };
  return replaced(graph as unknown as Json) as unknown as Graph;
}
