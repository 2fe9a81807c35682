import { type Graph, type Json, type JsonObject } from '@braid/events';
import { schemaProblems } from './playbook/check-value';
import { type Problem } from './playbook/problem';
import { everyStep } from './sequence';

const schemas = new WeakMap<Graph, ReadonlyMap<string, JsonObject>>();

/** The signals that some step of the graph waits for, with the schemas of their payloads. */
function signalsOf(graph: Graph): ReadonlyMap<string, JsonObject> {
  let found = schemas.get(graph);
  if (!found) {
    const steps = [...everyStep(graph.steps)].filter((step) => step.kind === 'signal');
    schemas.set(graph, (found = new Map(steps.map(({ name, schema }) => [name, schema ?? {}]))));
  }
  return found;
}

/** Why no step of the playbook could ever take a signal; empty when one can. Paths begin with `name` or `payload`. */
export function signalProblems(graph: Graph, name: string, payload: Json): readonly Problem[] {
  const signals = signalsOf(graph);
  const schema = signals.get(name);
  if (schema) return schemaProblems(schema, payload, 'payload');
  const known = signals.size === 0 ? 'it waits for none' : `it waits for ${[...signals.keys()].join(', ')}`;
  const message = `No step of the playbook "${graph.name}" waits for a signal "${name}"; ${known}`;
  return [{ path: 'name', message, severity: 'error' }];
}
