import { type Failure } from '@braid/events';

/**
 * What a caller sees of a failure; every view of a failure passes through here. Stacks are for operators and every caller
 * counts as one, because the API knows no anonymous callers yet.
 */
export function failureView(failure: Failure): Failure {
  return failure;
}
