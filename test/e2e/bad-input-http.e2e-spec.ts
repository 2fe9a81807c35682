import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { playbookFamilies, yamlFamilies } from '@braid/testing';
import { sendLarge } from './rig/endless-body';
import { type HostileBody, hostileBodies } from './rig/hostile-bodies';
import { mostMemory } from './rig/memory';
import { showingLogs, Stack } from './rig/stack';

jest.setTimeout(240_000);

let stack: Stack;
let endpoints: readonly string[];

beforeAll(async () => {
  stack = await Stack.start({ env: { BRAID_MAX_BODY_BYTES: '100000', BRAID_RECEIPT_TIMEOUT: '5s' } });
  endpoints = await postEndpoints();
}, 120_000);

afterAll(async () => {
  await stack.stop();
});

const address = (path: string) => `${stack.service('gateway-1').address}${path}`;

/** Every address that takes a POST, as the gateway itself tells it: one that is new is tried without a word here. */
async function postEndpoints(): Promise<readonly string[]> {
  const response = await fetch(address('/openapi.json'));
  const { paths } = (await response.json()) as { readonly paths: Readonly<Record<string, object>> };
  const open = await stack.client().start({
    playbook:
      '{ name: open, steps: [{ signal: { name: go } }, { parallel: { branches: { a: { agent: builtin.echo } } } }] }',
  });
  return Object.entries(paths)
    .filter(([, methods]) => 'post' in methods)
    .map(([path]) => path.replace('{id}', path.includes('dead-letters') ? '1' : open.id).replace(/\{\w+\}/g, 'go'));
}

/** A request that gets no answer within this time hangs; it is no measure of speed. */
const hung = 60_000;

async function send(path: string, { type, body }: HostileBody): Promise<string | undefined> {
  const response = await fetch(address(path), {
    method: 'POST',
    headers: type === '' ? {} : { 'content-type': type },
    body,
    signal: AbortSignal.timeout(hung),
  });
  const text = await response.text();
  const shown = `${path} ${type} ${typeof body === 'string' ? body.slice(0, 80) : body.slice(0, 8).join(' ')}`;
  if (response.status >= 500) return `${response.status} for ${shown}: ${text.slice(0, 300)}`;
  if (/node_modules|at .*\.(ts|js):\d+/.test(text)) return `a stack for ${shown}`;
  if (response.status >= 400 && response.headers.get('content-type') !== 'application/problem+json') {
    return `no problem for ${shown}`;
  }
  return undefined;
}

/** Runs good workflows one after another until `work` is done; each must end as it should. */
async function besideGoodWorkflows<T>(work: () => Promise<T>): Promise<{ readonly result: T; readonly runs: number }> {
  let done = false;
  const result = work().finally(() => (done = true));
  let runs = 0;
  do {
    const workflow = await stack.run('{ name: healthy, steps: [{ id: a, agent: builtin.echo, with: fine }] }');
    expect(workflow.output).toBe('fine');
    runs++;
  } while (!done);
  return { result: await result, runs };
}

async function inTurn<T>(
  items: readonly T[],
  work: (item: T) => Promise<string | undefined>,
): Promise<readonly string[]> {
  const wrong: string[] = [];
  const queue = [...items];
  const sender = async () => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) {
      const complaint = await work(item);
      if (complaint !== undefined) wrong.push(complaint);
    }
  };
  await Promise.all(Array.from({ length: 8 }, sender));
  return wrong;
}

describe('hostile bodies over HTTP', () => {
  it('are tried at every endpoint that there is', () => {
    const known = ['/v1/workflows', '/v1/playbooks', '/v1/playbooks/validate'];
    expect(endpoints).toEqual(expect.arrayContaining(known));
    for (const word of ['cancel', 'pause', 'resume', 'retry', 'signals', 'preview', 'dead-letters']) {
      expect(endpoints.filter((path) => path.includes(word))).not.toEqual([]);
    }
  });

  // Seen to fail with `variables: null`, which was a 500, and with `reason: null`, which was a dead letter and a 503.
  it(
    'are client errors or do no harm, and good workflows run beside them',
    showingLogs(async () => {
      const requests = endpoints.flatMap((path) => hostileBodies.map((body) => ({ path, body })));
      const { result, runs } = await besideGoodWorkflows(() => inTurn(requests, ({ path, body }) => send(path, body)));
      expect(result).toEqual([]);
      expect(runs).toBeGreaterThan(0);
      expect(requests.length).toBeGreaterThan(4_000);
      for (const { app, running, log } of stack.services) {
        expect([app, running, log.includes('"level":"fatal"')]).toEqual([app, true, false]);
      }
    }),
  );

  it(
    'that are hostile playbooks are refused or understood, and good workflows run beside them',
    showingLogs(async () => {
      const bodies = [...yamlFamilies, ...playbookFamilies].flatMap(({ text }) =>
        [3_000, 95_000].map((bytes) => ({ type: 'application/yaml', body: text(bytes) })),
      );
      const { result } = await besideGoodWorkflows(() =>
        inTurn(bodies, (body) => send('/v1/playbooks/validate', body)),
      );
      expect(result).toEqual([]);
    }),
  );

  it('that never end, or end early, leave the gateway at work', async () => {
    const aborted = Array.from({ length: 20 }, async () => {
      const control = new AbortController();
      const endless = new ReadableStream({
        pull: (stream) => {
          stream.enqueue(new TextEncoder().encode('{"a":['));
          control.abort();
        },
      });
      const init = { method: 'POST', headers: { 'content-type': 'application/json' }, duplex: 'half' } as const;
      await fetch(address('/v1/workflows'), { ...init, body: endless, signal: control.signal }).catch(() => undefined);
    });
    await Promise.all(aborted);
    const { output } = await stack.run({
      playbook: '{ name: after, steps: [{ id: a, agent: builtin.echo, with: fine }] }',
      context: { id: randomUUID() },
    });
    expect(output).toBe('fine');
  });

  // Seen to fail with connections that are closed at once (hearOut): most answers are lost on their way.
  it.each(['announced', 'chunked'] as const)(
    'of 100 MB, %s, are refused with little of them in memory, ten at once',
    async (framing) => {
      const gateway = stack.service('gateway-1');
      const before = await mostMemory(stack, gateway);
      const answers = await Promise.all(
        Array.from({ length: 10 }, () => sendLarge(gateway.address, 100_000_000, framing)),
      );
      expect(answers.filter(({ status }) => status !== 413)).toEqual([]);
      expect((await mostMemory(stack, gateway)) - before).toBeLessThan(100);
      expect((await stack.run('{ name: after, steps: [{ id: a, agent: builtin.echo, with: fine }] }')).output).toBe(
        'fine',
      );
    },
  );
});
