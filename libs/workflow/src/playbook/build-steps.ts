import {
  type AgentStep,
  type BranchSpec,
  type Case,
  type Convergence,
  type Json,
  type JsonObject,
  type MapStep,
  type OnFailure,
  type Step,
} from '@braid/events';
import { retryPolicy, withPolicy } from './agent-policy';
import { type Base, type Building } from './build-context';
import { type Fields, fieldsOf, has, listOf, textOf } from './fields';
import { buildConvergence, requirementOf } from './build-converge';
import { buildFail, buildPlaybook, buildSignal, buildWait } from './build-control';
import { conditionIn } from './condition';
import { agentFields, bodyFields, kindOf, kinds } from './kinds';
import { pathTo } from './problem';
import { below, type Visible } from './step-names';

/** Name of the item of a `map` unless the playbook gives one. */
const defaultItemName = 'item';

/** Where a step stands: the ids that it can see, and the branch whose only step it is. */
type Place = { readonly visible: Visible; readonly branch?: string | undefined };

/** The steps of a sequence. `holder` is the path of what the sequence belongs to. */
export function buildSteps(
  list: unknown,
  path: string,
  holder: string,
  { visible, branch: name }: Place,
  building: Building,
): readonly Step[] {
  const items = listOf(list);
  if (items === undefined) {
    building.partial.add(holder);
    return [];
  }
  const branch = items.length === 1 ? name : undefined;
  return items.flatMap((item, index) => {
    if (typeof item === 'object' && item !== null)
      return [buildStep(fieldsOf(item), pathTo(path, index), { visible, branch }, building)];
    building.partial.add(holder);
    return [];
  });
}

/** One step. A step whose kind cannot be told becomes an empty `set`, so that its name and expressions are still checked. */
export function buildStep(fields: Fields, path: string, place: Place, building: Building): Step {
  const kind = kindOf(fields, path, building.problems);
  const base = {
    id: building.names.name(fields['id'], baseName(fields, kind), place.branch, place.visible),
    path,
    ...conditionOf(fields),
    ...(has(fields, 'export') ? { export: fieldsOf(fields['export']) as JsonObject } : {}),
    onFailure: onFailureOf(fields['onFailure'], pathTo(path, 'onFailure'), path, place.visible, building),
    ...compensateOf(fields, path, place.visible, building),
  };
  switch (kind) {
    case undefined:
      return { ...base, kind: 'set', values: {} };
    case 'agent':
      return buildAgent(fields, base, building);
    case 'set':
      return { ...base, kind, values: fieldsOf(fields['set']) as JsonObject };
    case 'map':
      return buildMap(fields, base, place.visible, building);
    case 'choose':
      return { ...base, kind, cases: buildCases(fields['choose'], path, place.visible, building) };
    case 'wait':
      return buildWait(fields['wait'], base, building);
    case 'signal':
      return buildSignal(fieldsOf(fields['signal']), base, building);
    case 'playbook':
      return buildPlaybook(fields, base, building);
    case 'fail':
      return buildFail(fieldsOf(fields['fail']), base);
    case 'parallel': {
      const parallel = fieldsOf(fields['parallel']);
      return {
        ...base,
        kind,
        ...concurrencyOf(parallel),
        branches: buildBranches(parallel['branches'], path, place.visible, building),
        converge: convergeOf(fields['converge'], path, place.visible, building),
      };
    }
  }
}

/** Steps in the place of a word run in the same branch, so that their ids are told apart from the others there. */
function onFailureOf(value: unknown, path: string, step: string, visible: Visible, building: Building): OnFailure {
  if (Array.isArray(value)) return buildSteps(value, path, step, { visible }, building);
  return value === 'continue' ? 'continue' : 'fail';
}

