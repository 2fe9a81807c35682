import { type Family } from './families';

/** What was done, counted by family and name. */
export class Tally {
  private readonly counts = new Map<Family, Map<string, number>>();

  add(family: Family, name: string, by = 1): void {
    const counts = this.of(family);
    counts.set(name, (counts.get(name) ?? 0) + by);
  }

  atMost(family: Family, name: string, value: number): void {
    const counts = this.of(family);
    counts.set(name, Math.max(counts.get(name) ?? 0, value));
  }

  get(family: Family, name: string): number {
    return this.counts.get(family)?.get(name) ?? 0;
  }

  /** `2 restarts, 1 wipes`; empty when nothing was done. */
  text(family: Family): string {
    return [...this.of(family)].map(([name, count]) => `${count} ${name}`).join(', ');
  }

  private of(family: Family): Map<string, number> {
    const counts = this.counts.get(family) ?? new Map<string, number>();
    this.counts.set(family, counts);
    return counts;
  }
}
