import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from '@jest/globals';
import { subjects } from '@braid/contracts';
import { auditHistory } from './rig/audit';
import { DeafLink } from './rig/deaf-link';
import { Observer } from './rig/observer';
import { patientStart } from './rig/patient-start';
import { type ServiceProcess } from './rig/service-process';
import { showingLogs, Stack, type StackOptions } from './rig/stack';
import { until } from './rig/until';

let stack: Stack;
let observer: Observer;

async function open(options: StackOptions = {}): Promise<void> {
  [stack, observer] = await Promise.all([Stack.start(options), Observer.start()]);
}

afterEach(async () => {
  await observer.stop();
  await stack.stop();
});

const client = () => stack.client();

/** The sum of a counter over these services. */
async function counted(services: readonly ServiceProcess[], counter: string): Promise<number> {
  const pages = await Promise.all(services.map(async ({ address }) => (await fetch(`${address}/metrics`)).text()));
  const values = pages.flatMap((page) => [...page.matchAll(new RegExp(`^${counter}(?:{[^}]*})? (\\S+)$`, 'gm'))]);
  return values.reduce((sum, [, value]) => sum + Number(value), 0);
}

const waitingInputs = async () =>
  (await stack.bus.nc.request('$JS.API.STREAM.INFO.BRAID_IN')).json<{ state: { messages: number } }>().state.messages;

const services = (app: ServiceProcess['app']) => stack.services.filter((service) => service.app === app);

async function faultsOf(workflows: readonly string[]): Promise<string[]> {
  const faults: string[] = [];
  for (const workflow of workflows) {
    const audit = auditHistory(await stack.events.store.readStream(workflow));
    faults.push(...audit.faults.map((fault) => `${workflow}: ${fault}`));
    if (audit.status !== 'completed') faults.push(`${workflow}: is ${audit.status}`);
  }
  return faults;
}

/** Events of each partition whose position does not follow the one before: a hole, or written twice. */
async function gaps(): Promise<string[]> {
  const found: string[] = [];
  for (const [partition, head] of await stack.events.store.heads()) {
    const events = await stack.events.store.readPartition(partition, { afterPosition: 0, limit: head + 1 });
    if (events.length !== head) found.push(`partition ${partition} has ${events.length} events of ${head}`);
    events.forEach(
      ({ position }, n) => position !== n + 1 && found.push(`partition ${partition}: ${position} at ${n}`),
    );
  }
  return found;
}

describe('an orchestrator that sleeps past its lease and wakes up', () => {
  // Seen to fail with LeaseKeeper.lose telling nobody: it then goes on with partitions that are another's.
  it(
    'has lost its partitions, and nothing of what it had in hand is recorded twice or lost',
    showingLogs(async () => {
      await open();
      const playbook = `
name: zombies
defaults: { retry: { maximumAttempts: 5, initialInterval: 100ms } }
steps:
  - id: fork
    parallel:
      branches:
        a: ${observer.step('group=zombies&ms=40', { id: 'ask' })}
        b: { steps: [{ id: first, agent: builtin.echo, with: 1 }, { id: second, agent: builtin.sleep, with: { ms: 20 } }] }
`;
      let loading = true;
      const starts: Promise<{ readonly id: string }>[] = [];
      const load = (async () => {
        while (loading) {
          starts.push(patientStart(client, { playbook }, `zombie-${starts.length}`));
          await sleep(40);
        }
      })();
      const sleeper = stack.service('orchestrator-1');
      const owned = async (owner: string) =>
        (await stack.events.leases.list()).filter((lease) => lease.owner === owner && lease.live).length;
      const whole = (await stack.events.leases.list()).length;
      await until('both own partitions', async () => (await owned('orchestrator-1')) >= whole / 2);
      sleeper.freeze();
      await until('the other owns everything', async () => (await owned('orchestrator-2')) === whole);
      await sleep(500);
      sleeper.thaw();
      await until('it owns its share again', async () => (await owned('orchestrator-1')) >= whole / 2);
      loading = false;
      await load;
      const ids = (await Promise.all(starts)).map(({ id }) => id);
      expect(new Set(ids).size).toBe(starts.length);
      await Promise.all(ids.map((id) => stack.ended(id, 60_000)));
      expect(await counted([sleeper], 'braid_fenced_total')).toBeGreaterThanOrEqual(whole / 2);
      expect(await faultsOf(ids)).toEqual([]);
      expect(await gaps()).toEqual([]);
      expect(await counted(services('orchestrator'), 'braid_version_conflicts_total')).toBe(0);
    }),
    180_000,
  );
});

