import { type Strategy } from '@braid/events';

type StrategyRule = {
  /** Fields of `converge` that belong to this strategy. */
  readonly fields: readonly string[];
  /** What happens to branches that no longer matter, unless the playbook says. */
  readonly losers: 'cancel' | 'drain';
};

/** The strategies of this version; a new one gets its line here and its fields below. */
export const strategies: { readonly [name in Strategy['name']]: StrategyRule } = {
  'all-must-complete': { fields: [], losers: 'drain' },
  'all-settled': { fields: ['require'], losers: 'drain' },
  'first-success': { fields: ['schema'], losers: 'cancel' },
};

/** Part of the playbook's schema: how a fork is decided. */
export const convergeSchema = {
  title: 'Converge',
  type: 'object',
  description: 'How the fork is decided; all-must-complete unless given.',
  additionalProperties: false,
  properties: {
    strategy: { type: 'string', enum: Object.keys(strategies) },
    require: {
      type: ['integer', 'string'],
      minimum: 1,
      pattern: '^(?:[1-9][0-9]?|100)%$',
      description: 'all-settled: how many branches must complete, as a number or a share.',
      errorMessage: 'must be a number of branches from 1, or a share from 1% to 100%',
    },
    schema: {
      type: 'object',
      description: 'first-success: JSON Schema that an output must match to count.',
      errorMessage: 'must be a JSON Schema, for example { type: object }',
    },
    losers: {
      type: 'string',
      enum: ['cancel', 'drain'],
      description: 'What happens to branches that no longer matter.',
    },
    deadline: { $ref: '#/$defs/duration', description: 'When to settle with what is there, counted from the fork.' },
    onUnmet: { type: 'string', enum: ['fail', 'continue'] },
    context: {
      title: 'Merge of contexts',
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
          required: ['prefer'],
          additionalProperties: false,
          properties: { prefer: { $ref: '#/$defs/name' } },
        },
      },
    },
  },
} as const;
