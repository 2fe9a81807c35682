import { type Amounts, type Failure } from '@braid/events';

/** How an attempt ended, for the report; the output is JSON text. */
export type Outcome = (
  { readonly is: 'completed'; readonly json: string } | { readonly is: 'failed'; readonly failure: Failure }
) & {
  /** What the attempt used, by unit. */
  readonly usage?: Amounts;
};
