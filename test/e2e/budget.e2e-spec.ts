import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type JsonObject } from '@braid/events';
import { showingLogs, Stack } from './rig/stack';

const agents = `
  import { AgentError, defineAgent } from '@braid/sdk';
  type Input = { readonly tokens: number; readonly failures?: number; readonly ms?: number };
  export const model = defineAgent<Input>({
    name: 'test.model',
    run: async ({ tokens, failures = 0, ms = 0 }, ctx) => {
      ctx.reportUsage({ tokens: tokens - 1, usd: tokens / 1000 });
      ctx.reportUsage({ tokens: 1 });
      await new Promise((wake) => setTimeout(wake, ms));
      if (ctx.attempt <= failures) throw new AgentError('busy', { code: 'overloaded' });
      return tokens;
    },
  });
`;

let stack: Stack;

beforeAll(async () => {
  stack = await Stack.start({ agents: { 'model.ts': agents } });
}, 120_000);

afterAll(() => stack.stop(), 60_000);

const model = (tokens: number, more: JsonObject = {}): JsonObject => ({
  agent: 'test.model',
  retry: { maximumAttempts: 3, initialInterval: '10ms' },
  with: { tokens, ...(more['with'] as JsonObject | undefined) },
  cost: { tokens },
});

const mapOf = (count: number, more: JsonObject = {}): JsonObject => ({
  name: 'many',
  variables: { items: { type: 'array', default: Array.from({ length: count }, (_, index) => index) } },
  ...more,
  steps: [{ id: 'm', map: { over: '${{ variables.items }}' }, ...model(10), converge: { strategy: 'all-settled' } }],
});

describe('a budget over the whole way', () => {
  it(
    'counts what agents report, in attempts that failed too, and refuses what could go over it',
    showingLogs(async () => {
      const playbook = {
        name: 'spending',
        budget: { tokens: 1000, attempts: 50 },
        steps: [
          { id: 'first', ...model(100, { with: { failures: 2 } }) },
          {
            id: 'second',
            ...model(90),
            onFailure: [{ id: 'instead', set: { because: '${{ steps.second.error.code }}' } }],
          },
        ],
        output: '${{ context.because }}',
      };
      const workflow = await stack.run({ playbook, budget: { tokens: 380 } });
      expect(workflow).toMatchObject({ status: 'completed', output: 'budget' });
      expect(workflow.cost).toMatchObject({
        ...{ attempts: 3, usage: { tokens: 300, usd: 0.3 } },
        ...{ budget: { tokens: 380, attempts: 50 }, remaining: { tokens: 80, attempts: 47 } },
      });
      expect(workflow.cost).not.toHaveProperty('reserved');
      const events = await stack.events.store.readStream(workflow.id);
      const again = events.flatMap((event) => (event.type === 'BranchRetryScheduled' ? [event.data.run?.usage] : []));
      expect(again).toEqual([
        { tokens: 100, usd: 0.1 },
        { tokens: 100, usd: 0.1 },
      ]);
    }),
    60_000,
  );

  it.each(['parallel', 'sequential'] as const)(
    'of a map of 1 000 lets 100 run, in %s mode',
    async (executionMode) => {
      const workflow = await stack.run({ playbook: mapOf(1000), budget: { tokens: 1000 }, executionMode });
      expect(workflow).toMatchObject({ status: 'completed', output: { length: 100 } });
      expect(workflow.cost).toMatchObject({ attempts: 100, usage: { tokens: 1000 }, remaining: { tokens: 0 } });
      const failed = workflow.branchStatus.filter(({ status }) => status === 'failed');
      expect([failed.length, failed[0]?.error?.code]).toEqual([900, 'budget']);
    },
    60_000,
  );

  it('that was used up can be raised by a retry, by HTTP and on the command line', async () => {
    const steps = ['a', 'b', 'c'].map((id) => ({ id, ...model(100) }));
    const playbook = { name: 'three', steps };
    const { id, ...failed } = await stack.run({ playbook, budget: { tokens: 100 } });
    expect(failed).toMatchObject({ status: 'failed', error: { code: 'budget', step: 'b' } });
    await expect(stack.client().retry(id, { budget: { tokens: -5 } })).rejects.toMatchObject({ code: 'input.invalid' });
    await stack.client().retry(id, { budget: { tokens: 200 } });
    expect(await stack.ended(id)).toMatchObject({ status: 'failed', error: { step: 'c' }, cost: { attempts: 2 } });
    const braid = (...args: readonly string[]) => {
      const cli = resolve(__dirname, '../../dist/apps/cli/src/main.js');
      const { address } = stack.service('gateway-1');
      return promisify(execFile)(process.execPath, [cli, ...args, '--url', address], { env: {} });
    };
    await braid('retry', id, '--budget', 'tokens=300', '--reason', 'worth it');
    expect(await stack.ended(id)).toMatchObject({ status: 'completed', cost: { usage: { tokens: 300 } } });
    expect((await braid('show', id)).stdout).toContain('budget of 300 tokens: 300 used, 0 left');
  }, 60_000);

  it('outlives the orchestrators', async () => {
    const steps = [
      { id: 'a', ...model(60, { with: { ms: 1500 } }) },
      { id: 'b', ...model(60) },
    ];
    const { id } = await stack.client().start({ playbook: { name: 'survivor', steps }, budget: { tokens: 100 } });
    await stack.when(id, 'the attempt is open', ({ cost }) => cost.reserved?.['tokens'] === 60);
    for (const name of ['orchestrator-1', 'orchestrator-2']) await stack.kill(name, 'SIGKILL');
    await Promise.all(['orchestrator-1', 'orchestrator-2'].map((name) => stack.restart(name)));
    const ended = await stack.ended(id, 40_000);
    expect(ended).toMatchObject({ status: 'failed', error: { code: 'budget', step: 'b' } });
    expect(ended.cost).toMatchObject({ usage: { tokens: 60 }, remaining: { tokens: 40 } });
  }, 60_000);
});
