/**
 * Milliseconds of processor time that the work takes, at best of three times; of some more where that is above the limit, for
 * whatever else the machine does makes work slower and never faster.
 */
export function cpuMs(work: () => void, limit: number): number {
  let best = Number.POSITIVE_INFINITY;
  for (let turn = 0; turn < 3 || (turn < 15 && best >= limit); turn++) {
    const before = process.cpuUsage();
    work();
    const { user, system } = process.cpuUsage(before);
    best = Math.min(best, (user + system) / 1_000);
  }
  return best;
}
