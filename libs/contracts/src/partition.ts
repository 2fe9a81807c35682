/** Partitions of an installation; fixed once data exists. */
export const defaultPartitions = 32;

/** The partition of a workflow: FNV-1a of its id. Every sender computes it and writes it into the subject. */
export function partitionOf(workflow: string, partitions: number): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < workflow.length; i++) {
    hash = Math.imul(hash ^ workflow.charCodeAt(i), 0x01000193);
  }
  return (hash >>> 0) % partitions;
}
