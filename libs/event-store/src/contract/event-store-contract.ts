import { deepStrictEqual as same, ok, rejects } from 'node:assert/strict';
import { InvalidAppendError } from '../errors';
import { append, events, id, ownAll, type ContractSubject } from './fixtures';

/** What every implementation of the event store does, one sentence each. The subject is new and has eight partitions. */
export const eventStoreContract: { readonly [sentence: string]: (subject: ContractSubject) => Promise<void> } = {
  async 'gives positions from 1 without gaps, in the order of the appends'(subject) {
    const { store } = subject;
    await ownAll(subject);
    const [a, b] = [id(), id()];
    const first = await store.append([append(3, 1, [...events(a, 1, 2), ...events(b, 1, 1)])]);
    const second = await store.append([append(3, 1, events(a, 3, 2))]);
    same(first, { kind: 'committed', positions: new Map([[3, 3]]) });
    same(second, { kind: 'committed', positions: new Map([[3, 5]]) });
    const log = await store.readPartition(3, { afterPosition: 0, limit: 100 });
    same(
      log.map(({ position, workflow, version }) => [position, workflow, version]),
      [
        [1, a, 1],
        [2, a, 2],
        [3, b, 1],
        [4, a, 3],
        [5, a, 4],
      ],
    );
    const page = await store.readPartition(3, { afterPosition: 1, limit: 2 });
    same(
      page.map(({ position }) => position),
      [2, 3],
    );
    same((await store.heads()).get(3), 5);
    same((await store.heads()).get(4), 0);
  },

  async 'gives back exactly what was appended'(subject) {
    const { store } = subject;
    await ownAll(subject);
    const workflow = id();
    const awkward = [
      '\0',
      '\ud800',
      '\udc00x',
      '"\\\n\u2028',
      { __proto__: null, 'a.b': [1e308, -1, 0.1, true, null] },
    ];
    const [event] = events(workflow, 1, 1, awkward);
    ok(event);
    await store.append([append(0, 1, [event])]);
    const [stored] = await store.readStream(workflow);
    same(JSON.stringify(stored?.data), JSON.stringify(event.data));
    same({ ...stored, data: 0 }, { ...event, data: 0, partition: 0, position: 1 });
  },

  async 'takes the text of the data from the caller when it is given'(subject) {
    const { store } = subject;
    await ownAll(subject);
    const workflow = id();
    await store.append([{ ...append(0, 1, events(workflow, 1, 1)), data: ['{"output":"from text"}'] }]);
    const [stored] = await store.readStream(workflow);
    same(stored?.data, { output: 'from text' });
  },

  async 'reads a part of a stream'(subject) {
    const { store } = subject;
    await ownAll(subject);
    const workflow = id();
    await store.append([append(0, 1, events(workflow, 1, 6))]);
    const versions = async (options: { afterVersion?: number; upToVersion?: number; limit?: number }) =>
      (await store.readStream(workflow, options)).map(({ version }) => version);
    same(await versions({}), [1, 2, 3, 4, 5, 6]);
    same(await versions({ afterVersion: 4 }), [5, 6]);
    same(await versions({ upToVersion: 2 }), [1, 2]);
    same(await versions({ afterVersion: 1, limit: 2 }), [2, 3]);
    same(await store.readStream(id()), []);
    same(await store.readStream('no\0such'), []);
  },

  async 'refuses an older epoch and writes nothing of it'(subject) {
    const { store, leases } = subject;
    const [lease] = await leases.acquire('zombie', 1, 1);
    ok(lease);
    const { partition, epoch } = lease;
    const [workflow, other] = [id(), id()];
    same((await store.append([append(partition, epoch, events(workflow, 1, 1))])).kind, 'committed');
    await new Promise((resolve) => setTimeout(resolve, 20));
    same(await leases.acquire('heir', 1, 1000), [{ partition, epoch: epoch + 1 }]);
    const row = { id: other, open: true, dueAt: 1 };
    for (const added of [events(workflow, 2, 1), events(other, 1, 1), []]) {
      const refused = await store.append([append(partition, epoch, added, [row])]);
      same(refused, { kind: 'fenced', partitions: [partition] });
    }
    same((await store.readStream(workflow)).length, 1);
    same(await store.readStream(other), []);
    same(await store.due([partition], 10, 10), []);
    same((await store.heads()).get(partition), 1);
    same((await store.append([append(partition, epoch + 1, events(workflow, 2, 1))])).kind, 'committed');
    same(await store.append([append(partition, epoch, events(workflow, 3, 1))]), {
      kind: 'fenced',
      partitions: [partition],
    });
  },

  async 'refuses epochs that were never given out and partitions that do not exist'(subject) {
    const { store } = subject;
    await ownAll(subject);
    same(await store.append([append(2, 7, events(id(), 1, 1))]), { kind: 'fenced', partitions: [2] });
    same(await store.append([append(99, 1, events(id(), 1, 1))]), { kind: 'fenced', partitions: [99] });
  },

  async 'appends to several partitions, or to none of them'(subject) {
    const { store } = subject;
    await ownAll(subject);
    const [a, b, c] = [id(), id(), id()];
    const both = await store.append([append(5, 1, events(a, 1, 1)), append(1, 1, events(b, 1, 3))]);
    same(both, {
      kind: 'committed',
      positions: new Map([
        [5, 1],
        [1, 3],
      ]),
    });
    const fenced = await store.append([append(5, 1, events(a, 2, 1)), append(1, 9, events(c, 1, 1))]);
    same(fenced, { kind: 'fenced', partitions: [1] });
    const conflict = await store.append([append(5, 1, events(a, 2, 1)), append(1, 1, events(b, 3, 1))]);
    same(conflict.kind, 'conflict');
    same((await store.readStream(a)).length, 1);
    same(await store.readStream(c), []);
    same([(await store.heads()).get(5), (await store.heads()).get(1)], [1, 3]);
    same((await store.append([append(5, 1, events(a, 2, 1))])).kind, 'committed');
  },

  async 'answers conflict for a version that exists, once or within the append'(subject) {
    const { store } = subject;
    await ownAll(subject);
    const workflow = id();
    await store.append([append(0, 1, events(workflow, 1, 2))]);
    same((await store.append([append(0, 1, events(workflow, 2, 2))])).kind, 'conflict');
    const fresh = id();
    const twice = [...events(fresh, 1, 1), ...events(fresh, 1, 1)];
    same((await store.append([append(0, 1, twice)])).kind, 'conflict');
    same((await store.heads()).get(0), 2);
    same((await store.append([append(0, 1, events(workflow, 3, 1))])).kind, 'committed');
  },

  async 'answers conflict for a version whose predecessor is missing'(subject) {
    const { store } = subject;
    await ownAll(subject);
    const workflow = id();
    same((await store.append([append(0, 1, events(workflow, 2, 1))])).kind, 'conflict');
    await store.append([append(0, 1, events(workflow, 1, 2))]);
    same((await store.append([append(0, 1, [...events(workflow, 3, 1), ...events(workflow, 5, 1)])])).kind, 'conflict');
    same((await store.readStream(workflow)).length, 2);
  },

  async 'refuses what can never be stored, with words'(subject) {
    const { store } = subject;
    await ownAll(subject);
    for (const bad of ['', 'a\0b', '\ud800', 'x'.repeat(201), 'line\nbreak']) {
      await rejects(store.append([append(0, 1, events(bad, 1, 1))]), InvalidAppendError);
      await rejects(store.append([append(0, 1, [], [{ id: bad, open: false }])]), InvalidAppendError);
    }
    await rejects(store.append([append(0, 1, [], [{ id: 'a', open: true }])]), InvalidAppendError);
    await rejects(store.append([append(0, 1, []), append(0, 1, [])]), InvalidAppendError);
    same((await store.heads()).get(0), 0);
  },

  async 'keeps ids that look like SQL, and the words of an object apart'(subject) {
    const { store } = subject;
    await ownAll(subject);
    for (const odd of [`'; drop table braid.event; --`, '{a,"b"}', '__proto__', 'NULL', '\\', 'ß→😀']) {
      const appended = await store.append([append(0, 1, events(odd, 1, 1), [{ id: odd, open: true, dueAt: 1 }])]);
      same(appended.kind, 'committed');
      same((await store.readStream(odd))[0]?.workflow, odd);
    }
    same((await store.due([0], 5, 100)).length, 6);
  },

  async 'finds the open workflows that are due, earliest first'(subject) {
    const { store } = subject;
    await ownAll(subject);
    const rows = (...due: number[]) => due.map((dueAt) => ({ id: `due-${dueAt}`, open: true, dueAt }));
    await store.append([append(0, 1, [], rows(30, 10)), append(1, 1, [], rows(20, 50)), append(2, 1, [], rows(5))]);
    same(await store.due([0, 1], 30, 10), [
      { workflow: 'due-10', partition: 0, dueAt: 10 },
      { workflow: 'due-20', partition: 1, dueAt: 20 },
      { workflow: 'due-30', partition: 0, dueAt: 30 },
    ]);
    same((await store.due([0, 1], 30, 2)).length, 2);
    same(await store.due([], 30, 2), []);
    await store.append([
      append(
        0,
        1,
        [],
        [
          { id: 'due-10', open: false },
          { id: 'due-30', open: true, dueAt: 40 },
        ],
      ),
    ]);
    same(
      (await store.due([0, 1], 40, 10)).map(({ workflow, dueAt }) => [workflow, dueAt]),
      [
        ['due-20', 20],
        ['due-30', 40],
      ],
    );
  },

  async 'takes the last of several rows of one workflow'(subject) {
    const { store } = subject;
    await ownAll(subject);
    const row = (dueAt: number) => ({ id: 'one', open: true, dueAt });
    await store.append([append(0, 1, [], [row(1), row(2), row(3)])]);
    same(await store.due([0], 10, 10), [{ workflow: 'one', partition: 0, dueAt: 3 }]);
  },

  async 'counts the open workflows that nobody looked after'(subject) {
    const { store } = subject;
    await ownAll(subject);
    const now = Date.now();
    await store.append([
      append(
        0,
        1,
        [],
        [
          { id: 'old', open: true, dueAt: now - 600_000 },
          { id: 'ended', open: false },
          { id: 'later', open: true, dueAt: now + 600_000 },
        ],
      ),
    ]);
    same(await store.overdue(60_000), 1);
    same(await store.overdue(3_600_000), 0);
  },

  async 'keeps the newest snapshot'(subject) {
    const { store } = subject;
    const workflow = id();
    same(await store.loadSnapshot(workflow), undefined);
    const at = (version: number, stateSchema = 1) => ({
      workflow,
      version,
      stateSchema,
      state: { text: `\0${version}` },
    });
    await store.saveSnapshot(at(5));
    await store.saveSnapshot(at(9));
    await store.saveSnapshot(at(7));
    same(await store.loadSnapshot(workflow), at(9));
    await store.saveSnapshot(at(3, 2));
    same(await store.loadSnapshot(workflow), at(3, 2));
  },

  async 'keeps checkpoints by name, forwards only, until they are forgotten'(subject) {
    const { store } = subject;
    same(await store.loadCheckpoints('feed'), new Map());
    await store.saveCheckpoints(
      'feed',
      new Map([
        [0, 5],
        [3, 7],
      ]),
    );
    await store.saveCheckpoints(
      'feed',
      new Map([
        [0, 4],
        [3, 9],
      ]),
    );
    await store.saveCheckpoints('other', new Map([[0, 1]]));
    same(
      await store.loadCheckpoints('feed'),
      new Map([
        [0, 5],
        [3, 9],
      ]),
    );
    await store.forgetCheckpoints('feed');
    same(await store.loadCheckpoints('feed'), new Map());
    same(await store.loadCheckpoints('other'), new Map([[0, 1]]));
  },
};