/** What undoes a step runs in a branch of its own, which sees the ids of the step's branch. */
function compensateOf(fields: Fields, step: string, visible: Visible, building: Building): Pick<Step, 'compensate'> {
  if (!has(fields, 'compensate')) return {};
  const path = pathTo(step, 'compensate');
  return { compensate: buildSteps(fields['compensate'], path, step, { visible: below(visible) }, building) };
}

function convergeOf(value: unknown, step: string, visible: Visible, building: Building): Convergence {
  const path = pathTo(step, 'converge');
  const onUnmet = onFailureOf(fieldsOf(value)['onUnmet'], pathTo(path, 'onUnmet'), step, visible, building);
  return { ...buildConvergence(value, path, building), onUnmet };
}

function buildCases(value: unknown, step: string, visible: Visible, building: Building): readonly Case[] {
  const list = listOf(value);
  if (list === undefined) building.partial.add(step);
  return (list ?? []).map((each, index) => {
    const fields = fieldsOf(each);
    const path = pathTo(step, 'choose', index);
    const last = index === (list ?? []).length - 1;
    if (typeof each === 'object') checkCase(fields, path, last, building);
    const name = has(fields, 'otherwise') ? 'otherwise' : 'steps';
    const steps = buildSteps(fields[name], pathTo(path, name), step, { visible }, building);
    const when = name === 'steps' ? conditionIn(fields['when']) : undefined;
    return { path, ...(when === undefined ? {} : { when }), steps };
  });
}

function checkCase(fields: Fields, path: string, last: boolean, { problems }: Building): void {
  const form = 'a case has "when" and "steps", or as the last one "otherwise"';
  const given = ['when', 'steps', 'otherwise'].filter((name) => has(fields, name));
  if (given.includes('otherwise') ? given.length > 1 : given.length < 2) {
    const found = given.length === 0 ? 'none of them' : `only ${given.join(' and ')}`;
    const message = `${form}, but this has ${given.includes('otherwise') ? given.join(' and ') : found}`;
    problems.add({ path, message });
  } else if (given.includes('otherwise') && !last) {
    problems.add({ path, message: 'the cases after "otherwise" are never reached', suggestion: 'move it to the end' });
  }
}

function baseName(fields: Fields, kind: Step['kind'] | undefined): string {
  const agent = kind === 'agent' ? textOf(fields['agent']) : undefined;
  const playbook = kind === 'playbook' ? textOf(fields['playbook'])?.replace(/@.*/, '') : undefined;
  return (agent ?? playbook)?.split('.').at(-1) ?? kind ?? 'step';
}

function conditionOf(fields: Fields): { readonly if?: string } {
  const condition = conditionIn(fields['if']);
  return condition === undefined ? {} : { if: condition };
}

function concurrencyOf(fields: Fields): { readonly maxConcurrency?: number } {
  const { maxConcurrency } = fields;
  return typeof maxConcurrency === 'number' ? { maxConcurrency } : {};
}

function buildAgent(fields: Fields, base: Base, building: Building): AgentStep {
  const policy = withPolicy(fields, base.path, building.defaults, building.problems);
  const { output } = fields;
  return {
    ...base,
    kind: 'agent',
    agent: textOf(fields['agent']) ?? '',
    with: (fields['with'] ?? {}) as Json,
    retry: retryPolicy(policy.retry),
    ...policy.timeouts,
    ...(policy.cost === undefined ? {} : { cost: policy.cost }),
    ...(typeof output === 'object' ? { output: output as JsonObject } : {}),
  };
}

function buildBranches(value: unknown, fork: string, around: Visible, building: Building): readonly BranchSpec[] {
  if (typeof value !== 'object' || value === null) building.partial.add(fork);
  return Object.entries(fieldsOf(value)).map(([name, branch]) => {
    const path = pathTo(fork, 'parallel', 'branches', name);
    return buildBranch(name, fieldsOf(branch), path, around, typeof branch === 'symbol', building);
  });
}

