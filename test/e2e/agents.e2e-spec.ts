import { readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { type WorkflowView } from '@braid/contracts';
import { processesMarked } from './rig/leftovers';
import { Observer } from './rig/observer';
import { showingLogs, Stack } from './rig/stack';
import { until } from './rig/until';

const canary = 'canary-4f1b"7c/9+d0';

const agents = {
  'own.ts': `import { defineAgent } from '@braid/sdk';
    export const count = defineAgent({
      name: 'own.count',
      inputSchema: { type: 'object', required: ['text'], properties: { text: { type: 'string' } } },
      run: ({ text }: { text: string }) => ({ words: text.split(' ').length }),
    });
    export const strict = defineAgent({
      name: 'own.strict',
      outputSchema: { type: 'object', required: ['sum'] },
      run: () => ({ total: 3 }),
    });
    export const leak = defineAgent({
      name: 'own.leak',
      run: (input: { token: string; fail: boolean }, ctx) => {
        ctx.log('the token is ' + input.token);
        if (input.fail) throw new Error('refused: ' + input.token);
        return { token: input.token, [input.token]: 1, text: 'Bearer ' + input.token, url: encodeURIComponent(input.token) };
      },
    });`,
};

jest.setTimeout(60_000);

let stack: Stack;
let observer: Observer;

beforeAll(async () => {
  const env = {
    BRAID_COMMAND_ALLOW: 'cat,sh,printenv',
    BRAID_SECRET_TOKEN: canary,
    BRAID_LOG_LEVEL: 'trace',
  };
  [stack, observer] = await Promise.all([Stack.start({ agents, env }), Observer.start()]);
}, 120_000);

afterAll(async () => {
  await observer.stop();
  await stack.stop();
});

const one = (step: string) => `{ name: one, steps: [${step}] }`;
const endsOf = (workflow: WorkflowView) =>
  Object.fromEntries(workflow.branchStatus.map(({ branch, status, error }) => [branch, error?.code ?? status]));

describe('function and command agents', () => {
  it('a function of a TypeScript file and a program work together', async () => {
    const workflow = await stack.run(`
name: together
steps:
  - { id: text, agent: command, with: { argv: [sh, -c, 'read line; echo "$line and more"'], stdin: one two three } }
  - { id: words, agent: own.count, with: { text: "\${{ steps.text.output.stdout }}" } }
  - { id: json, agent: command, with: { argv: [cat], stdin: "\${{ steps.words.output }}" } }
`);
    expect(workflow).toMatchObject({ status: 'completed', output: { words: 5 } });
    expect(workflow.cost).toMatchObject({ attempts: 3 });
  });

  it('what they refuse, throw or exit with is a failure that says what to change', async () => {
    const workflow = await stack.run(`
name: refusing
steps:
  - id: fork
    parallel:
      branches:
        input: { agent: own.count, with: { words: 1 } }
        output: { agent: own.strict, retry: false }
        exit: { agent: command, retry: false, with: { argv: [sh, -c, 'echo because >&2; exit 7'] } }
        forbidden: { agent: command, with: { argv: [rm, -rf, /] } }
        schema: { agent: builtin.echo, retry: false, with: 1, output: { type: string } }
    converge: { onUnmet: continue }
`);
    expect(endsOf(workflow)).toEqual({
      root: 'completed',
      input: 'invalid-input',
      output: 'invalid-output',
      exit: 'agent-error',
      forbidden: 'invalid-input',
      schema: 'invalid-output',
    });
    const exit = workflow.branchStatus.find(({ branch }) => branch === 'exit')?.error;
    expect(exit?.message).toContain('because');
    expect(exit?.details).toMatchObject({ exitCode: 7 });
  });
});

describe('retries', () => {
  it(
    'come after their pause, each with the same key, until the policy says that it is enough',
    showingLogs(async () => {
      const retry = { maximumAttempts: 3, initialInterval: '50ms', backoffCoefficient: 2 };
      const [failing, flaky, final, asked] = await Promise.all([
        stack.run(one(observer.step('group=retries&status=500', { id: 'ask', retry }))),
        stack.run(one(`{ agent: builtin.flaky, with: { failures: 2 }, retry: ${JSON.stringify(retry)} }`)),
        stack.run(one(observer.step('group=final&status=404', { retry }))),
        stack.run(one(`{ agent: builtin.fail, with: { retryAfter: 400 }, retry: ${JSON.stringify(retry)} }`)),
      ]);
      expect(failing).toMatchObject({ status: 'failed', error: { attempt: 3 } });
      const keys = observer.of('retries').map(({ idempotencyKey }) => idempotencyKey);
      expect(keys).toEqual([1, 2, 3].map(() => `${failing.id}/root/ask`));
      expect(flaky).toMatchObject({ status: 'completed', output: { failures: 2 }, cost: { attempts: 3 } });
      expect(final).toMatchObject({ status: 'failed', error: { attempt: 1, retryable: false } });
      expect(observer.of('final')).toHaveLength(1);
      // What the agent asked for (Retry-After) is the least pause.
      const events = await stack.events.store.readStream(asked.id);
      const requested = events.filter(({ type }) => type === 'BranchRequested').map(({ at }) => at);
      const failed = events.filter(({ type }) => type === 'BranchRetryScheduled').map(({ at }) => at);
      expect(requested).toHaveLength(3);
      for (const [index, at] of failed.entries()) expect((requested[index + 1] ?? 0) - at).toBeGreaterThanOrEqual(399);
    }),
  );
});

describe('attempts that are stopped', () => {
  /** The processes of a program that nobody else runs. */
  const sleepers = async (seconds: number) =>
    (await processesMarked(stack.home)).filter((found) => found.includes(`sleep ${seconds}`));
  const sleeper = (seconds: number) =>
    `{ id: long, agent: command, retry: false, with: { argv: [sh, -c, 'sleep ${seconds} & sleep ${seconds}; true'] } }`;

  // Seen to fail with sleeps that leave the group (setsid): they go on, and the stack reports them as left behind.
  it(
    'a cancelled workflow kills the whole process group of its command and closes its connections',
    showingLogs(async () => {
      const { id } = await stack.client().start({
        playbook: one(
          `{ id: fork, parallel: { branches: { program: ${sleeper(76_543)}, request: ${observer.step('group=cancel&gate=never')} } } }`,
        ),
      });
      await until('both processes run', async () => (await sleepers(76_543)).length >= 2);
      await until('the request is open', () => observer.of('cancel').length === 1);
      const workflow = await stack.client().cancel(id, { reason: 'enough' });
      expect(workflow.status).toBe('cancelled');
      expect(endsOf(workflow)).toMatchObject({ program: 'cancelled', request: 'cancelled' });
      await until('they are gone', async () => (await sleepers(76_543)).length === 0);
      await until('the connection is closed', () => observer.of('cancel')[0]?.cutAt !== undefined);
      await expect(stack.client().cancel(id)).resolves.toMatchObject({ status: 'cancelled' });
    }),
  );

  it(
    'an attempt out of time fails as such, and nothing of it goes on',
    showingLogs(async () => {
      const branch = (step: string) => `{ timeout: 500ms, ${step.slice(1)}`;
      const workflow = await stack.run(
        one(`{ id: fork, converge: { onUnmet: continue }, parallel: { branches: {
          program: ${branch(sleeper(87_654))},
          request: ${branch(observer.step('group=timeout&gate=never'))} } } }`),
      );
      expect(endsOf(workflow)).toEqual({ root: 'completed', program: 'timeout', request: 'timeout' });
      await until('the processes are gone', async () => (await sleepers(87_654)).length === 0);
      await until('the connection is closed', () => observer.of('timeout')[0]?.cutAt !== undefined);
    }),
  );
});

describe('secrets', () => {
  const forms = [canary, JSON.stringify(canary).slice(1, -1), encodeURIComponent(canary)];
  const leaks = (text: string) =>
    [...forms, Buffer.from(canary).toString('base64')].filter((form) => text.includes(form));

  async function filesBelow(folder: string): Promise<string> {
    const entries = await readdir(folder, { recursive: true, withFileTypes: true });
    const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
    return (await Promise.all(files.map((file) => readFile(file, 'latin1')))).join('\n');
  }

  // Seen to fail with the secret's value in the playbook in place of its name.
  it(
    'reach the agent and nobody else: not the events, the API, the logs or the streams',
    showingLogs(async () => {
      const token = '"${{ secrets.TOKEN }}"';
      const workflow = await stack.run(`
name: secretive
steps:
  - id: fork
    parallel:
      branches:
        request: { agent: http, with: { url: "${observer.address}/?group=secret", headers: { authorization: ${token} } } }
        program: { agent: command, with: { argv: [sh, -c, 'echo "$T"; echo "$T" >&2'], env: { T: ${token} } } }
        returned: { agent: own.leak, with: { token: ${token}, fail: false } }
        thrown: { agent: own.leak, retry: false, with: { token: ${token}, fail: true } }
        missing: { agent: builtin.echo, with: "\${{ secrets.NOBODY }}" }
    converge: { onUnmet: continue }
`);
      expect(endsOf(workflow)).toEqual({
        root: 'completed',
        request: 'completed',
        program: 'completed',
        returned: 'completed',
        thrown: 'agent-error',
        missing: 'invalid-input',
      });
      expect(observer.of('secret')[0]?.authorization).toBe(canary);
      const events = JSON.stringify(await stack.events.store.readStream(workflow.id));
      expect(events).toContain('***');
      const places: Record<string, string> = {
        events,
        answer: JSON.stringify(workflow),
        streams: await filesBelow(dirname(stack.nats.logFile)),
        ...Object.fromEntries(stack.services.map(({ name, log }) => [`log of ${name}`, log])),
      };
      // The places are the right ones: what is no secret is found there.
      expect(places['streams']).toContain(workflow.id);
      expect(places['log of runner-1']).toContain('runner-1');
      const found = Object.entries(places).map(([place, text]) => [place, leaks(text)]);
      expect(found).toEqual(Object.keys(places).map((place) => [place, []]));
    }),
  );
});
