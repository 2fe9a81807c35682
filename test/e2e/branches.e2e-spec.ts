import { access } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { type BranchStatusView, type WorkflowView } from '@braid/contracts';
import { Observer } from './rig/observer';
import { showingLogs, Stack } from './rig/stack';
import { until } from './rig/until';

const agents = {
  'own.ts': `import { readdir, writeFile } from 'node:fs/promises';
    import { defineAgent } from '@braid/sdk';
    export const scratch = defineAgent({
      name: 'own.scratch',
      run: async (input: { name: string; url: string }, { scratchDir }) => {
        await writeFile(scratchDir + '/' + input.name, input.name);
        await fetch(input.url);
        return { scratchDir, files: await readdir(scratchDir) };
      },
    });
    export const single = defineAgent({
      name: 'own.single',
      concurrency: 1,
      run: async (input: { url: string }) => (await fetch(input.url)).status,
    });`,
};

jest.setTimeout(60_000);

let stack: Stack;
let observer: Observer;

beforeAll(async () => {
  [stack, observer] = await Promise.all([Stack.start({ agents }), Observer.start()]);
}, 120_000);

afterAll(async () => {
  await observer.stop();
  await stack.stop();
});

const branchOf = (workflow: WorkflowView, path: string): BranchStatusView | undefined =>
  workflow.branchStatus.find((branch) => branch.path === path);

const statuses = (workflow: WorkflowView) =>
  Object.fromEntries(workflow.branchStatus.map(({ path, status }) => [path, status]));

/** Until so many requests of the group are being held. */
const held = (group: string, count: number) =>
  until(`${count} requests of ${group} are open`, () => observer.of(group).length >= count);

describe('a graph of branches (REQ-4.3-2)', () => {
  // Seen to fail with the needs of d cut to [b]: d then completes while c is held.
  it(
    'a branch starts when the siblings that it needs have completed, and sees their outputs',
    showingLogs(async () => {
      const { id } = await stack.client().start({
        playbook: `
name: diamond
steps:
  - id: fork
    parallel:
      branches:
        a: ${observer.step('group=diamond&tag=a')}
        b: ${observer.step('group=diamond&tag=b', { needs: ['a'] })}
        c: ${observer.step('group=diamond&tag=c&gate=diamond-c', { needs: ['a'] })}
        d: { needs: [b, c], agent: builtin.echo, with: { seen: ["\${{ needs.b.output.body.tag }}", "\${{ needs.c.output.body.tag }}"] } }
output: \${{ steps.fork.output.d.seen }}
`,
      });
      const waiting = await stack.when(id, 'b has completed', (now) => branchOf(now, 'fork/b')?.status === 'completed');
      expect(statuses(waiting)).toMatchObject({ root: 'running', 'fork/a': 'completed', 'fork/d': 'pending' });
      observer.openGate('diamond-c');
      const workflow = await stack.ended(id);
      expect(workflow).toMatchObject({ status: 'completed', output: ['b', 'c'] });
      expect(observer.of('diamond').map(({ tag }) => tag)[0]).toBe('a');
      const { nodes, edges } = await stack.client().graph(id);
      const nodeOf = (path: string) => nodes.find(({ branch }) => branch === path)?.id ?? path;
      const needs = edges.filter(({ kind }) => kind === 'needs').map(({ from, to }) => `${from} > ${to}`);
      expect(needs.sort()).toEqual(
        ['a > b', 'a > c', 'b > d', 'c > d'].map((edge) =>
          edge
            .split(' > ')
            .map((name) => nodeOf(`fork/${name}`))
            .join(' > '),
        ),
      );
      expect(nodes.filter(({ status }) => status !== 'completed')).toEqual([]);
    }),
  );

  it('forks nest, in branches and in maps, and converge from the inside out', async () => {
    const workflow = await stack.run(`
name: nested
variables: { groups: { type: array, default: [[1, 2], [3], []] } }
steps:
  - id: outer
    parallel:
      branches:
        left:
          steps:
            - id: inner
              parallel:
                branches:
                  one: { agent: builtin.echo, with: 1 }
                  deeper:
                    id: deepest
                    parallel: { branches: { two: { agent: builtin.echo, with: 2 } } }
            - { id: after, agent: builtin.echo, with: "\${{ steps.inner.output }}" }
        right:
          id: each
          map:
            over: \${{ variables.groups }}
            as: group
            steps:
              - { id: item, map: { over: "\${{ group }}", as: n }, agent: builtin.echo, with: "\${{ n * 10 }}" }
`);
    expect(workflow.output).toEqual({ left: { one: 1, deeper: { two: 2 } }, right: [[10, 20], [30], []] });
    expect(workflow.convergencePoints.map(({ outcome }) => outcome)).toEqual(
      workflow.convergencePoints.map(() => 'met'),
    );
    expect(workflow.branchStatus.map(({ path }) => path)).toContain('outer/right/each/0/item/1');
  });

  // Seen to fail without maxConcurrency in the playbook: twelve are open at once.
  it(
    'a map never has more branches open than maxConcurrency allows, and uses what it allows',
    showingLogs(async () => {
      const { id } = await stack.client().start({
        playbook: `
name: limited
steps:
  - id: each
    map: { over: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11], maxConcurrency: 3 }
    agent: http
    with: { url: "${observer.address}/?group=limited&gate=limited&tag=\${{ item }}" }
output: \${{ steps.each.output.map(one, one.body.tag) }}
`,
      });
      await held('limited', 3);
      observer.openGate('limited');
      const workflow = await stack.ended(id);
      expect(workflow.output).toEqual(Array.from({ length: 12 }, (_, index) => String(index)));
      expect(observer.mostOpen('limited')).toBe(3);
    }),
  );
});

