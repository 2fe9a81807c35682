import { type Graph, type Json, type JsonObject, type VariableSpec } from '@braid/events';
import { nearest } from '../expression/suggest';
import { schemaProblems } from './check-value';
import { type Problem } from './problem';
import { listed } from './words';

export type BoundVariables =
  { readonly ok: true; readonly variables: JsonObject } | { readonly ok: false; readonly problems: readonly Problem[] };

/**
 * The variables of one run: what was given, checked against the schemas of the playbook, with defaults for the rest. Nothing
 * is coerced. A variable that is neither given nor required is null, so that every name has a value. Otherwise all
 * problems at once: wrong values, missing ones, and names that the playbook does not have.
 */
export function bindVariables(graph: Graph, given: JsonObject): BoundVariables {
  const names = Object.keys(graph.variables);
  const unknown = Object.keys(given).filter((name) => !Object.hasOwn(graph.variables, name));
  const problems: Problem[] = unknown.map((name) => unknownVariable(name, names));
  const variables: { [name: string]: Json } = {};
  for (const [name, spec] of Object.entries(graph.variables)) {
    const value = Object.hasOwn(given, name) ? given[name] : spec['default'];
    if (value !== undefined) {
      variables[name] = value;
      if (Object.hasOwn(given, name)) problems.push(...schemaProblems(schemaOf(spec), value, `variables.${name}`));
    } else if (isRequired(spec)) {
      const message = `the variable "${name}" is missing`;
      problems.push({ path: `variables.${name}`, message, severity: 'error' });
    } else variables[name] = null;
  }
  return problems.length === 0 ? { ok: true, variables } : { ok: false, problems };
}

const schemas = new WeakMap<VariableSpec, JsonObject>();

/** The JSON Schema in the declaration of a variable, without what only Braid knows. */
export function schemaOf(spec: VariableSpec): JsonObject {
  if (typeof spec['required'] !== 'boolean') return spec;
  let schema = schemas.get(spec);
  if (schema === undefined) {
    const { required: _, ...rest } = spec;
    schemas.set(spec, (schema = rest));
  }
  return schema;
}

export function isRequired(spec: VariableSpec): boolean {
  return spec['required'] !== false;
}

function unknownVariable(name: string, names: readonly string[]): Problem {
  const near = nearest(name, names);
  const known = names.length === 0 ? 'it has none' : `it has ${listed(names)}`;
  return {
    path: `variables.${name}`,
    message: `the playbook has no variable "${name}"; ${known}`,
    ...(near === undefined ? {} : { suggestion: `did you mean "${near}"?` }),
    severity: 'error',
  };
}
