/** The partitions of the reference implementation, shared by its store and its leases as by two tables of one database. */
export type MemoryPartition = { seq: number; epoch: number; owner?: string; leaseUntil: number };

export type PartitionTable = Map<number, MemoryPartition>;

export function partitionTable(count: number): PartitionTable {
  return new Map(Array.from({ length: count }, (_, p) => [p, { seq: 0, epoch: 0, leaseUntil: 0 }]));
}
