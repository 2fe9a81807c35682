import { type JsonObject } from '@braid/events';
import { durationPattern } from './duration';
import { convergeSchema, requirementSchema } from './converge-schema';

/** Ids of steps and names of branches: they are parts of a branch's path. */
export const namePattern = '^[A-Za-z_][A-Za-z0-9_-]{0,63}$';

const name = {
  type: 'string',
  pattern: namePattern,
  errorMessage: 'must be a letter or _ and then letters, digits, _ or -, at most 64 in all',
};

const playbookName = {
  type: 'string',
  pattern: '^[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}$',
  description: 'Name under which the playbook is published and found.',
  errorMessage: 'must be a letter, digit or _ and then letters, digits, _, - or ., at most 100 in all',
};

const publishedName = {
  type: 'string',
  pattern: '^[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}(?:@[A-Za-z0-9_.+-]{1,100})?$',
  description: 'A published playbook: `name` for the version that was published last, or `name@version`.',
  errorMessage: 'must be the name of a published playbook, as name or name@version',
};

const agentName = {
  type: 'string',
  pattern: '^[A-Za-z0-9_-]+(?:[.][A-Za-z0-9_-]+)*$',
  maxLength: 128,
  description: 'Name of the agent, as runners offer it.',
  errorMessage: 'must be the name of an agent: letters, digits, _ and -, in parts joined by dots, at most 128 in all',
};

const duration = {
  type: 'string',
  pattern: durationPattern,
  errorMessage: 'must be a duration such as 300ms, 2s, 5m, 1h, 7d or PT5M',
};

const expression = {
  type: ['string', 'boolean'],
  minLength: 1,
  errorMessage: 'must be an expression, for example ${{ steps.check.output.ok }}',
};

const templates = {
  type: 'object',
  errorMessage: 'must be an object of names and values',
};

const jsonSchema = { type: 'object', errorMessage: 'must be a JSON Schema, for example { type: object }' };

const maxConcurrency = {
  type: 'integer',
  minimum: 1,
  maximum: 1_000_000,
  description: 'How many branches may be open at once; no limit unless given.',
};

const retry = {
  title: 'Retry',
  type: ['object', 'boolean'],
  description: 'How often and when a failed attempt is tried again; `false`: never.',
  if: { type: 'boolean' },
  then: { const: false, errorMessage: 'must be a retry policy, or false for no retry' },
  errorMessage: 'must be a retry policy, or false for no retry',
  additionalProperties: false,
  properties: {
    maximumAttempts: { type: 'integer', minimum: 1, maximum: 1_000, description: 'Attempts in all, with the first.' },
    initialInterval: { $ref: '#/$defs/duration', description: 'Longest pause before the second attempt.' },
    backoffCoefficient: { type: 'number', minimum: 1, maximum: 100, description: 'Growth of the pause per attempt.' },
    maximumInterval: { $ref: '#/$defs/duration', description: 'Longest pause of all.' },
    nonRetryableErrors: {
      type: 'array',
      items: { type: 'string', minLength: 1 },
      description: 'Types or codes of failures that are never tried again.',
    },
  },
};

const amounts = {
  type: 'object',
  minProperties: 1,
  maxProperties: 50,
  propertyNames: { $ref: '#/$defs/unit' },
  additionalProperties: { type: 'number', minimum: 0, maximum: 1e15 },
  errorMessage: 'must be amounts by unit, for example { tokens: 1000 }',
};

const unit = {
  type: 'string',
  pattern: '^[A-Za-z][A-Za-z0-9_.-]{0,63}$',
  errorMessage: 'must be a unit: a letter and then letters, digits, _, - or ., at most 64 in all',
};

const attempts = {
  timeout: { $ref: '#/$defs/duration', description: 'How long one attempt may run.' },
  heartbeatTimeout: { $ref: '#/$defs/duration', description: 'Silence after which a running attempt has failed.' },
  startTimeout: { $ref: '#/$defs/duration', description: 'How long an attempt may wait for a free slot.' },
  retry: { $ref: '#/$defs/retry' },
  cost: { $ref: '#/$defs/amounts', description: 'The most that one attempt uses, by unit: { tokens: 2000 }.' },
};

