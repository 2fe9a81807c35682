import { type Strategy } from '@braid/events';

type StrategyRule = {
  /** Fields of `converge` that belong to this strategy. */
  readonly fields: readonly string[];
  /** Those of them that it cannot do without. */
  readonly needs?: readonly string[];
  /** What happens to branches that no longer matter, unless the playbook says. */
  readonly losers: 'cancel' | 'drain';
};

/** The strategies of this version; a new one gets its line here and its fields below. */
export const strategies: { readonly [name in Strategy['name']]: StrategyRule } = {
  'all-must-complete': { fields: [], losers: 'drain' },
  'all-settled': { fields: ['require'], losers: 'drain' },
  'first-success': { fields: ['schema'], losers: 'cancel' },
  quorum: { fields: ['require'], needs: ['require'], losers: 'cancel' },
  'majority-vote': { fields: ['by', 'weights', 'of', 'tieBreak'], needs: ['by'], losers: 'cancel' },
  'best-of': { fields: ['score'], needs: ['score'], losers: 'drain' },
  reduce: { fields: ['initial', 'with'], needs: ['initial', 'with'], losers: 'drain' },
  judge: { fields: ['require', 'agent', 'with', 'retry', 'timeout', 'cost'], needs: ['agent'], losers: 'drain' },
};

/** How many of several, as a number or a share. */
export const requirementSchema = {
  type: ['integer', 'string'],
  minimum: 1,
  pattern: '^(?:[1-9][0-9]?|100)%$',
  errorMessage: 'must be a number of branches from 1, or a share from 1% to 100%',
} as const;

/** Part of the playbook's schema: how a fork is decided. */
export const convergeSchema = {
  title: 'Converge',
  type: 'object',
  description: 'How the fork is decided; all-must-complete unless given.',
  additionalProperties: false,
  properties: {
    strategy: {
      type: 'string',
      enum: Object.keys(strategies),
      description: 'What the fork waits for, and what its output is.',
    },
    require: {
      ...requirementSchema,
      description:
        'all-settled, quorum, judge: how many branches must complete, as a number or a share (rounded up); for a judge 1 unless given.',
    },
    schema: {
      type: 'object',
      description: 'first-success: JSON Schema that an output must match to count.',
      errorMessage: 'must be a JSON Schema, for example { type: object }',
    },
    by: {
      type: 'string',
      minLength: 1,
      description: 'majority-vote: the value that a branch votes for; `output` is its output. Null is no vote.',
      errorMessage: 'must be an expression, for example ${{ output.verdict }}',
    },
    weights: {
      type: 'object',
      description: 'majority-vote: how many votes a branch has; one unless given.',
      propertyNames: { $ref: '#/$defs/name' },
      additionalProperties: {
        type: 'integer',
        minimum: 1,
        maximum: 1_000_000,
        errorMessage: 'must be a whole number of votes from 1 to 1000000',
      },
      errorMessage: 'must be an object of branches and their numbers of votes',
    },
    of: {
      type: 'string',
      enum: ['all', 'cast'],
      description:
        'majority-vote: more than half of all votes that there could be (all, unless given), or of those cast.',
    },
    tieBreak: {
      $ref: '#/$defs/name',
      description:
        'majority-vote: which of several values that share the most votes wins: that of the `first` branch in declared order, that of a branch named here, or none (`fail`, unless given).',
    },
    score: {
      type: 'string',
      minLength: 1,
      description: 'best-of: a number, the higher the better; `output` is the output of a branch.',
      errorMessage: 'must be an expression, for example ${{ output.score }}',
    },
    initial: { description: 'reduce: what the fold starts with.' },
    with: {
      description:
        'reduce: what the fold goes on with after each branch, in declared order; `accumulator` is what it has so far, `output` the output of the branch. judge: what the judge is asked; `outputs` unless given, which are those of the branches that completed, by name or as a list.',
    },
    agent: {
      $ref: '#/$defs/agentName',
      description: 'judge: who is asked when every branch has ended; the answer is the output of the fork.',
    },
    retry: {
      $ref: '#/$defs/retry',
      description: 'judge: how often and when a failed attempt of the judge is tried again.',
    },
    timeout: { $ref: '#/$defs/duration', description: 'judge: how long one attempt of the judge may run.' },
    cost: { $ref: '#/$defs/amounts', description: 'judge: the most that one attempt of the judge uses, by unit.' },
    losers: {
      type: 'string',
      enum: ['cancel', 'drain', 'detach'],
      description:
        'What happens to branches that no longer matter: cancel them, wait for their end (drain), or let those at work end on their own and go on (detach).',
    },
    deadline: { $ref: '#/$defs/duration', description: 'When to settle with what is there, counted from the fork.' },
    onUnmet: { $ref: '#/$defs/onFailure', description: 'What an unreachable convergence means for the branch.' },
    context: {
      title: 'Merge of contexts',
      description: 'How what the branches exported comes together.',
      type: 'object',
      additionalProperties: false,
      properties: {
        onConflict: {
          type: ['string', 'object'],
          description: 'Which value wins when branches export different values for one key.',
          errorMessage: 'must be error, first, last or { prefer: <branch> }',
          if: { type: 'string' },
          then: {
            enum: ['error', 'first', 'last'],
            errorMessage: 'must be error, first, last or { prefer: <branch> }',
          },
          anyOf: [{ enum: ['error', 'first', 'last'] }, { type: 'object' }],
          required: ['prefer'],
          additionalProperties: false,
          properties: { prefer: { $ref: '#/$defs/name', description: 'The branch whose value wins.' } },
        },
      },
    },
  },
} as const;
