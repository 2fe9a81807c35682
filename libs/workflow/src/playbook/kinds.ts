import { type Step } from '@braid/events';
import { type Fields, has, isStrange } from './fields';
import { pathTo, type ProblemList } from './problem';
import { alternatives } from './words';

type Kind = Step['kind'];

const ofEvery = ['id', 'description', 'if', 'export', 'onFailure', 'compensate', 'needs'];
const ofAgent = ['agent', 'with', 'retry', 'timeout', 'heartbeatTimeout', 'startTimeout', 'output', 'cost'];

const ofPlaybook = ['playbook', 'with', 'timeout'];

/** The kinds of steps, each with the fields that a step of the kind may have besides those of every step. */
const fieldsOfKind: { readonly [kind in Kind]: readonly string[] } = {
  agent: ofAgent,
  parallel: ['parallel', 'converge'],
  map: ['map', 'converge', 'steps', 'playbook', ...ofAgent],
  set: ['set'],
  choose: ['choose'],
  wait: ['wait'],
  signal: ['signal'],
  playbook: ofPlaybook,
  fail: ['fail'],
};

/** What every step must be, in words. */
export const oneKindEach = `a step must have exactly one of ${alternatives(Object.keys(fieldsOfKind))}`;

/** The fields of an agent step that mean nothing without `agent`. */
export const agentFields: readonly string[] = ofAgent.filter((name) => name !== 'agent');

/** The kinds that may stand beside `map` as its body, each with its fields. */
export const bodyFields = { agent: ofAgent, playbook: ofPlaybook } as const;

/** The fields that make a step one of a kind. */
export const kinds = Object.keys(fieldsOfKind) as readonly Kind[];

const advice: { readonly [field: string]: string } = {
  converge: '"converge" closes a fork: write it beside "parallel" or "map"',
  timeout: 'a fork has "deadline" in "converge"; a timeout is that of an agent or a playbook',
  retry: 'retry the agent steps inside',
  output: '"output" is the schema of what an agent gives; write values with "export"',
  with: '"with" is the input of an agent, or the variables of a playbook',
};

/** The kind of a step. Undefined, with a problem, where it has none or several. */
export function kindOf(fields: Fields, path: string, problems: ProblemList): Kind | undefined {
  const found = kinds.filter((name) => has(fields, name) && !(Object.hasOwn(bodyFields, name) && has(fields, 'map')));
  const [kind, second] = found;
  if (kind === undefined) {
    // The unknown field has been reported, and was to be the kind.
    if (isStrange(fields)) return undefined;
    const message = `${oneKindEach}, but this has none`;
    problems.add({ path, message, suggestion: 'name an agent: agent: builtin.echo' });
    return undefined;
  }
  if (second !== undefined) {
    const message = `${oneKindEach}, but this has ${found.join(' and ')}`;
    const suggestion =
      kind === 'map' || second === 'map' ? 'write the body of the map under "steps"' : 'make them steps of their own';
    problems.add({ path, message, suggestion });
    return undefined;
  }
  for (const name of Object.keys(fields)) {
    if (ofEvery.includes(name) || fieldsOfKind[kind].includes(name)) continue;
    const at = pathTo(path, name);
    const message = `"${name}" does not belong to a step with "${kind}"`;
    problems.add({ path: at, part: 'key', message, suggestion: advice[name] });
  }
  return kind;
}
