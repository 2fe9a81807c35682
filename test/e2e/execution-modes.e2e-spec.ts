import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { type WorkflowView } from '@braid/contracts';
import { type JsonObject } from '@braid/events';
import { Observer } from './rig/observer';
import { showingLogs, Stack } from './rig/stack';

jest.setTimeout(60_000);

let stack: Stack;
let observer: Observer;

beforeAll(async () => {
  [stack, observer] = await Promise.all([Stack.start({ env: { BRAID_SLOTS: '2' } }), Observer.start()]);
  await stack.add('gateway', 'sequential-gateway', { BRAID_EXECUTION_MODE: 'sequential' });
}, 120_000);

afterAll(async () => {
  await observer.stop();
  await stack.stop();
});

const sleepers = (more: JsonObject = {}): JsonObject => ({
  name: 'three-sleepers',
  ...more,
  steps: [
    {
      id: 'fork',
      parallel: {
        branches: Object.fromEntries(
          ['a', 'b', 'c'].map((name) => [name, { agent: 'builtin.sleep', with: { seconds: 1, name } }]),
        ),
      },
    },
  ],
  output: "${{ {'a': steps.fork.output.a.name, 'b': steps.fork.output.b.name, 'c': steps.fork.output.c.name} }}",
});

const durationOf = ({ startedAt, endedAt }: { readonly startedAt?: string; readonly endedAt?: string }) =>
  Date.parse(endedAt ?? '') - Date.parse(startedAt ?? '');

const forked = (workflow: WorkflowView) => workflow.branchStatus.filter(({ path }) => path !== 'root');

const http = (query: string): JsonObject => ({
  agent: 'http',
  retry: false,
  with: { url: `${observer.address}/?${query}` },
});

describe('parallel execution (REQ-4.3-1)', () => {
  // Seen to fail with a concurrency of 1 for the fork: it then takes 3.1 s.
  it(
    'three branches of one second finish in under 1.6 s, in different runner processes',
    showingLogs(async () => {
      await stack.run({ playbook: sleepers() });
      const workflow = await stack.run({ playbook: sleepers() });
      expect(workflow).toMatchObject({ status: 'completed', executionMode: 'parallel' });
      expect(workflow.output).toEqual({ a: 'a', b: 'b', c: 'c' });
      expect(durationOf(workflow)).toBeLessThan(1_600);
      expect(new Set(forked(workflow).map(({ runner }) => runner))).toEqual(new Set(['runner-1', 'runner-2']));
    }),
  );
});

describe('sequential execution and fallback (REQ-4.3-6)', () => {
  // Seen to fail with the run's mode left out of the request.
  it(
    'the same playbook takes over three seconds when one run asks for it, with the same output',
    showingLogs(async () => {
      const workflow = await stack.run({ playbook: sleepers(), executionMode: 'sequential' });
      expect(workflow).toMatchObject({ status: 'completed', executionMode: 'sequential' });
      expect(workflow.output).toEqual({ a: 'a', b: 'b', c: 'c' });
      expect(durationOf(workflow)).toBeGreaterThan(3_000);
      expect(forked(workflow).map(({ branch }) => branch)).toEqual(['a', 'b', 'c']);
    }),
  );

  it.each([
    ['the run', async (group: string) => stack.run({ playbook: busy(group), executionMode: 'sequential' })],
    ['the playbook', async (group: string) => stack.run({ playbook: busy(group, { executionType: 'sequential' }) })],
    [
      'the configuration, also against a run that asks for parallel',
      async (group: string) =>
        stack.client('sequential-gateway').start({ playbook: busy(group), executionMode: 'parallel' }, { wait: '30s' }),
    ],
  ])('one branch at a time, in declared order, when %s says so', async (who, run) => {
    const workflow = await run(who);
    expect(workflow).toMatchObject({ status: 'completed', executionMode: 'sequential' });
    expect(observer.of(who).map(({ tag, open }) => [tag, open])).toEqual(['x', 'y', 'z', 'w'].map((tag) => [tag, 1]));
  });

  it('branches overlap when nobody asks for one at a time', async () => {
    const workflow = await stack.run({ playbook: busy('overlap') });
    expect(workflow.executionMode).toBe('parallel');
    expect(observer.mostOpen('overlap')).toBeGreaterThan(1);
  });

  // Seen to fail without parallelFallbackToSequential in the playbook: the convergence is then unmet, as below.
  it(
    'branches that failed for lack of capacity are tried again one at a time',
    showingLogs(async () => {
      const workflow = await stack.run({
        playbook: busy('narrow', { parallelFallbackToSequential: true }, '&limit=1'),
      });
      expect(workflow).toMatchObject({ status: 'completed', executionMode: 'parallel' });
      expect(workflow.output).toEqual({ x: 200, y: 200, z: 200, w: 200 });
      const events = await stack.events.store.readStream(workflow.id);
      const deferred = events.flatMap((event) => (event.type === 'BranchDeferred' ? [event.data] : []));
      expect(deferred.length).toBeGreaterThan(0);
      expect(deferred.map(({ failure }) => failure.code)).toEqual(deferred.map(() => 'rate-limited'));
      const refused = observer.of('narrow').filter(({ open }) => open > 1);
      expect(refused).toHaveLength(deferred.length);
      const again = observer.of('narrow').slice(-deferred.length);
      expect(again.map(({ open }) => open)).toEqual(deferred.map(() => 1));
    }),
  );

  it('without the fallback the same lack of capacity fails the fork', async () => {
    const workflow = await stack.run({ playbook: busy('refused', {}, '&limit=1') });
    expect(workflow).toMatchObject({ status: 'failed', error: { code: 'convergence-unmet' } });
  });
});

/** Four branches that each keep the observer busy for a while. */
function busy(group: string, more: JsonObject = {}, query = ''): JsonObject {
  const branches = ['x', 'y', 'z', 'w'].map((tag) => [
    tag,
    http(`group=${encodeURIComponent(group)}&tag=${tag}&ms=200${query}`),
  ]);
  const statuses = ['x', 'y', 'z', 'w'].map((tag) => [tag, `\${{ steps.fork.output.${tag}.status }}`]);
  return {
    name: 'busy',
    ...more,
    steps: [{ id: 'fork', parallel: { branches: Object.fromEntries(branches) } }],
    output: Object.fromEntries(statuses),
  };
}
