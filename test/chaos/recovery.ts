import { type Family } from './families';

type Watched = { readonly name: string; isReady(): Promise<boolean> };
type Standing = { disturbances: number; since: number; readonly families: Set<Family> };

const askEveryMs = 250;
/** In which a service must be ready again when nothing disturbs it any more, in milliseconds. */
export const recoveredWithinMs = 30_000;

/** Measures how long each member takes to be ready again when nothing disturbs it any more. */
export class Recovery {
  /** Milliseconds, by what had disturbed. */
  readonly times = new Map<Family, number[]>();
  private readonly standings = new Map<string, Standing>();
  private readonly timer: NodeJS.Timeout;
  private asking = false;

  constructor(private readonly members: readonly Watched[]) {
    this.timer = setInterval(() => void this.ask(), askEveryMs);
  }

  /** The function that is answered ends the disturbance. */
  disturb(members: readonly Watched[], family: Family): () => void {
    const standings = members.map(({ name }) => {
      const standing = this.standings.get(name) ?? { disturbances: 0, since: 0, families: new Set() };
      this.standings.set(name, standing);
      standing.disturbances += 1;
      standing.families.add(family);
      return standing;
    });
    return () => {
      for (const standing of standings) {
        standing.disturbances -= 1;
        standing.since = performance.now();
      }
    };
  }

  /** Who is not ready again yet. */
  get waiting(): readonly string[] {
    return [...this.standings.keys()];
  }

  worst(family: Family): number | undefined {
    const times = this.times.get(family);
    return times === undefined ? undefined : Math.max(...times);
  }

  stop(): void {
    clearInterval(this.timer);
  }

  private async ask(): Promise<void> {
    if (this.asking) return;
    this.asking = true;
    await Promise.all(this.members.map((member) => this.askOne(member)));
    this.asking = false;
  }

  private async askOne(member: Watched): Promise<void> {
    const standing = this.standings.get(member.name);
    if (standing === undefined || standing.disturbances > 0) return;
    const { since } = standing;
    const ready = await member.isReady();
    if (!ready || standing.disturbances > 0 || standing.since !== since) return;
    const ms = performance.now() - since;
    this.standings.delete(member.name);
    for (const family of standing.families) this.times.set(family, [...(this.times.get(family) ?? []), ms]);
  }
}
