import { describe, expect, it } from '@jest/globals';
import { simulate } from './simulate';

/** Seeds of every run of the tests; `npm run test:sim` runs many more. */
const seeds = 300;
const batch = 20;

describe('a simulated installation, whatever happens to it', () => {
  // Seen to fail with each of the mutants of ./mutants.ts: npm run test:sim -- --mutants
  it.each(Array.from({ length: seeds / batch }, (_, index) => 1 + index * batch))(
    'comes to rest with nothing lost and nothing twice: seeds from %i',
    async (from) => {
      for (let seed = from; seed < from + batch; seed++) {
        const { trace, violation } = await simulate(seed);
        const again = `npm run test:sim -- --from ${seed} --seeds 1 --trace`;
        expect(violation && [`seed ${seed}: ${violation}`, `again: ${again}`, ...trace].join('\n')).toBeUndefined();
      }
    },
  );

  it('does the same again for the same seed, and something else for another', async () => {
    const digests = new Set<string>();
    for (let seed = 1; seed <= 10; seed++) {
      const [one, other] = [await simulate(seed), await simulate(seed, { logLevel: 'debug', keptLines: Infinity })];
      expect(other.digest).toBe(one.digest);
      expect(other.steps).toBe(one.steps);
      digests.add(one.digest);
    }
    expect(digests.size).toBe(10);
  });
});