describe('a runner that sleeps past the patience of its attempt and wakes up', () => {
  /** `late`: the gate behind which the first of the two attempts waits for its answer. */
  const playbook = () => `
name: sleeper
steps:
  - ${JSON.stringify({
    id: 'ask',
    agent: 'http',
    heartbeatTimeout: '1s',
    retry: { maximumAttempts: 20, initialInterval: '50ms', backoffCoefficient: 1 },
    with: { url: `${observer.address}/?group=sleeper&holdFirst=late` },
  })}
  - ${observer.step('group=after&gate=after', { id: 'after' })}
`;
  const stale = () => counted(services('orchestrator'), 'braid_stale_reports_total');
  const asked = () => observer.of('sleeper');

  /** Freezes the runner in the middle of its attempt until another one has done the step; what is on record then. */
  async function outlive(sleeper: ServiceProcess): Promise<{ readonly id: string; readonly recorded: unknown }> {
    const { id } = await client().start({ playbook: playbook() });
    await until('the runner has asked', () => asked().length === 1);
    await stack.add('agent-runner', 'another');
    sleeper.freeze();
    await until('the step is done', () => observer.of('after').length === 1, 60_000);
    await stack.when(id, 'the next step is under way', ({ branchStatus: [root] }) => root?.step === 'after');
    await until('every report is acked', async () => (await waitingInputs()) === 0);
    expect(asked().length).toBeGreaterThanOrEqual(2);
    return { id, recorded: await stack.events.store.readStream(id) };
  }

  async function goesOnAsRecorded({ id, recorded }: Awaited<ReturnType<typeof outlive>>): Promise<void> {
    expect(await stack.events.store.readStream(id)).toEqual(recorded);
    observer.openGate('after');
    await stack.ended(id);
    expect(await faultsOf([id])).toEqual([]);
  }

  // Seen to fail with reportedBranch (decide/attempt.ts) going by the branch alone: the late report ends the next step.
  it(
    'and is told nothing reports too late: that is counted, and changes nothing',
    showingLogs(async () => {
      await open({ runners: 0 });
      const link = await DeafLink.to(stack.nats.url, subjects.cancel);
      try {
        const sleeper = await stack.add('agent-runner', 'sleeper', { NATS_URL: link.through(stack.nats.url) });
        const before = await outlive(sleeper);
        const counted = await stale();
        sleeper.thaw();
        observer.openGate('late');
        await until('its report is counted', async () => (await stale()) === counted + 1);
        await until('it is acked', async () => (await waitingInputs()) === 0);
        expect(asked()[0]?.cutAt).toBeUndefined();
        await goesOnAsRecorded(before);
        await sleeper.kill('SIGTERM');
      } finally {
        await link.stop();
      }
    }),
    180_000,
  );

  // Seen to fail without isPast (known-to-be-over.ts): nobody tells it, because its branch has left the step.
  // A signal of the time that it slept would not do: it may have been lost.
  it(
    'is told that nobody waits: it stops its agent and reports nothing',
    showingLogs(async () => {
      await open({ runners: 0 });
      const sleeper = await stack.add('agent-runner', 'sleeper');
      const before = await outlive(sleeper);
      const counted = await stale();
      sleeper.thaw();
      await until('its agent is stopped', () => asked()[0]?.cutAt !== undefined);
      await until('its attempt has ended', async () => (await stoppedBy(sleeper)) === 1);
      expect(asked()[0]?.answeredAt).toBeUndefined();
      expect(await stale()).toBe(counted);
      await goesOnAsRecorded(before);
    }),
    180_000,
  );

  /** Attempts that the runner gave up because it was told to. */
  async function stoppedBy(runner: ServiceProcess): Promise<number> {
    const page = await (await fetch(`${runner.address}/metrics`)).text();
    return Number(/^braid_runner_attempts_total\{[^}]*outcome="stopped"[^}]*\} (\d+)$/m.exec(page)?.[1] ?? 0);
  }
});
