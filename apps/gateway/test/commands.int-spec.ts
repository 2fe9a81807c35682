import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { freshDatabase, freshNats, type FreshDatabase, type FreshNats } from '@braid/testing';
import { type WorkflowEvent } from '@braid/events';
import { GatewayUnderTest, readStream } from './gateway-under-test';

let database: FreshDatabase;
let nats: FreshNats;
let gateway: GatewayUnderTest;

const approval = {
  name: 'approval',
  steps: [
    {
      id: 'ask',
      signal: {
        name: 'approved',
        schema: { type: 'object', properties: { by: { type: 'string' } }, required: ['by'] },
      },
    },
    { id: 'ship', agent: 'builtin.echo' },
  ],
};
const votes = {
  name: 'votes',
  steps: [
    {
      id: 'reviews',
      parallel: { branches: Object.fromEntries(['a', 'b', 'c'].map((name) => [name, { agent: 'builtin.echo' }])) },
      converge: { strategy: 'all-settled' },
    },
  ],
};

const awaited: WorkflowEvent = { type: 'SignalAwaited', data: { branch: 'root', step: 'ask', name: 'approved' } };
const failure = { type: 'TestError', message: 'it broke', code: 'agent-error', retryable: false } as const;

beforeAll(async () => {
  [database, nats] = await Promise.all([freshDatabase(), freshNats()]);
  gateway = await GatewayUnderTest.start({ databaseUrl: database.url, natsUrl: nats.url });
});
afterAll(async () => {
  await gateway.stop();
  await Promise.all([database.drop(), nats.stop()]);
});
beforeEach(() => {
  gateway.orchestrator.script = () => [];
});

async function start(playbook: object): Promise<string> {
  return String((await gateway.post('/v1/workflows', { playbook })).body['id']);
}

async function history(id: string): Promise<readonly { readonly type: string }[]> {
  return (await gateway.get(`/v1/workflows/${id}/events`)).body['events'] as { type: string }[];
}

const received = async (id: string) => (await history(id)).filter(({ type }) => type === 'SignalReceived').length;

describe('signals', () => {
  const send = (id: string, payload: unknown, headers = {}, name = 'approved') =>
    gateway.post(`/v1/workflows/${id}/signals/${name}`, payload, headers);

  test('end the step that waits for them', async () => {
    gateway.orchestrator.script = () => [awaited];
    const id = await start(approval);
    expect((await gateway.get(`/v1/workflows/${id}`)).body['branchStatus']).toMatchObject([
      { path: 'root', status: 'running', step: 'ask', waitsFor: { signal: 'approved' } },
    ]);
    expect(await send(id, { by: 'ada' })).toMatchObject({
      status: 200,
      body: { branchStatus: [{ status: 'requested', step: 'ship' }] },
    });
  });

  test('count once for the same key, and as often as they are sent without one', async () => {
    const id = await start(approval);
    const key = { 'idempotency-key': 'order-17' };
    const answers = [await send(id, { by: 'ada' }, key), await send(id, { by: 'ada' }, key)];
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    expect(await received(id)).toBe(1);
    await send(id, { by: 'bob' });
    await send(id, { by: 'bob' });
    expect(await received(id)).toBe(3);
  });

  test('count once although the receipt is lost', async () => {
    const id = await start(approval);
    gateway.orchestrator.losesReceipts = 1;
    expect((await send(id, { by: 'ada' })).status).toBe(200);
    expect(await received(id)).toBe(1);
  }, 20_000);

  test('that come before a step waits are kept', async () => {
    const id = await start(approval);
    expect((await send(id, { by: 'ada' })).status).toBe(200);
    expect(await received(id)).toBe(1);
  });

  test.each([
    [{}, 'approved', 'payload'],
    [{ by: 7 }, 'approved', 'payload.by'],
    ['"text"', 'approved', 'payload'],
    [{ by: 'ada' }, 'aproved', 'name'],
  ])('%j as %s is refused, saying why', async (payload, name, path) => {
    const id = await start(approval);
    const answer = await send(id, payload, {}, name);
    expect(answer).toMatchObject({ status: 422, body: { code: 'signal.invalid' } });
    const problems = answer.body['problems'] as { path: string }[];
    expect(problems.some((problem) => problem.path.startsWith(path))).toBe(true);
    expect(await received(id)).toBe(0);
  });

  test('are refused by workflows that have ended, that there are not, and as YAML', async () => {
    const id = await start(approval);
    expect(await send(id, 'by: ada', { 'content-type': 'application/yaml' })).toMatchObject({ status: 415 });
    await gateway.post(`/v1/workflows/${id}/cancel`, {});
    expect(await send(id, { by: 'ada' })).toMatchObject({ status: 409, body: { code: 'workflow.closed' } });
    expect(await send('nobody', { by: 'ada' })).toMatchObject({ status: 404, body: { code: 'workflow.not-found' } });
  });
});

