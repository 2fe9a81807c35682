import { randomUUID } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { type Clock, systemClock } from '@braid/clock';
import { partitionOf, streams, subjects, type WorkMessage } from '@braid/contracts';
import { agent, branch, graphOf, parallel, signal } from '@braid/testing';
import { type Bus, type Delivery, type IntakeOptions } from '@braid/messaging';
import { Client } from 'pg';
import {
  bus,
  command,
  counted,
  database,
  ended,
  history,
  partitions,
  start,
  startOrchestrator,
  startRunner,
  threeBranches,
  until,
  useServers,
} from '../test/rig';

useServers();

const holding = (id: string) => agent(id, { agent: 'held' });

/** What a runner reports that completed this work. */
function report(work: WorkMessage, more: object = {}): Promise<void> {
  const { workflow, branch: path, step, attempt, token } = work;
  const name = { workflow, branch: path, step, attempt, token };
  const run = { runner: 'r1', startedAt: Date.now(), endedAt: Date.now() };
  const body = JSON.stringify({ type: 'BranchCompleted', output: 'done', ...name, ...run, ...more });
  return bus.publisher.publish(subjects.report(partitionOf(workflow, partitions), workflow), body);
}

const waitingInputs = async () =>
  (await bus.nc.request(`$JS.API.STREAM.INFO.${streams.in}`)).json<{ state: { messages: number } }>().state.messages;
const allHandled = () => until(async () => ((await waitingInputs()) === 0 ? true : undefined));

/** Events that were written under an epoch after one of a later epoch was: by somebody whose lease had ended. */
async function writtenByZombies(): Promise<unknown[]> {
  const client = new Client({ connectionString: database.url });
  await client.connect();
  try {
    const { rows } = await client.query<{ readonly p: number; readonly seq: string; readonly epoch: number }>(
      `select p, seq, epoch from (
         select p, seq, epoch, max(epoch) over (partition by p order by seq) as latest from braid.event
       ) e where epoch < latest`,
    );
    return rows;
  } finally {
    await client.end();
  }
}

/** Nothing happens by itself any more: no lease is renewed, and nobody notices. What comes in is handled as before. */
const asleep: Clock = { ...systemClock, every: () => ({ stop: () => undefined }) };

describe('an orchestrator whose leases have ended without its knowing', () => {
  // Seen to fail with a commit that was fenced taken for one that was recorded (partition-owner.ts): the test then waits
  // for ever, for starts that were acked and are nowhere.
  it('records nothing: its successor does, and every start is answered once it is on disk', async () => {
    const held = startRunner('held', () => undefined);
    startRunner('echo');
    const zombie = await startOrchestrator('zombie', undefined, {}, undefined, asleep);
    const before = await Promise.all(
      Array.from({ length: 8 }, () => start(graphOf([holding('a'), signal('gate', 'go')]))),
    );
    await until(async () => (held.length === before.length ? true : undefined));
    const heir = await startOrchestrator('heir');
    await until(async () => (heir.partitions.length === partitions ? true : undefined));
    expect(zombie.partitions).toHaveLength(partitions);

    // Both pull: each report comes twice, so that both have one to decide on.
    await Promise.all(held.flatMap((work) => [report(work), report(work)]));
    const after = await Promise.all(Array.from({ length: 24 }, () => start(threeBranches)));
    expect(after.map(({ ok }) => ok)).toEqual(after.map(() => true));
    for (const { workflow } of after) expect((await ended(workflow)).status).toBe('completed');
    for (const { workflow } of before) {
      await command({ workflow, command: 'signal', name: 'go', payload: workflow, id: 's' });
      expect((await ended(workflow)).ending).toEqual({ is: 'completed', output: workflow });
      const types = (await history(workflow)).map(({ type }) => type);
      expect(types.filter((type) => type === 'BranchAdvanced')).toHaveLength(1);
    }
    expect(await counted('zombie', 'braid_fenced_total')).toBeGreaterThan(0);
    expect(await counted('heir', 'braid_fenced_total')).toBe(0);
    expect(await counted('zombie', 'braid_stale_commits_total')).toBeGreaterThan(0);
    expect(await counted('heir', 'braid_stale_commits_total')).toBe(0);
    expect(await writtenByZombies()).toEqual([]);
  }, 60_000);
});

