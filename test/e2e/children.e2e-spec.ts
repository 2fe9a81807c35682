import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { type WorkflowView } from '@braid/contracts';
import { fold } from '@braid/workflow';
import { auditHistory } from './rig/audit';
import { Observer } from './rig/observer';
import { showingLogs, Stack } from './rig/stack';
import { until } from './rig/until';

jest.setTimeout(60_000);

let stack: Stack;
let observer: Observer;

beforeAll(async () => {
  [stack, observer] = await Promise.all([Stack.start({ env: { BRAID_CHILD_CHECK: '3s' } }), Observer.start()]);
  const playbooks = [
    '{ name: double, variables: { n: { type: integer } }, steps: [{ agent: builtin.echo, with: "${{ variables.n * 2 }}" }] }',
    '{ name: broken, steps: [{ agent: builtin.fail, retry: false, with: { type: DiskFull, message: no room } }] }',
    '{ name: endless, steps: [{ playbook: endless }] }',
    `{ name: asks, variables: { tag: { type: string } }, steps: [${observer.step('group=asks&gate=${{ variables.tag }}&tag=${{ variables.tag }}')}] }`,
    '{ name: delegates, variables: { tag: { type: string } }, steps: [{ playbook: asks, with: { tag: "${{ variables.tag }}" } }] }',
  ];
  for (const source of playbooks) await stack.client().publish(source);
}, 120_000);

afterAll(async () => {
  await observer.stop();
  await stack.stop();
});

const faultsOf = async (workflow: string) => auditHistory(await stack.events.store.readStream(workflow)).faults;
const childOf = (view: WorkflowView) => view.branchStatus.find(({ child }) => child !== undefined)?.child?.workflow;
const asked = (tag: string) => observer.of('asks').filter((request) => request.tag === tag);

/** Starts a workflow whose child's child asks the observer, and waits until it has. */
async function grandchildAsks(tag: string): Promise<string> {
  const playbook = `{ name: p, steps: [{ playbook: delegates, with: { tag: ${tag} } }] }`;
  const { id } = await stack.client().start({ playbook });
  await until(`${tag} is asked for`, () => asked(tag).length > 0);
  return id;
}

