import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from '@jest/globals';
import { auditHistory } from './rig/audit';
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
  // Seen to fail with reportedBranch (decide/attempt.ts) going by the branch alone: the late report ends the next step.
  it(
    'reports too late, or is stopped before it can: either is counted, and changes nothing',
    showingLogs(async () => {
      await open({ runners: 1 });
      const playbook = `
name: sleeper
steps:
  - ${JSON.stringify({
    id: 'ask',
    agent: 'http',
    heartbeatTimeout: '1s',
    retry: { maximumAttempts: 20, initialInterval: '50ms', backoffCoefficient: 1 },
    with: { url: `${observer.address}/?group=sleeper&gate=sleeper` },
  })}
  - ${observer.step('group=after&gate=after', { id: 'after' })}
`;
      const { id } = await client().start({ playbook });
      await until('the runner has asked', () => observer.of('sleeper').length === 1);
      const sleeper = stack.service('runner-1');
      await stack.add('agent-runner', 'runner-2');
      sleeper.freeze();
      await until('the other runner asks too', () => observer.of('sleeper').length === 2, 60_000);
      observer.openGate('sleeper');
      const step = async () => (await client().get(id)).branchStatus[0]?.step;
      await until(
        'the step is done',
        async () => (await step()) === 'after' && observer.of('after').length === 1,
        60_000,
      );
      const recorded = await stack.events.store.readStream(id);
      const stale = () => counted(services('orchestrator'), 'braid_stale_reports_total');
      const before = await stale();
      sleeper.thaw();
      // Its heartbeat may be answered with the word that nobody waits for the attempt before the agent's answer is read.
      const stopped = () => counted([sleeper], 'braid_runner_attempts_total');
      await until('its attempt has ended', async () => (await stale()) > before || (await stopped()) > 0);
      await until('every report is acked', async () => (await waitingInputs()) === 0);
      expect(await stack.events.store.readStream(id)).toEqual(recorded);
      observer.openGate('after');
      await stack.ended(id);
      expect(await faultsOf([id])).toEqual([]);
    }),
    180_000,
  );
});
