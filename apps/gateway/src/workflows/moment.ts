/** A moment in milliseconds since the epoch as ISO 8601. Moments of runners are taken as they come, even absurd ones. */
export function moment(ms: number): string {
  const date = new Date(ms);
  return Number.isNaN(date.getTime()) ? new Date(0).toISOString() : date.toISOString();
}