describe('isolated contexts (REQ-4.3-4)', () => {
  const exporting = (name: string, value: string) => `
          steps:
            - { id: mine, set: { ${name}: ${value} } }
            - ${observer.step(`group=contexts&tag=${name}&gate=contexts`)}
            - { id: seen, agent: builtin.echo, with: "\${{ context }}" }`;

  // Seen to fail with one more export of equal value in both branches.
  it(
    'a branch sees what its parent knew at the fork and its own exports, and nothing of its siblings',
    showingLogs(async () => {
      const { id } = await stack.client().start({
        context: { shared: 'parent' },
        playbook: `
name: contexts
steps:
  - id: fork
    parallel:
      branches:
        a: ${exporting('fromA', '1')}
        b: ${exporting('fromB', '2')}
  - { id: after, agent: builtin.echo, with: "\${{ context }}" }
output: { branches: "\${{ steps.fork.output }}", after: "\${{ steps.after.output }}" }
`,
      });
      // Both have written their own by now; neither has looked yet.
      await held('contexts', 2);
      observer.openGate('contexts');
      expect((await stack.ended(id)).output).toEqual({
        branches: { a: { shared: 'parent', fromA: 1 }, b: { shared: 'parent', fromB: 2 } },
        after: { shared: 'parent', fromA: 1, fromB: 2 },
      });
    }),
  );

  const conflicting = (group: string, merge: string) => `
name: conflicting
steps:
  - id: fork
    parallel:
      branches:
        slow: { steps: [${observer.step(`group=${group}&gate=${group}`)}, { id: s, set: { winner: slow } }] }
        quick: { id: q, set: { winner: quick } }
    converge: { context: { onConflict: ${merge} } }
output: \${{ context.winner }}
`;

  it.each([
    ['first', 'slow'],
    ['last', 'quick'],
    ['{ prefer: slow }', 'slow'],
  ])('onConflict %s takes the value of the branch %s, in declared order and not by arrival', async (merge, winner) => {
    const group = `conflict-${merge}`;
    const encoded = encodeURIComponent(group);
    const { id } = await stack.client().start({ playbook: conflicting(encoded, merge) });
    await stack.when(id, 'quick has ended', (now) => branchOf(now, 'fork/quick')?.status === 'completed');
    observer.openGate(group);
    expect(await stack.ended(id)).toMatchObject({ status: 'completed', output: winner });
  });

  it('two different values for one key fail the fork unless the playbook says who wins', async () => {
    observer.openGate('conflict-error');
    const workflow = await stack.run(conflicting('conflict-error', 'error'));
    expect(workflow).toMatchObject({ status: 'failed', error: { code: 'context-conflict' } });
    expect(workflow.error?.message).toContain('winner');
  });

  // Seen to fail with the folder above in place of the scratch folder: each finds the files of all, and they stay there.
  it(
    'every attempt has a scratch folder of its own, which is gone afterwards',
    showingLogs(async () => {
      const names = ['p', 'q', 'r', 's'];
      const branch = (name: string) =>
        `${name}: { agent: own.scratch, with: { name: ${name}, url: "${observer.address}/?group=scratch&gate=scratch" } }`;
      const { id } = await stack.client().start({
        playbook: `{ name: scratch, steps: [{ id: fork, parallel: { branches: { ${names.map(branch).join(', ')} } } }] }`,
      });
      await held('scratch', names.length);
      observer.openGate('scratch');
      const { output } = await stack.ended(id);
      const found = output as Record<string, { readonly scratchDir: string; readonly files: readonly string[] }>;
      for (const name of names) expect(found[name]?.files).toEqual([name]);
      const folders = Object.values(found).map(({ scratchDir }) => scratchDir);
      expect(new Set(folders).size).toBe(names.length);
      for (const folder of folders) await expect(access(folder)).rejects.toThrow('ENOENT');
    }),
  );
});

