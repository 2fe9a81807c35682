import { describe, expect, it } from '@jest/globals';
import { type CancelSignal, partitionOf, subjects, type WorkMessage } from '@braid/contracts';
import { agent, branch, converge, graphOf, parallel } from '@braid/testing';
import { bus, command, ended, partitions, start, startOrchestrator, startRunner, until, useServers } from '../test/rig';

useServers();

/** A runner says that it works on this. */
function beat({ workflow, branch: path, step, attempt }: WorkMessage): void {
  const attempts = [{ workflow, branch: path, step, attempt, startedAt: Date.now() }];
  bus.emit(subjects.heartbeat(partitionOf(workflow, partitions)), { runner: 'r1', attempts });
}

function cancelSignals(): CancelSignal[] {
  const heard: CancelSignal[] = [];
  bus.listen(subjects.cancel, ({ value }) => void heard.push(value as CancelSignal));
  return heard;
}

describe('a heartbeat', () => {
  // Seen to fail without PartitionOwner.heard, and for the live attempts with isKnownToBeOver answering true.
  it('of an attempt that is over brings its cancel signal again, and of one that is not brings none', async () => {
    await startOrchestrator('o1');
    const held = startRunner('held', () => undefined);
    startRunner('echo');
    const branches = (loser: string) => [
      branch('quick', [agent('q', { agent: loser === 'a' ? 'echo' : 'held' })]),
      branch(loser, [agent(loser, { agent: 'held' })]),
    ];
    const race = parallel('f', branches('a'), {
      converge: converge({ strategy: { name: 'first-success' }, losers: 'cancel' }),
    });
    const signals = cancelSignals();
    const over = await start(graphOf([race]));
    await ended(over.workflow);
    const going = await start(graphOf([parallel('f', branches('b'))]));
    const works = (workflow: string) => held.filter((work) => work.workflow === workflow);
    await until(async () =>
      works(going.workflow).length === 2 && works(over.workflow).length === 1 ? true : undefined,
    );
    await until(async () => (signals.length === 1 ? true : undefined));
    const [lost] = works(over.workflow) as [WorkMessage];
    for (const work of works(going.workflow)) beat(work);
    beat({ ...(works(going.workflow)[0] as WorkMessage), attempt: 2 });
    beat(lost);
    await until(async () => (signals.length > 1 ? true : undefined));
    const meant = { branch: lost.branch, step: lost.step, attempt: lost.attempt };
    expect(signals.slice(1)).toEqual([expect.objectContaining({ workflow: over.workflow, attempts: [meant] })]);
    await command({ workflow: going.workflow, command: 'cancel' });
  });

  // Seen to fail without isPast (known-to-be-over.ts): a runner that slept while another one did its step works on in vain.
  it('of an attempt at a step that its branch has left brings its cancel signal, and of the step that it is at none', async () => {
    await startOrchestrator('o1');
    const held = startRunner('held', () => undefined);
    startRunner('echo');
    const { workflow } = await start(graphOf([agent('a', { agent: 'echo' }), agent('b', { agent: 'held' })]));
    const [at] = await until(async () => (held.length === 1 ? (held as [WorkMessage]) : undefined));
    const signals = cancelSignals();
    beat(at);
    beat({ ...at, step: 'nowhere' });
    beat({ ...at, step: 'a' });
    await until(async () => (signals.length > 0 ? true : undefined));
    const meant = { branch: 'root', step: 'a', attempt: 1 };
    expect(signals).toEqual([expect.objectContaining({ workflow, attempts: [meant] })]);
    await command({ workflow, command: 'cancel' });
  });
});