describe('pausing and resuming', () => {
  test('is shown, found, and done once', async () => {
    const id = await start(approval);
    const tell = (word: string, body: object = {}) => gateway.post(`/v1/workflows/${id}/${word}`, body);
    const paused = { status: 200, body: { status: 'paused', version: 2 } };
    expect(await tell('pause', { reason: 'lunch' })).toMatchObject(paused);
    expect(await tell('pause')).toMatchObject(paused);
    const listed = (await gateway.get('/v1/workflows?status=paused')).body['workflows'];
    expect(listed).toMatchObject([{ id, status: 'paused' }]);
    expect(await tell('resume')).toMatchObject({ status: 200, body: { status: 'running' } });
    const types = (await history(id)).map(({ type }) => type);
    expect(types).toEqual(expect.arrayContaining(['WorkflowPaused', 'WorkflowResumed']));
    await tell('cancel');
    expect(await tell('pause')).toMatchObject({ status: 409, body: { code: 'workflow.closed' } });
    expect(await tell('resume')).toMatchObject({ status: 409, body: { code: 'workflow.closed' } });
    expect(await tell('pause', { because: 'x' })).toMatchObject({ status: 422, body: { code: 'input.invalid' } });
  });
});

describe('a command with a key', () => {
  test('that comes again late does nothing more, and one without a key does', async () => {
    const id = await start(approval);
    const tell = async (word: string, key?: string) => {
      const headers = key === undefined ? {} : { 'idempotency-key': key };
      return (await gateway.post(`/v1/workflows/${id}/${word}`, {}, headers)).body['status'];
    };
    expect([await tell('pause', 'p'), await tell('resume', 'r'), await tell('pause', 'p')]).toEqual([
      'paused',
      'running',
      'running',
    ]);
    expect([await tell('pause'), await tell('resume', 'r'), await tell('resume')]).toEqual([
      'paused',
      'paused',
      'running',
    ]);
  });
});

describe('trying again', () => {
  const broken: readonly WorkflowEvent[] = [
    { type: 'BranchRequested', data: { branch: 'root', step: 'ship', attempt: 1, agent: 'builtin.echo', input: {} } },
    { type: 'BranchFailed', data: { branch: 'root', step: 'ship', failure } },
    { type: 'WorkflowFailed', data: { failure } },
  ];
  const fragile = { name: 'fragile', steps: [{ id: 'ship', agent: 'builtin.echo' }] };

  test('takes a failed workflow up again, also when the receipt is lost', async () => {
    gateway.orchestrator.script = () => broken;
    const id = await start(fragile);
    gateway.orchestrator.losesReceipts = 1;
    expect(await gateway.post(`/v1/workflows/${id}/retry`, { reason: 'repaired' })).toMatchObject({
      status: 200,
      body: { status: 'running', branchStatus: [{ status: 'requested', attempt: 2 }] },
    });
    expect((await history(id)).filter(({ type }) => type === 'WorkflowRetried')).toHaveLength(1);
  }, 20_000);

  test('lets a stream go on after the failure', async () => {
    gateway.orchestrator.script = () => broken;
    const id = await start(fragile);
    await gateway.post(`/v1/workflows/${id}/retry`, {});
    await gateway.post(`/v1/workflows/${id}/cancel`, {});
    const messages = await readStream(gateway.url(`/v1/workflows/${id}/stream`));
    expect(messages.at(-1)?.data).toMatchObject({ type: 'WorkflowCancelled' });
  });

  test('is refused for what has not failed', async () => {
    const id = await start(approval);
    const answer = await gateway.post(`/v1/workflows/${id}/retry`, {});
    expect(answer).toMatchObject({ status: 409, body: { code: 'workflow.not-failed' } });
  });
});

