import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { type WorkflowView } from '@braid/contracts';
import { argumentsIn } from './rig/arguments';
import { braid } from './rig/braid';
import { showingLogs, Stack } from './rig/stack';

jest.setTimeout(60_000);

const page = readFileSync(resolve(__dirname, '../../docs/how-to/steer-a-workflow.md'), 'utf8');
const blocks = (language: string) =>
  [...page.matchAll(new RegExp(`^\`\`\`${language}\\n([^]*?)^\`\`\`$`, 'gm'))].map(([, text = '']) => text);

let stack: Stack;

beforeAll(async () => {
  stack = await Stack.start({ orchestrators: 1, runners: 1 });
}, 120_000);

afterAll(() => stack.stop(), 60_000);

const client = () => stack.client();
const cli = (...args: readonly string[]) => braid(stack.service('gateway-1').address, ...args);
const waitsFor = (signal: string) => (view: WorkflowView) =>
  view.branchStatus.some((branch) => branch.waitsFor?.signal === signal);

describe('docs/how-to/steer-a-workflow.md', () => {
  it(
    'shows commands that do what it says',
    showingLogs(async () => {
      const [playbook = ''] = blocks('yaml');
      const { id } = await client().start({ playbook });
      await stack.when(id, 'it waits', waitsFor('approve'));
      const lines = blocks('sh').flatMap((block) => block.trim().split('\n'));
      expect(lines).toHaveLength(5);
      for (const line of lines) {
        const [npx, name, ...args] = argumentsIn(line.replace('$id', id));
        expect([npx, name]).toEqual(['npx', 'braid']);
        expect([line, await cli(...args)]).toMatchObject([line, { code: 0, err: '' }]);
      }
      const workflow = await stack.ended(id);
      expect(workflow).toMatchObject({
        status: 'cancelled',
        compensation: { state: 'compensated', steps: { undone: 1 } },
      });
      const { events } = await client().events(id);
      const told = ['WorkflowPaused', 'WorkflowResumed', 'SignalReceived', 'CompensationStarted', 'WorkflowCancelled'];
      expect(events.map(({ type }) => type).filter((type) => told.includes(type))).toEqual(told);
    }),
  );
});

/** The two ways by which a signal comes in. */
const ways = [
  [
    'over HTTP',
    async (id: string, key: string) => {
      await client().signal(id, 'go', { n: 1 }, { idempotencyKey: key });
    },
  ],
  [
    'by the command line',
    async (id: string, key: string) => {
      const { code, err } = await cli('signal', id, 'go', '--payload', '{"n":1}', '--id', key);
      if (code !== 0) throw new Error(err);
    },
  ],
] as const;

describe.each(ways)('a signal that comes %s', (_, send) => {
  const playbook = `
name: signalled
steps:
  - { signal: { name: start } }
  - { id: one, signal: { name: go } }
  - { id: two, signal: { name: go, timeout: 1s }, onFailure: continue }
output: { one: '\${{ steps.one.output }}', two: '\${{ steps.two.output }}' }
`;

  it(
    'early is kept, twice counts once, and too late is told so',
    showingLogs(async () => {
      const { id } = await client().start({ playbook });
      await send(id, 'key-1');
      await send(id, 'key-1');
      await client().signal(id, 'start');
      const workflow = await stack.ended(id);
      expect(workflow).toMatchObject({ status: 'completed', output: { one: { n: 1 }, two: null } });
      await expect(send(id, 'key-2')).rejects.toThrow(/has completed already|has ended/);
    }),
  );
});
