/** The W3C trace context of the caller; one that is malformed is ignored, as the standard asks. */
export function traceparentIn(value: unknown): string | undefined {
  return typeof value === 'string' && /^[\da-f]{2}-[\da-f]{32}-[\da-f]{16}-[\da-f]{2}$/.test(value) ? value : undefined;
}
