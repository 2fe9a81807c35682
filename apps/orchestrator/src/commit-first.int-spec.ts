import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from '@jest/globals';
import { partitionOf } from '@braid/contracts';
import { type EventStore } from '@braid/event-store';
import { partitionConsumer } from '@braid/messaging';
import {
  bus,
  ended,
  partitions,
  start,
  startOrchestrator,
  startRunner,
  threeBranches,
  until,
  useServers,
} from '../test/rig';

useServers();

// Seen to fail with the receipt, the work or the ack before the commit, each for itself.
it('nothing is answered, asked for or acked before it is on disk', async () => {
  let release: () => void = () => undefined;
  const released = new Promise<void>((resolve) => (release = resolve));
  let held = 0;
  await startOrchestrator('o1', (store) =>
    Object.assign(Object.create(store) as EventStore, {
      append: async (batch: Parameters<EventStore['append']>[0]) => {
        if (batch.some(({ events }) => events.length > 0)) {
          held += 1;
          await released;
        }
        return store.append(batch);
      },
    }),
  );
  const asked = startRunner('echo');
  const workflow = randomUUID();
  let answered = false;
  const receipt = start(threeBranches, { workflow }).then((answer) => {
    answered = true;
    return answer;
  });
  const waiting = () => bus.provisioner.backlog(partitionConsumer(partitionOf(workflow, partitions)));
  await until(async () => (held > 0 ? true : undefined));
  try {
    // Long enough for whatever comes too early to come.
    await sleep(500);
    const told = { answered, asked: asked.length, waiting: await waiting() };
    expect(told).toEqual({ answered: false, asked: 0, waiting: 1 });
  } finally {
    release();
  }
  expect(await receipt).toMatchObject({ ok: true, workflow });
  await ended(workflow);
  expect(asked).toHaveLength(3);
  await until(async () => ((await waiting()) === 0 ? true : undefined));
});