describe('isolated failures (REQ-4.3-5)', () => {
  // Seen to fail with losers: cancel, which ends the workflow as soon as the fork cannot be met.
  it(
    'a branch that fails for good is on record while its siblings run, and they complete',
    showingLogs(async () => {
      const { id } = await stack.client().start({
        playbook: `
name: isolated
steps:
  - id: fork
    parallel:
      branches:
        bad:
          agent: builtin.fail
          retry: { maximumAttempts: 2, initialInterval: 10ms }
          with: { message: no such luck, type: Unlucky, details: { luck: 0 } }
        one: ${observer.step('group=isolated&gate=isolated')}
        two: { steps: [${observer.step('group=isolated&gate=isolated')}, { id: last, agent: builtin.echo, with: done }] }
`,
      });
      await held('isolated', 2);
      const during = await stack.when(id, 'it has failed', (now) => branchOf(now, 'fork/bad')?.status === 'failed');
      expect(during.status).toBe('running');
      const running = await stack.when(id, 'its siblings run', (now) =>
        ['fork/one', 'fork/two'].every((path) => branchOf(now, path)?.status === 'running'),
      );
      expect(branchOf(running, 'fork/bad')).toMatchObject({
        status: 'failed',
        attempt: 2,
        error: {
          type: 'Unlucky',
          message: 'no such luck',
          code: 'agent-error',
          stack: expect.stringMatching(/Unlucky|Error|at /),
          attempt: 2,
          agent: 'builtin.fail',
          runner: expect.stringMatching(/^runner-[12]$/),
          details: { luck: 0 },
        },
      });
      observer.openGate('isolated');
      const workflow = await stack.ended(id);
      expect(workflow).toMatchObject({ status: 'failed', error: { code: 'convergence-unmet' } });
      expect(workflow.error?.message).toContain('bad');
      expect(statuses(workflow)).toMatchObject({
        'fork/bad': 'failed',
        'fork/one': 'completed',
        'fork/two': 'completed',
      });
      expect(branchOf(workflow, 'fork/two')?.output).toBe('done');
    }),
  );
});

describe('the status of branches (REQ-4.3-7)', () => {
  // Seen to fail without the concurrency of the agent: two branches run and none is only requested.
  it(
    'goes from pending to requested to running to completed, for everyone to see while it runs',
    showingLogs(async () => {
      const branch = (name: string) =>
        `${name}: { agent: own.single, with: { url: "${observer.address}/?group=status&gate=status-${name}" } }`;
      const { id } = await stack.client().start({
        playbook: `
name: status
steps:
  - id: fork
    parallel: { maxConcurrency: 2, branches: { ${['a', 'b', 'c'].map(branch).join(', ')} } }
`,
      });
      const seen = new Map<string, string[]>();
      const look = (now: WorkflowView): void => {
        for (const { path, status } of now.branchStatus) {
          const before = seen.get(path) ?? [];
          if (before.at(-1) !== status) seen.set(path, [...before, status]);
        }
      };
      const reaches = (what: Readonly<Record<string, string>>) =>
        stack.when(id, JSON.stringify(what), (now) => {
          look(now);
          const at = statuses(now);
          return Object.entries(what).every(([path, status]) => at[path] === status);
        });
      // One slot for all: whichever of the two has it runs, the other has been asked for.
      const first = await stack.when(id, 'one of them runs', (now) => {
        look(now);
        return now.branchStatus.some(({ fork, status }) => fork !== undefined && status === 'running');
      });
      const [x, y] = statuses(first)['fork/a'] === 'running' ? ['a', 'b'] : ['b', 'a'];
      expect(statuses(first)).toEqual({
        root: 'running',
        [`fork/${x}`]: 'running',
        [`fork/${y}`]: 'requested',
        'fork/c': 'pending',
      });
      observer.openGate(`status-${x}`);
      await reaches({ [`fork/${x}`]: 'completed', [`fork/${y}`]: 'running', 'fork/c': 'requested' });
      observer.openGate(`status-${y}`);
      await reaches({ [`fork/${y}`]: 'completed', 'fork/c': 'running' });
      observer.openGate('status-c');
      look(await stack.ended(id));
      expect(seen.get('fork/c')).toEqual(['pending', 'requested', 'running', 'completed']);
      expect(seen.get('root')).toEqual(['running', 'completed']);
    }),
  );
});