const stepFields = {
  id: { $ref: '#/$defs/name', description: 'Name under which later steps see the output: steps.<id>.output.' },
  description: { type: 'string', description: 'What the step is for, in words for people.' },
  if: { $ref: '#/$defs/expression', description: 'Skip when this is false.' },
  export: { ...templates, description: "Written into the branch's context; `output` is the step's output." },
  onFailure: { $ref: '#/$defs/onFailure', description: 'What a failure means for the branch.' },
  compensate: {
    $ref: '#/$defs/steps',
    description: 'What undoes the step, once it has completed, when the workflow fails or is cancelled later.',
  },
  agent: { $ref: '#/$defs/agentName' },
  with: {
    description: "The agent's input, or the variables of the playbook; its strings may hold expressions.",
  },
  ...attempts,
  output: { ...jsonSchema, description: 'JSON Schema that the output of the agent must match.' },
  parallel: { $ref: '#/$defs/parallel' },
  map: { $ref: '#/$defs/map' },
  set: { ...templates, minProperties: 1, description: "Writes values into the branch's context." },
  choose: { $ref: '#/$defs/choose' },
  wait: { $ref: '#/$defs/wait' },
  signal: { $ref: '#/$defs/signal' },
  playbook: { $ref: '#/$defs/publishedName' },
  fail: { $ref: '#/$defs/fail' },
  steps: { $ref: '#/$defs/steps', description: 'The body of a map, or of a branch of several steps.' },
  converge: { $ref: '#/$defs/converge' },
};

/** For editors; the compiler says the same with better words. */
const exactlyOneKind = [
  { required: ['agent'], not: { required: ['map'] } },
  { required: ['parallel'] },
  { required: ['map'] },
  { required: ['set'] },
  { required: ['choose'] },
  { required: ['wait'] },
  { required: ['signal'] },
  { required: ['playbook'], not: { required: ['map'] } },
  { required: ['fail'] },
];

const step = {
  title: 'Step',
  type: 'object',
  description: 'Exactly one of agent, parallel, map, set, choose, wait, signal, playbook and fail.',
  additionalProperties: false,
  properties: stepFields,
  oneOf: exactlyOneKind,
};

const onFailure = {
  title: 'On failure',
  type: ['string', 'array'],
  errorMessage: 'must be fail, continue or a list of steps',
  if: { type: 'string' },
  then: { enum: ['fail', 'continue'], errorMessage: 'must be fail, continue or a list of steps' },
  else: { $ref: '#/$defs/steps' },
  // For editors, which offer what stands here but not what stands under `then`.
  anyOf: [{ enum: ['fail', 'continue'] }, { type: 'array' }],
};

const choose = {
  type: 'array',
  minItems: 1,
  description: 'Runs the steps of the first case that holds.',
  errorMessage: 'must be a list of cases',
  items: {
    title: 'Case',
    type: 'object',
    description: '`when` and `steps`, or at the end `otherwise`.',
    additionalProperties: false,
    properties: {
      when: { $ref: '#/$defs/expression', description: 'The case holds when this is true.' },
      steps: { $ref: '#/$defs/steps', description: 'Runs when this is the first case that holds.' },
      otherwise: { $ref: '#/$defs/steps', description: 'Steps for when no case holds.' },
    },
    oneOf: [{ required: ['when', 'steps'] }, { required: ['otherwise'] }],
  },
};

const wait = {
  type: 'string',
  minLength: 1,
  description: 'Rests for a duration (`5m`), until a moment (`2030-01-31T12:00:00Z`), or for what an expression gives.',
};

const signal = {
  title: 'Signal',
  type: 'object',
  description: 'Waits for something from outside: a person, a webhook, another workflow. Its payload is the output.',
  required: ['name'],
  additionalProperties: false,
  properties: {
    name: { $ref: '#/$defs/name', description: 'What the signal is sent under.' },
    schema: { ...jsonSchema, description: 'JSON Schema that the payload must match.' },
    timeout: {
      $ref: '#/$defs/duration',
      description: 'How long to wait before the step fails; for ever unless given.',
    },
  },
};

const fail = {
  title: 'Fail',
  type: 'object',
  description: 'Ends with a failure that the playbook names.',
  required: ['message'],
  additionalProperties: false,
  properties: {
    type: { type: 'string', minLength: 1, description: 'Name of the error; `PlaybookError` unless given.' },
    message: { type: 'string', minLength: 1, description: 'What went wrong, for people; may hold expressions.' },
    details: { description: 'Any value, kept with the failure.' },
  },
};

