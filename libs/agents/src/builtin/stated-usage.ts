import { type Amounts } from '@braid/events';

/** What an input may say that the attempt is to have used, for trying out budgets. */
export type StatedUsage = { readonly usage?: Amounts };

/** JSON Schema of the field `usage`. */
export const usageField = {
  usage: { type: 'object', additionalProperties: { type: 'number', minimum: 0 } },
} as const;
