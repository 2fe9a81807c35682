import { type Clock, type Timer } from '@braid/clock';
import { type Lease, type PartitionLeases } from '@braid/event-store';
import { type Logger } from '@braid/service';

/** What happens to a partition in this process. */
export type LeaseEvents = {
  acquired(lease: Lease): void;
  /** Finishes what is in hand; afterwards the lease is given back. */
  drain(partition: number): Promise<void>;
  /** The lease is gone already. */
  lost(partition: number): void;
  /** Leases were given back: others may want them at once. */
  released(): void;
};

export type LeaseOptions = {
  readonly owner: string;
  readonly partitions: number;
  /** Milliseconds that a lease lasts without being renewed. */
  readonly ttl: number;
  readonly clock: Clock;
};

/**
 * Holds an equal share of the partitions: takes what is free, renews what it has, gives back what is more than its share. Only
 * the database's clock decides who owns what; a process that cannot renew in time stops acting on its own clock.
 */
export class LeaseKeeper {
  private readonly held = new Map<number, Lease>();
  private renewedAt: number;
  private overdueSince: number | undefined;
  private round: Promise<void> | undefined;
  private again = false;
  private stopped = false;
  private timer: Timer | undefined;
  private watchdog: Timer | undefined;

  constructor(
    private readonly leases: PartitionLeases,
    private readonly options: LeaseOptions,
    private readonly events: LeaseEvents,
    private readonly logger: Logger,
  ) {
    this.renewedAt = options.clock.monotonic();
  }

  get partitions(): readonly number[] {
    return [...this.held.keys()];
  }

  async start(): Promise<void> {
    const { clock, ttl } = this.options;
    this.timer = clock.every(ttl / 3, () => void this.turn());
    this.watchdog = clock.every(ttl / 12, () => this.check());
    await this.turn();
  }

  /** Something may have become free: looks at once instead of at the next round. */
  wake(): void {
    void this.turn();
  }

  /** The store refused a commit under this lease. */
  fenced({ partition, epoch }: Lease): void {
    if (this.held.get(partition)?.epoch === epoch) this.lose(partition);
  }

  /** Gives everything back, after what is in hand has been finished. */
  async stop(): Promise<void> {
    this.stopped = true;
    this.timer?.stop();
    await this.round;
    await this.giveBack([...this.held.values()]).catch((error: unknown) => {
      this.logger.warn({ error }, 'leases could not be given back; the others wait until they end');
    });
    this.watchdog?.stop();
    await this.leases.leave(this.options.owner).catch((error: unknown) => {
      this.logger.warn({ error }, 'could not sign off; the others will notice');
    });
  }

  private async turn(): Promise<void> {
    if (this.stopped) return;
    if (this.round) {
      this.again = true;
      return;
    }
    this.round = this.keep()
      .catch((error: unknown) => this.logger.warn({ error }, 'leases could not be renewed; trying again'))
      .finally(() => {
        this.round = undefined;
        if (!this.again) return;
        this.again = false;
        void this.turn();
      });
    await this.round;
  }

  private async keep(): Promise<void> {
    const { clock, owner, partitions, ttl } = this.options;
    const asked = clock.monotonic();
    const renewed = await this.leases.renew(owner, [...this.held.values()], ttl);
    const kept = new Set(renewed.map(({ partition }) => partition));
    for (const partition of [...this.held.keys()]) if (!kept.has(partition)) this.lose(partition);
    this.renewedAt = asked;
    const living = await this.leases.announce(owner, ttl);
    const share = Math.ceil(partitions / Math.max(1, living));
    if (this.held.size > share) {
      await this.giveBack([...this.held.values()].slice(share));
    } else if (this.held.size < share && !this.stopped) {
      const taken = await this.leases.acquire(owner, share - this.held.size, ttl);
      for (const lease of taken) this.take(lease);
    }
  }

  private take(lease: Lease): void {
    this.held.set(lease.partition, lease);
    this.events.acquired(lease);
  }

  private lose(partition: number): void {
    this.logger.warn({ partition }, 'a partition belongs to somebody else now');
    this.held.delete(partition);
    this.events.lost(partition);
  }

  private async giveBack(leases: readonly Lease[]): Promise<void> {
    if (leases.length === 0) return;
    await Promise.all(leases.map(({ partition }) => this.events.drain(partition)));
    const still = leases.filter(({ partition, epoch }) => this.held.get(partition)?.epoch === epoch);
    for (const { partition } of still) this.held.delete(partition);
    await this.leases.release(this.options.owner, still);
    this.events.released();
  }

  /**
   * Whether the leases are surely held, by this process's own clock. A process that stood still learns only by looking, timers
   * and messages coming in no certain order then, and may well be the owner still: it renews before anything is dropped. Without
   * an answer everything is. Until it knows, what it records is fenced by the epoch, and what needs no record it leaves undone.
   */
  check(): boolean {
    const { clock, ttl } = this.options;
    const now = clock.monotonic();
    if (now - this.renewedAt < (ttl * 2) / 3) {
      this.overdueSince = undefined;
      return true;
    }
    this.overdueSince ??= now;
    if (now - this.overdueSince >= ttl) for (const partition of [...this.held.keys()]) this.lose(partition);
    else void this.turn();
    return false;
  }
}