const branch = {
  title: 'Branch',
  type: 'object',
  description: 'One step, or a sequence of `steps`.',
  additionalProperties: false,
  properties: {
    ...stepFields,
    needs: {
      title: 'Needs',
      type: ['array', 'string', 'object'],
      items: { $ref: '#/$defs/name' },
      required: ['branches', 'require'],
      additionalProperties: false,
      properties: {
        branches: {
          type: 'array',
          minItems: 1,
          items: { $ref: '#/$defs/name' },
          description: 'Names of the siblings.',
        },
        require: {
          ...requirementSchema,
          description: 'How many of them must have completed, as a number or a share (rounded up).',
        },
      },
      description: 'Siblings that must have completed before this branch starts: all, or as many as `require` says.',
      errorMessage: 'must be a list of names of sibling branches, or { branches: [a, b, c], require: 2 }',
    },
  },
  oneOf: [...exactlyOneKind, { required: ['steps'], not: { required: ['map'] } }],
};

const parallel = {
  title: 'Parallel',
  type: 'object',
  description: 'Opens one branch per name.',
  required: ['branches'],
  additionalProperties: false,
  properties: {
    maxConcurrency,
    branches: {
      type: 'object',
      description: 'The branches by name, each one step or `steps`.',
      minProperties: 1,
      propertyNames: { $ref: '#/$defs/name' },
      additionalProperties: { $ref: '#/$defs/branch' },
      errorMessage: 'must be an object of named branches',
    },
  },
};

const map = {
  title: 'Map',
  type: 'object',
  description: 'Opens one branch per item of a list. The body stands beside it: an agent, a playbook, or `steps`.',
  required: ['over'],
  additionalProperties: false,
  properties: {
    over: { type: ['array', 'string'], description: 'The list, or an expression that gives it.' },
    as: { $ref: '#/$defs/name', description: 'Name of the item in expressions; `item` unless given.' },
    maxConcurrency,
    steps: { $ref: '#/$defs/steps', description: 'The body, here instead of beside `map`.' },
  },
};

const listed = {
  title: 'Listed step',
  type: ['string', 'object'],
  if: { type: 'string' },
  then: { $ref: '#/$defs/agentName' },
  else: { $ref: '#/$defs/step' },
};

const parallelStructure = {
  title: 'Parallel structure',
  type: 'object',
  description: 'Short form of one fork: lists of agents, and the agent that gets what they give.',
  required: ['branches'],
  additionalProperties: false,
  properties: {
    branches: {
      type: 'array',
      minItems: 1,
      items: { type: 'array', minItems: 1, items: listed },
      description: 'One list per branch: agents, ids of `steps`, or steps, to run one after another.',
    },
    convergeAt: {
      ...listed,
      description: 'What gets the outputs of all branches: an agent, the id of a step, or a step.',
    },
  },
};

const variables = {
  type: 'object',
  description: 'Typed inputs, each a JSON Schema. Without `default` a variable is required, unless `required: false`.',
  propertyNames: { $ref: '#/$defs/name' },
  additionalProperties: jsonSchema,
};

/** The playbook language as a JSON Schema (draft 2020-12): what the compiler checks and what editors complete. */
export const playbookSchema = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'Playbook',
  description: 'A workflow of agents that work in parallel branches and converge.',
  type: 'object',
  required: ['name'],
  anyOf: [{ required: ['steps'] }, { required: ['parallelStructure'] }],
  additionalProperties: false,
  properties: {
    name: playbookName,
    description: { type: 'string', description: 'What the playbook is for, in words for people.' },
    variables,
    executionType: {
      type: 'string',
      enum: ['sequential', 'parallel', 'mixed'],
      description: 'Whether branches run at the same time; `mixed` unless given.',
    },
    parallelFallbackToSequential: {
      type: 'boolean',
      description: 'Try branches that failed for lack of capacity again, one at a time.',
    },
    defaults: {
      title: 'Defaults',
      type: 'object',
      description: 'For every agent step that does not say otherwise.',
      additionalProperties: false,
      properties: attempts,
    },
    steps: { $ref: '#/$defs/steps', description: 'What happens, one after another.' },
    parallelStructure,
    budget: {
      $ref: '#/$defs/amounts',
      description:
        'What all attempts together may use, by unit of the usage that agents report; `attempts` is counted.',
    },
    output: { description: "The workflow's output; that of the last step unless given." },
  },
  $defs: {
    name,
    agentName,
    publishedName,
    duration,
    expression,
    unit,
    amounts,
    retry,
    steps: { type: 'array', minItems: 1, items: { $ref: '#/$defs/step' } },
    step,
    branch,
    onFailure,
    choose,
    wait,
    signal,
    fail,
    parallel,
    map,
    converge: convergeSchema,
  },
} as const satisfies JsonObject;
