import {
  type AgentStep,
  type BranchSpec,
  type Case,
  type ChooseStep,
  type Convergence,
  type FailStep,
  type Graph,
  type MapStep,
  type OnFailure,
  type ParallelStep,
  type PlaybookStep,
  type Requirement,
  type RetryPolicy,
  type SetStep,
  type SignalStep,
  type Step,
  type Strategy,
  type VariableSpec,
  type WaitStep,
} from '@braid/events';
import { amount, count, flag, json, jsonObject, milliseconds, name, positive, text } from './common';
import { constant, either, list, named, object, oneOf, optional, record, type Schema, taggedBy } from './schema-of';

/** Steps hold branches, which hold steps. */
export const stepsName = 'steps';

const percent: Schema<number> = { type: 'number', minimum: 0, maximum: 100 };
const requirement: Schema<Requirement> = either(count, object<{ readonly percent: number }>({ percent }));
const keywords: Schema<VariableSpec> = jsonObject;

const retry: Schema<RetryPolicy> = object<RetryPolicy>({
  maximumAttempts: positive,
  initialInterval: milliseconds,
  backoffCoefficient: { type: 'number', minimum: 1 },
  maximumInterval: milliseconds,
  nonRetryableErrors: list(name),
});

const path: Schema<string> = { type: 'string', maxLength: 16_384 };

const onFailure: Schema<OnFailure> = either(oneOf({ fail: true, continue: true }), named<readonly Step[]>(stepsName));

const stepBase = {
  id: name,
  path,
  if: optional(text),
  export: optional(record(json)),
  onFailure,
  compensate: optional(named<readonly Step[]>(stepsName)),
} as const;

const agentStep: Schema<AgentStep> = object<AgentStep>({
  ...stepBase,
  kind: constant('agent'),
  agent: name,
  with: json,
  retry,
  timeout: milliseconds,
  heartbeatTimeout: optional(milliseconds),
  startTimeout: optional(milliseconds),
  cost: optional(record(amount)),
  output: optional(keywords),
});

const strategy: Schema<Strategy> = taggedBy<Strategy, 'name'>('name', {
  'all-must-complete': object<Extract<Strategy, { name: 'all-must-complete' }>>({
    name: constant('all-must-complete'),
  }),
  'all-settled': object<Extract<Strategy, { name: 'all-settled' }>>({
    name: constant('all-settled'),
    require: optional(requirement),
  }),
  'first-success': object<Extract<Strategy, { name: 'first-success' }>>({
    name: constant('first-success'),
    schema: optional(keywords),
  }),
  quorum: object<Extract<Strategy, { name: 'quorum' }>>({ name: constant('quorum'), require: requirement }),
  'majority-vote': object<Extract<Strategy, { name: 'majority-vote' }>>({
    name: constant('majority-vote'),
    by: text,
    weights: optional(record(positive)),
    of: oneOf({ all: true, cast: true }),
    tieBreak: either(oneOf({ first: true, fail: true }), object<{ readonly branch: string }>({ branch: name })),
  }),
  'best-of': object<Extract<Strategy, { name: 'best-of' }>>({ name: constant('best-of'), score: text }),
  reduce: object<Extract<Strategy, { name: 'reduce' }>>({ name: constant('reduce'), initial: json, with: json }),
  judge: object<Extract<Strategy, { name: 'judge' }>>({
    name: constant('judge'),
    require: optional(requirement),
    judge: agentStep,
  }),
});

const convergence: Schema<Convergence> = object<Convergence>({
  strategy,
  losers: oneOf({ cancel: true, drain: true, detach: true }),
  deadline: optional(milliseconds),
  onUnmet: onFailure,
  onConflict: either(
    oneOf({ error: true, first: true, last: true }),
    object<{ readonly prefer: string }>({ prefer: name }),
  ),
});

const branch: Schema<BranchSpec> = object<BranchSpec>({
  name,
  path,
  needs: list(name),
  require: optional(requirement),
  if: optional(text),
  steps: named<readonly Step[]>(stepsName),
});

const step: Schema<Step> = taggedBy<Step, 'kind'>('kind', {
  agent: agentStep,
  parallel: object<ParallelStep>({
    ...stepBase,
    kind: constant('parallel'),
    maxConcurrency: optional(positive),
    branches: list(branch),
    converge: convergence,
  }),
  map: object<MapStep>({
    ...stepBase,
    kind: constant('map'),
    over: json,
    as: name,
    maxConcurrency: optional(positive),
    steps: named<readonly Step[]>(stepsName),
    converge: convergence,
  }),
  set: object<SetStep>({ ...stepBase, kind: constant('set'), values: record(json) }),
  choose: object<ChooseStep>({
    ...stepBase,
    kind: constant('choose'),
    cases: list(object<Case>({ path, when: optional(text), steps: named<readonly Step[]>(stepsName) })),
  }),
  wait: object<WaitStep>({ ...stepBase, kind: constant('wait'), time: either(milliseconds, text) }),
  signal: object<SignalStep>({
    ...stepBase,
    kind: constant('signal'),
    name,
    schema: optional(keywords),
    timeout: optional(milliseconds),
  }),
  playbook: object<PlaybookStep>({
    ...stepBase,
    kind: constant('playbook'),
    playbook: name,
    with: json,
    timeout: optional(milliseconds),
  }),
  fail: object<FailStep>({
    ...stepBase,
    kind: constant('fail'),
    error: object<FailStep['error']>({ type: optional(text), message: text, details: optional(json) }),
  }),
});

export const steps: Schema<readonly Step[]> = list(step);

export const graph: Schema<Graph> = object<Graph>({
  format: constant(1),
  name,
  version: optional(name),
  description: optional(text),
  executionType: oneOf({ sequential: true, parallel: true, mixed: true }),
  fallbackToSequential: flag,
  variables: record(keywords),
  budget: optional(record(amount)),
  steps: named<readonly Step[]>(stepsName),
  output: optional(json),
});
