import { describe, expect, it } from '@jest/globals';
import { eventStoreContract } from '../contract/event-store-contract';
import { contractPartitions } from '../contract/fixtures';
import { leasesContract } from '../contract/leases-contract';
import { InMemoryEventStore } from './event-store';

describe('the event store in memory', () => {
  it.each(Object.entries({ ...eventStoreContract, ...leasesContract }))('%s', async (_, check) => {
    const store = new InMemoryEventStore({ partitions: contractPartitions });
    await expect(check({ store, leases: store.leases })).resolves.toBeUndefined();
  });
});