function buildBranch(
  name: string,
  fields: Fields,
  path: string,
  around: Visible,
  lost: boolean,
  building: Building,
): BranchSpec {
  const start = { name, path, ...needsOf(fields['needs']), ...conditionOf(fields) };
  if (has(fields, 'needs') && typeof fields['needs'] === 'symbol') building.partial.add(path);
  if (lost) {
    building.partial.add(path);
    return { ...start, steps: [] };
  }
  if (isSequence(fields)) {
    refuseOfStep(fields, path, building);
    const place = { visible: below(around), branch: name };
    const steps = buildSteps(fields['steps'], pathTo(path, 'steps'), path, place, building);
    return { ...start, steps };
  }
  // The condition is the branch's: where it does not hold, the branch is skipped and not only its step.
  const { if: _, ...step } = fields;
  return { ...start, steps: [buildStep(step, path, { visible: below(around), branch: name }, building)] };
}

function needsOf(value: unknown): Pick<BranchSpec, 'needs' | 'require'> {
  const { branches, require } = fieldsOf(value);
  const needs = textOf(value) ?? listOf(value) ?? listOf(branches) ?? [];
  const required = requirementOf(require);
  return {
    needs: (typeof needs === 'string' ? [needs] : needs).filter((each) => typeof each === 'string'),
    ...(required === undefined ? {} : { require: required }),
  };
}

function isSequence(fields: Fields): boolean {
  return has(fields, 'steps') && !kinds.some((kind) => has(fields, kind));
}

function refuseOfStep(fields: Fields, path: string, { problems }: Building): void {
  for (const name of Object.keys(fields)) {
    if (['steps', 'needs', 'if', 'description'].includes(name)) continue;
    const message = `"${name}" does not belong to a branch with "steps"`;
    problems.add({ path: pathTo(path, name), part: 'key', message, suggestion: 'write it at one of its steps' });
  }
}

function buildMap(fields: Fields, base: Base, around: Visible, building: Building): MapStep {
  const map = fieldsOf(fields['map']);
  const over = typeof map['over'] === 'symbol' ? [] : map['over'];
  return {
    ...base,
    kind: 'map',
    over: (over ?? []) as Json,
    as: textOf(map['as']) ?? defaultItemName,
    ...concurrencyOf(map),
    steps: buildBody(fields, map, base.path, around, building),
    converge: convergeOf(fields['converge'], base.path, around, building),
  };
}

/** The body of a map: the agent or the playbook beside it, or a sequence, beside it or inside. */
function buildBody(fields: Fields, map: Fields, path: string, around: Visible, building: Building): readonly Step[] {
  const beside = (['agent', 'playbook'] as const).filter((name) => has(fields, name));
  const bodies = beside.length + [has(fields, 'steps'), has(map, 'steps')].filter(Boolean).length;
  if (bodies !== 1) {
    const given = bodies === 0 ? 'none' : 'several';
    const message = `a map has one body, an "agent", a "playbook" or "steps" beside it, but this has ${given}`;
    if (typeof fields['map'] !== 'symbol') building.problems.add({ path, message });
  }
  const [body] = beside;
  const own: readonly string[] = body === undefined ? [] : bodyFields[body];
  const strange = agentFields.filter((field) => has(fields, field) && !own.includes(field));
  for (const name of strange) {
    const message = `"${name}" does not belong to a map whose body is ${body === undefined ? '"steps"' : `a "${body}"`}`;
    building.problems.add({
      path: pathTo(path, name),
      part: 'key',
      message,
      suggestion: 'write it at one of its steps',
    });
  }
  if (body !== undefined) {
    const step = Object.fromEntries(Object.entries(fields).filter(([name]) => own.includes(name)));
    return [buildStep(step, path, { visible: below(around) }, building)];
  }
  const inside = has(map, 'steps');
  const list = inside ? map['steps'] : fields['steps'];
  const at = inside ? pathTo(path, 'map', 'steps') : pathTo(path, 'steps');
  return buildSteps(list, at, path, { visible: below(around) }, building);
}
