import { type PlaybookProblem } from '@braid/contracts';
import { problemCode, type ProblemCode } from './problem-codes';

export type ProblemExtras = {
  readonly problems?: readonly PlaybookProblem[];
  /** Methods that the address takes; sent as `Allow`. */
  readonly allow?: readonly string[];
  /** Seconds after which the same request may succeed, where that is known better than by the code alone. */
  readonly retryAfter?: number;
  /** Further members of the problem details, for machines. */
  readonly members?: { readonly [name: string]: unknown };
};

/** A request that cannot be answered as asked. Every edge maps `code` to its own status in its one table. */
export class Problem extends Error {
  override readonly name = 'Problem';

  constructor(
    readonly code: ProblemCode,
    readonly detail?: string,
    readonly extras: ProblemExtras = {},
    cause?: unknown,
  ) {
    super(detail ?? problemCode(code).title, cause === undefined ? {} : { cause });
  }
}
