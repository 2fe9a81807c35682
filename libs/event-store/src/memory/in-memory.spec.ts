import { describe, it } from '@jest/globals';
import { eventStoreContract } from '../contract/event-store-contract';
import { contractPartitions } from '../contract/fixtures';
import { leasesContract } from '../contract/leases-contract';
import { InMemoryEventStore } from './event-store';

describe('the event store in memory', () => {
  for (const [sentence, check] of Object.entries({ ...eventStoreContract, ...leasesContract })) {
    it(sentence, async () => {
      const store = new InMemoryEventStore({ partitions: contractPartitions });
      await check({ store, leases: store.leases });
    });
  }
});
