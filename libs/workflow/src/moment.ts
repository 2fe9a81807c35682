import { longestDuration, parseDuration } from './playbook/duration';

const clock = '([01]\\d|2[0-3]):([0-5]\\d)';
const rfc3339 = new RegExp(
  `^(\\d{4})-(\\d\\d)-(\\d\\d)(?:[Tt ]${clock}(?::([0-5]\\d(?:\\.\\d{1,9})?))?(?:[Zz]|([+-])${clock}))?$`,
);

/**
 * Milliseconds since the epoch of a date (`2030-01-31`, its beginning in UTC) or of a moment with its offset
 * (`2030-01-31T12:00:00Z`, `2030-01-31T12:00+02:00`), as RFC 3339 writes them. Undefined for any other text, and for days
 * that no calendar has.
 */
export function parseMoment(text: string): number | undefined {
  const match = rfc3339.exec(text);
  if (match === null) return undefined;
  const part = (group: number) => Number(match[group] ?? 0);
  const days = daysSinceEpoch(part(1), part(2), part(3));
  if (days === undefined) return undefined;
  const offset = (part(8) * 60 + part(9)) * (match[7] === '-' ? -1 : 1);
  const minutes = (days * 24 + part(4)) * 60 + part(5) - offset;
  return minutes * 60_000 + Math.floor(part(6) * 1_000);
}

const monthDays = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

function daysSinceEpoch(year: number, month: number, day: number): number | undefined {
  const leap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
  const length = (monthDays[month - 1] ?? 0) + (month === 2 && leap ? 1 : 0);
  if (day < 1 || day > length) return undefined;
  const before = year - 1;
  const leapDays = Math.floor(before / 4) - Math.floor(before / 100) + Math.floor(before / 400);
  const earlier = monthDays.slice(0, month - 1).reduce((sum, days) => sum + days, month > 2 && leap ? 1 : 0);
  const daysUntil1970 = 719_162;
  return before * 365 + leapDays - daysUntil1970 + earlier + day - 1;
}

/** The moment that a text names, seen from `now`: a duration of at most 366 days from then on, or a moment itself. */
export function momentFrom(text: string, now: number): number | undefined {
  const duration = parseDuration(text);
  if (duration === undefined) return parseMoment(text);
  return duration > longestDuration ? undefined : now + duration;
}
