const longestMs = 24 * 3_600_000;

/** Milliseconds that a `Retry-After` header asks to wait, given as seconds or as a date; undefined when it says neither. */
export function retryAfterMs(header: string | null, now: number): number | undefined {
  if (header === null) return undefined;
  const text = header.trim();
  // The parser of dates reads almost anything; a date of HTTP begins with the name of a weekday.
  const date = /^[A-Z][a-z]+,? /.test(text) ? Date.parse(text) : Number.NaN;
  const ms = /^\d+$/.test(text) ? Number(text) * 1_000 : date - now;
  if (Number.isNaN(ms)) return undefined;
  return Math.min(Math.max(ms, 0), longestMs);
}
