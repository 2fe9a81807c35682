import { textOf } from './fields';

/** A condition without the `${{ }}` that may stand around it. */
export function conditionIn(given: unknown): string | undefined {
  if (typeof given === 'boolean') return String(given);
  const text = textOf(given)?.trim();
  if (text === undefined) return undefined;
  const whole = text.startsWith('${{') && text.endsWith('}}') && text.indexOf('${{', 3) === -1;
  return whole ? text.slice(3, -2).trim() : text;
}