describe('a child workflow', () => {
  it('gives its output, which the parent exports, and parent and child name each other', async () => {
    const workflow = await stack.run(
      '{ name: p, steps: [{ id: c, playbook: double, with: { n: 21 }, export: { answer: "${{ output }}" } }], output: "${{ context.answer }}" }',
    );
    expect(workflow).toMatchObject({ status: 'completed', output: 42, cost: { attempts: 1 } });
    const child = `${workflow.id}_1`;
    expect(workflow.branchStatus).toMatchObject([{ child: { workflow: child, playbook: 'double' } }]);
    expect(await stack.client().get(child)).toMatchObject({
      playbook: { name: 'double', version: '1' },
      parent: { workflow: workflow.id, branch: 'root', step: 'c' },
      variables: { n: 21 },
    });
    const { nodes } = await stack.client().graph(workflow.id);
    expect(nodes).toMatchObject([{ kind: 'playbook', playbook: 'double', child }]);
  });

  it('that fails is caught by onFailure, and otherwise fails its parent with its failure as the cause', async () => {
    const caught = await stack.run(
      '{ name: p, steps: [{ id: c, playbook: broken, onFailure: [{ id: answer, agent: builtin.echo, with: "${{ steps.c.error.code }}" }] }] }',
    );
    expect(caught).toMatchObject({ status: 'completed', output: 'child-failed' });
    const failed = await stack.run('{ name: p, steps: [{ id: c, playbook: broken }] }');
    expect(failed.error).toMatchObject({
      code: 'child-failed',
      step: 'c',
      details: { workflow: `${failed.id}_1`, playbook: 'broken' },
      cause: { type: 'DiskFull', code: 'agent-error' },
    });
  });

  it('that is unknown, or gets variables that do not fit, fails its step; checking warns of both', async () => {
    const unknown = '{ name: p, steps: [{ playbook: nowhere }] }';
    const unfit = '{ name: p, steps: [{ playbook: double, with: { m: 1 } }] }';
    expect((await stack.run(unknown)).error).toMatchObject({ code: 'unknown-playbook' });
    expect((await stack.run(unfit)).error).toMatchObject({ code: 'invalid-input' });
    const told = await Promise.all([unknown, unfit].map((source) => stack.client().validate(source)));
    expect(told.map(({ valid }) => valid)).toEqual([true, true]);
    expect(told.flatMap(({ problems }) => problems.map(({ path, line, severity }) => [path, line, severity]))).toEqual([
      ['steps[0].playbook', 1, 'warning'],
      ['steps[0].with', 1, 'warning'],
      ['steps[0].with.m', 1, 'warning'],
    ]);
  });

  it('that starts itself is stopped by the limit of the depth', async () => {
    const { error } = await stack.run('{ name: p, steps: [{ playbook: endless }] }');
    const codes: string[] = [];
    for (let at = error; at !== undefined; at = at.cause) codes.push(at.code);
    expect(codes).toEqual([...Array.from({ length: 16 }, () => 'child-failed'), 'limit']);
  });

  it('is cancelled with its parent, down to the attempt of its own child', async () => {
    const id = await grandchildAsks('cancelled');
    await stack.client().cancel(id);
    const child = childOf(await stack.client().get(id)) ?? '';
    for (const each of [id, child, `${child}_1`]) expect((await stack.ended(each)).status).toBe('cancelled');
    await until('the request of the agent is cut', () => asked('cancelled')[0]?.cutAt !== undefined);
  });

  it('starts anew when its parent is tried again', async () => {
    const playbook = '{ name: p, steps: [{ playbook: broken }] }';
    const { id } = await stack.run(playbook);
    await expect(stack.client().retry(`${id}_1`)).rejects.toMatchObject({ code: 'workflow.is-child', status: 409 });
    await stack.client().retry(id);
    await stack.when(id, 'it fails again', ({ status, version }) => status === 'failed' && version > 6);
    expect(await stack.client().get(`${id}_2`)).toMatchObject({ status: 'failed', parent: { workflow: id } });
    expect(await faultsOf(`${id}_2`)).toEqual([]);
  });

  it('may be one of many', async () => {
    const items = Array.from({ length: 50 }, (_, n) => n);
    const workflow = await stack.run({
      playbook:
        '{ name: p, variables: { items: { type: array } }, steps: [{ map: { over: "${{ variables.items }}" }, playbook: double, with: { n: "${{ item }}" } }] }',
      variables: { items },
    });
    expect(workflow).toMatchObject({ status: 'completed', output: items.map((n) => 2 * n), cost: { attempts: 50 } });
    const children = workflow.branchStatus.flatMap(({ child }) => child?.workflow ?? []);
    expect(new Set(children).size).toBe(50);
    expect((await Promise.all(children.map(faultsOf))).flat()).toEqual([]);
  });
});

describe('a family of workflows', () => {
  it(
    'finishes though NATS loses everything while the child runs',
    showingLogs(async () => {
      const id = await grandchildAsks('wiped');
      await stack.nats.wipe();
      observer.openGate('wiped');
      expect(await stack.ended(id, 50_000)).toMatchObject({ status: 'completed', output: { body: { tag: 'wiped' } } });
      expect(await faultsOf(`${id}_1_1`)).toEqual([]);
    }),
    90_000,
  );

  it(
    'finishes though both orchestrators are killed while the child runs, and nothing is recorded twice',
    showingLogs(async () => {
      const id = await grandchildAsks('killed');
      const orchestrators = ['orchestrator-1', 'orchestrator-2'];
      await Promise.all(orchestrators.map((name) => stack.kill(name, 'SIGKILL')));
      observer.openGate('killed');
      await Promise.all(orchestrators.map((name) => stack.restart(name)));
      expect(await stack.ended(id, 50_000)).toMatchObject({ status: 'completed', output: { body: { tag: 'killed' } } });
      const family = [id, `${id}_1`, `${id}_1_1`];
      expect((await Promise.all(family.map(faultsOf))).flat()).toEqual([]);
      const ends = (await stack.events.store.readStream(id)).filter(({ type }) => type === 'ChildEnded');
      expect(ends).toHaveLength(1);
      expect(fold(await stack.events.store.readStream(id)).status).toBe('completed');
    }),
    90_000,
  );
});