describe('a report', () => {
  // Seen to fail with TaskTokens.isGenuine answering true: the forged ones are then recorded.
  it('with a token that is forged, or of another attempt, branch or workflow, is set aside and changes nothing', async () => {
    await startOrchestrator('o1');
    const reasons: string[] = [];
    bus.listen('braid.dead.>', (message) => void reasons.push(message.header('Braid-Reason') ?? ''));
    const held = startRunner('held', () => undefined);
    const graph = graphOf([parallel('f', [branch('a', [holding('a')]), branch('b', [holding('b')])])]);
    const { workflow } = await start(graph);
    await start(graph);
    await until(async () => (held.length === 4 ? true : undefined));
    const own = held.filter((work) => work.workflow === workflow);
    const [a, b] = own.toSorted((one, other) => one.branch.localeCompare(other.branch)) as [WorkMessage, WorkMessage];
    const foreign = held.find((work) => work.workflow !== workflow && work.branch === a.branch) as WorkMessage;
    const before = await history(workflow);
    await report(a, { token: 'forged' });
    await report(a, { token: '' });
    await report(a, { token: b.token });
    await report(a, { token: foreign.token });
    await report(a, { attempt: 2 });
    await report(a, { branch: 'root' });
    await until(async () => (reasons.length === 6 ? true : undefined));
    expect(reasons.filter((reason) => !reason.includes('token'))).toEqual([]);
    expect(await history(workflow)).toEqual(before);
    await report(a);
    await report(b);
    expect((await ended(workflow)).ending).toEqual({ is: 'completed', output: { a: 'done', b: 'done' } });
  });

  // Seen to fail with reportedBranch (decide/attempt.ts) going by the branch alone: reports are then counted for a later step.
  it('that comes 100 times, before and after the end, is recorded once; the others are acked and counted', async () => {
    await startOrchestrator('o1');
    const [held, last] = [startRunner('held', () => undefined), startRunner('last', () => undefined)];
    const { workflow } = await start(graphOf([holding('a'), agent('b', { agent: 'last' })]));
    const [work] = await until(async () => (held.length === 1 ? (held as [WorkMessage]) : undefined));
    await Promise.all(Array.from({ length: 100 }, () => report(work)));
    const [second] = await until(async () => (last.length === 1 ? (last as [WorkMessage]) : undefined));
    await allHandled();
    expect(await counted('o1', 'braid_stale_reports_total')).toBe(99);
    await report(second);
    await ended(workflow);
    await Promise.all(Array.from({ length: 50 }, (_, n) => report(n % 2 === 0 ? work : second)));
    await allHandled();
    expect(await counted('o1', 'braid_stale_reports_total')).toBe(149);
    expect((await history(workflow)).map(({ type }) => type)).toEqual([
      'WorkflowStarted',
      'BranchRequested',
      'BranchAdvanced',
      'BranchRequested',
      'BranchCompleted',
      'WorkflowCompleted',
    ]);
    expect([held.length, last.length]).toEqual([1, 1]);
  });
});

describe('a start', () => {
  /** A bus on which nothing that its process says ever arrives. */
  const mute = (own: Bus): Bus =>
    Object.assign(Object.create(own) as Bus, {
      publisher: { pending: 0, publish: () => Promise.reject(new Error('nobody hears this')) },
      emit: () => undefined,
      openIntake: (options: IntakeOptions) =>
        own.openIntake({
          ...options,
          handler: (delivery) =>
            options.handler(Object.assign(Object.create(delivery) as Delivery, { ack: () => undefined })),
        }),
    });

  // Seen to fail with a repeat told nothing again (partition-owner.ts, `repeated`): no receipt comes, and no work.
  it('that comes again after the orchestrator that recorded it has died is recorded once, answered, and its work is sent', async () => {
    const asked = startRunner('echo');
    // Nothing that is due sends the work again within this test: only what came again does.
    const settings = { BRAID_REDISPATCH_AFTER: 600_000 };
    let kill = (): Promise<void> => Promise.resolve();
    await startOrchestrator('dying', undefined, settings, (own) => ((kill = () => own.nc.close()), mute(own)), asleep);
    const workflow = randomUUID();
    let answered = false;
    const receipt = start(threeBranches, { workflow }).finally(() => (answered = true));
    const recorded = await until(async () => {
      const events = await history(workflow);
      return events.length > 0 ? events : undefined;
    });
    await kill();
    expect([answered, asked.length]).toEqual([false, 0]);
    await startOrchestrator('heir', undefined, settings);
    expect(await receipt).toEqual({ ok: true, workflow, version: recorded.length, repeated: true });
    expect((await ended(workflow)).status).toBe('completed');
    expect((await history(workflow)).slice(0, recorded.length)).toEqual(recorded);
    expect((await history(workflow)).filter(({ type }) => type === 'WorkflowStarted')).toHaveLength(1);
    expect(asked.map(({ branch: path, attempt }) => `${path} ${attempt}`).toSorted()).toEqual([
      'f/a 1',
      'f/b 1',
      'f/c 1',
    ]);
    await allHandled();
  });

  it('that comes many times at once is one workflow, whose work is sent once, and each is answered', async () => {
    await startOrchestrator('o1');
    const seen = startRunner('held', () => undefined);
    const workflow = randomUUID();
    const graph = graphOf([parallel('f', [branch('a', [holding('a')]), branch('b', [holding('b')])])]);
    const receipts = await Promise.all(Array.from({ length: 40 }, () => start(graph, { workflow })));
    expect(receipts.filter((receipt) => receipt.ok && !receipt.repeated)).toHaveLength(1);
    expect(receipts.filter((receipt) => receipt.ok && receipt.repeated)).toHaveLength(39);
    await allHandled();
    await until(async () => (seen.length === 2 ? true : undefined));
    for (const work of [...seen]) await report(work);
    await ended(workflow);
    expect((await history(workflow)).filter(({ type }) => type === 'WorkflowStarted')).toHaveLength(1);
    expect(seen).toHaveLength(2);
  });
});
