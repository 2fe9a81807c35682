import { type Parameters } from 'fast-check';

/**
 * How often a property is tried: `BRAID_TEST_RUNS` times the everyday figure (a long run says 100), from the seed
 * `BRAID_TEST_SEED`, which a failure names.
 */
export function runs<T>(everyday: number): Parameters<T> {
  const seed = process.env['BRAID_TEST_SEED'];
  const numRuns = everyday * Number(process.env['BRAID_TEST_RUNS'] ?? 1);
  return {
    numRuns,
    ...(seed !== undefined && { seed: Number(seed) }),
  };
}
