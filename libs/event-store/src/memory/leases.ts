import { type Lease, type PartitionLeases } from '../event-store';
import { type MemoryPartition, type PartitionTable } from './partition-table';

/** The reference implementation of leases, on a clock that is handed in. */
export class InMemoryLeases implements PartitionLeases {
  readonly #owners = new Map<string, number>();

  constructor(
    private readonly partitions: PartitionTable,
    private readonly now: () => number,
  ) {}

  async announce(owner: string, ttlMs: number): Promise<number> {
    this.#owners.set(owner, this.now() + ttlMs);
    return [...this.#owners].filter(([id, until]) => id === owner || until >= this.now()).length;
  }

  async acquire(owner: string, limit: number, ttlMs: number): Promise<Lease[]> {
    const free = [...this.partitions].filter(
      ([, { owner: held, leaseUntil }]) => held === undefined || leaseUntil < this.now(),
    );
    return free.slice(0, Math.max(limit, 0)).map(([partition, row]) => {
      row.owner = owner;
      row.epoch += 1;
      row.leaseUntil = this.now() + ttlMs;
      return { partition, epoch: row.epoch };
    });
  }

  async renew(owner: string, leases: readonly Lease[], ttlMs: number): Promise<Lease[]> {
    const held = this.#held(owner, leases);
    for (const { row } of held) {
      row.leaseUntil = this.now() + ttlMs;
    }
    return held
      .map(({ lease: { partition, epoch } }) => ({ partition, epoch }))
      .sort((a, b) => a.partition - b.partition);
  }

  async release(owner: string, leases: readonly Lease[]): Promise<void> {
    for (const { row } of this.#held(owner, leases)) {
      delete row.owner;
      row.leaseUntil = 0;
    }
  }

  async leave(owner: string): Promise<void> {
    this.#owners.delete(owner);
  }

  async list(): Promise<{ partition: number; owner?: string; epoch: number; live: boolean }[]> {
    return [...this.partitions].map(([partition, { owner, epoch, leaseUntil }]) => ({
      partition,
      ...(owner === undefined ? {} : { owner }),
      epoch,
      live: owner !== undefined && leaseUntil >= this.now(),
    }));
  }

  #held(owner: string, leases: readonly Lease[]): { readonly lease: Lease; readonly row: MemoryPartition }[] {
    return leases.flatMap((lease) => {
      const row = this.partitions.get(lease.partition);
      return row?.owner === owner && row.epoch === lease.epoch ? [{ lease, row }] : [];
    });
  }
}