describe('previews of convergences', () => {
  const output = (branch: string, verdict: string): WorkflowEvent => ({
    type: 'BranchCompleted',
    data: { branch: `reviews/${branch}`, step: branch, output: { verdict } },
  });
  const asked = (branch: string): WorkflowEvent => ({
    type: 'BranchRequested',
    data: { branch: `reviews/${branch}`, step: branch, attempt: 1, agent: 'builtin.echo', input: {} },
  });
  const preview = (id: string, body: unknown) => gateway.post(`/v1/workflows/${id}/convergence/preview`, body);

  async function voted(): Promise<string> {
    gateway.orchestrator.script = () => [
      { type: 'ForkOpened', data: { branch: 'root', step: 'reviews' } },
      ...['a', 'b', 'c'].map(asked),
      output('a', 'yes'),
      output('c', 'yes'),
    ];
    return start(votes);
  }

  test('tell what another strategy would have decided, and change nothing', async () => {
    const id = await voted();
    const vote = { step: 'reviews', strategy: 'majority-vote', by: '${{ output.verdict }}' };
    expect(await preview(id, vote)).toMatchObject({
      status: 200,
      body: {
        branch: 'root',
        step: 'reviews',
        strategy: 'majority-vote',
        outcome: 'met',
        counted: ['a', 'c'],
        decidedBy: 'c',
        wouldHaveCancelled: ['b'],
        actual: { strategy: 'all-settled', outcome: 'waiting' },
      },
    });
    expect(
      (await preview(id, { ...vote, branch: 'root', strategy: 'all-must-complete', by: undefined })).body,
    ).toMatchObject({
      outcome: 'undecided',
    });
    expect((await gateway.get(`/v1/workflows/${id}`)).body['version']).toBe(7);
  });

  test.each([
    [{ strategy: 'all-settled' }, 'step'],
    [{ step: 'reviews' }, 'strategy'],
    [{ step: 'reviews', strategy: 'quorum' }, 'require'],
    [{ step: 'reviews', strategy: 'quorum', require: 0 }, 'require'],
    [{ step: 'reviews', strategy: 'majority-vote', by: '${{ ouput }}' }, 'by'],
    [{ step: 'reviews', strategy: 'all-settled', requier: 2 }, 'requier'],
    [{ step: 'reviews', strategy: 'fastest' }, 'strategy'],
    [{ step: 'review', strategy: 'all-settled' }, 'step'],
    [{ step: 'inner', branch: 'reviews/a', strategy: 'all-settled' }, 'step'],
    [[], ''],
  ])('of %j are refused, saying what to change', async (body, path) => {
    const answer = await preview(await voted(), body);
    expect(answer).toMatchObject({ status: 422, body: { code: 'convergence.invalid' } });
    expect((answer.body['problems'] as { path: string }[]).map((problem) => problem.path)).toContain(path);
  });

  test('need a workflow', async () => {
    expect(await preview('nobody', { step: 's', strategy: 'all-settled' })).toMatchObject({ status: 404 });
  });
});
