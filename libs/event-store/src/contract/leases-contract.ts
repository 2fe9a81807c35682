import { deepStrictEqual as same, ok } from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { anHour, append, contractPartitions, events, id, type ContractSubject } from './fixtures';

/** What every implementation of leases does, one sentence each. The subject is new and has eight partitions. */
export const leasesContract: { readonly [sentence: string]: (subject: ContractSubject) => Promise<void> } = {
  async 'gives each partition to one of many owners that ask at once'({ leases }) {
    const owners = Array.from({ length: 12 }, (_, index) => `owner-${index}`);
    // What is locked by somebody else is left alone, so a single round may leave partitions over.
    const taken: number[] = [];
    while (taken.length < contractPartitions) {
      const round = await Promise.all(owners.map((owner) => leases.acquire(owner, 3, anHour)));
      ok(round.every((got) => got.length <= 3));
      taken.push(...round.flat().map(({ partition }) => partition));
    }
    same(
      taken.toSorted((a, b) => a - b),
      [0, 1, 2, 3, 4, 5, 6, 7],
    );
    same((await leases.list()).filter(({ live, epoch }) => live && epoch === 1).length, 8);
    same(await leases.acquire('late', 8, anHour), []);
  },

  async 'gives no more than was asked for'({ leases }) {
    same((await leases.acquire('a', 3, anHour)).length, 3);
    same(await leases.acquire('a', 0, anHour), []);
    same((await leases.acquire('a', 99, anHour)).length, 5);
  },

  async 'keeps a live lease and hands over one that has ended, under a new epoch'({ leases }) {
    await leases.acquire('a', 4, 20);
    await leases.acquire('b', 4, anHour);
    await sleep(40);
    const taken = await leases.acquire('c', 8, anHour);
    same(taken.length, 4);
    ok(taken.every(({ epoch }) => epoch === 2));
    const list = await leases.list();
    same(list.filter(({ owner }) => owner === 'b').length, 4);
  },

  async 'renews what is still held, and only that'({ leases }) {
    const mine = await leases.acquire('a', 4, 20);
    await sleep(40);
    // A lease that has ended is still its owner's as long as nobody has taken it.
    same(await leases.renew('a', mine.slice(0, 2), anHour), mine.slice(0, 2));
    const taken = await leases.acquire('b', 8, anHour);
    same(taken.length, 6);
    same(await leases.renew('a', mine, anHour), mine.slice(0, 2));
    same(await leases.renew('b', mine, anHour), []);
    same(await leases.renew('a', [], anHour), []);
  },

  async 'gives a released partition to the next at once'({ leases, store }) {
    const mine = await leases.acquire('a', 8, anHour);
    await leases.release('b', mine);
    same(await leases.acquire('b', 8, anHour), []);
    await leases.release('a', mine.slice(0, 1));
    same((await leases.list())[0], { partition: 0, epoch: 1, live: false });
    same(await leases.renew('a', mine.slice(0, 1), anHour), []);
    same(await leases.acquire('b', 8, anHour), [{ partition: 0, epoch: 2 }]);
    same((await store.append([append(0, 1, events(id(), 1, 1))])).kind, 'fenced');
    await leases.release('a', mine.slice(0, 1));
    same((await leases.list())[0]?.owner, 'b');
  },

  async 'counts the owners that are alive'({ leases }) {
    same(await leases.announce('a', anHour), 1);
    same(await leases.announce('a', anHour), 1);
    same(await leases.announce('b', anHour), 2);
    same(await leases.announce('c', 10), 3);
    await sleep(30);
    same(await leases.announce('a', anHour), 2);
    await leases.leave('b');
    same(await leases.announce('a', anHour), 1);
  },
};
