const units: { readonly [unit: string]: number } = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

const short = '(\\d+(?:\\.\\d+)?)(ms|s|m|h|d)';
const iso = 'P(?=[\\dT])(?:(\\d+)W)?(?:(\\d+)D)?(?:T(?=\\d)(?:(\\d+)H)?(?:(\\d+)M)?(?:(\\d+(?:\\.\\d+)?)S)?)?';

/** Both spellings of a duration, as a regular expression for the playbook's schema. */
export const durationPattern = `^(?:${short}|${iso})$`;

/** The longest duration: 366 days in milliseconds. */
export const longestDuration = 366 * 86_400_000;

const pattern = new RegExp(durationPattern);

/**
 * Milliseconds of `300ms`, `2s`, `5m`, `1h`, `7d` or of an ISO 8601 duration in weeks, days and time (`PT5M`). Months and years
 * have no fixed length and are no durations here. Undefined for any other text.
 */
export function parseDuration(text: string): number | undefined {
  const match = pattern.exec(text);
  if (match === null) return undefined;
  const [, amount, unit = '', weeks = 0, days = 0, hours = 0, minutes = 0, seconds = 0] = match;
  if (amount !== undefined) return Math.round(Number(amount) * (units[unit] ?? 0));
  const wholeDays = Number(weeks) * 7 + Number(days);
  const time = Number(hours) * 3_600_000 + Number(minutes) * 60_000 + Math.round(Number(seconds) * 1_000);
  return wholeDays * 86_400_000 + time;
}
