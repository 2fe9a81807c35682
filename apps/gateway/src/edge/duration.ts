import ms, { type StringValue } from 'ms';
import { parameterProblem } from '../problems/parameter-problem';

/** Longest time that a request may be held, in milliseconds; proxies cut longer ones. */
export const longestWaitMs = 300_000;

/**
 * Milliseconds of a duration such as `300ms`, `30s` or `2m`, at most {@link longestWaitMs}.
 * @throws Problem `request.invalid`
 */
export function waitMs(text: string): number {
  const value = /^\d{1,9}(\.\d{1,3})?(ms|s|m)$/.test(text) ? ms(text as StringValue) : Number.NaN;
  return requireWait(value, text.slice(0, 40), 'Write a number and ms, s or m, for example 30s');
}

/**
 * A time that a request may be held, in milliseconds. `text` is how the caller wrote it.
 * @throws Problem `request.invalid`
 */
export function requireWait(value: number, text: string, suggestion: string): number {
  if (value >= 0 && value <= longestWaitMs) return value;
  throw parameterProblem('wait', `"${text}" is not a duration of at most ${ms(longestWaitMs)}`, suggestion);
}
