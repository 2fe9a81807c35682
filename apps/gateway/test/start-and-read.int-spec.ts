import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { freshDatabase, freshNats, type FreshDatabase, type FreshNats } from '@braid/testing';
import { type WorkflowEvent } from '@braid/events';
import { GatewayUnderTest, hello } from './gateway-under-test';

let database: FreshDatabase;
let nats: FreshNats;
let gateway: GatewayUnderTest;

const requested: WorkflowEvent = {
  type: 'BranchRequested',
  data: { branch: 'root', step: 'greet', attempt: 1, agent: 'builtin.echo', input: { text: 'Hello world' } },
};
const completed: WorkflowEvent = { type: 'WorkflowCompleted', data: { output: { text: 'Hello world' } } };

beforeAll(async () => {
  [database, nats] = await Promise.all([freshDatabase(), freshNats()]);
  gateway = await GatewayUnderTest.start(
    { databaseUrl: database.url, natsUrl: nats.url },
    { BRAID_RECEIPT_TIMEOUT: '6s' },
  );
});
afterAll(async () => {
  await gateway.stop();
  await Promise.all([database.drop(), nats.stop()]);
});
beforeEach(() => {
  gateway.orchestrator.script = () => [];
  gateway.orchestrator.deaf = false;
  gateway.orchestrator.publishes = true;
});

describe('starting a workflow', () => {
  test('answers 201 with the workflow and where it is', async () => {
    const answer = await gateway.post('/v1/workflows', { playbook: hello, variables: { who: 'Ada' } });
    expect(answer).toMatchObject({
      status: 201,
      body: { status: 'running', version: 1, playbook: { name: 'hello' }, variables: { who: 'Ada' } },
    });
    expect(answer.headers.get('location')).toBe(`/v1/workflows/${String(answer.body['id'])}`);
    expect(answer.body['id']).toMatch(/^[\da-f]{8}-[\da-f]{4}-7/);
  });

  test('gives no success before the receipt', async () => {
    gateway.orchestrator.deaf = true;
    let answered = false;
    const answer = gateway.post('/v1/workflows', { playbook: hello }).finally(() => (answered = true));
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(answered).toBe(false);
    await gateway.orchestrator.hear();
    expect((await answer).status).toBe(201);
  });

  test('answers 503 when nobody confirms, and the same key finds the start afterwards', async () => {
    gateway.orchestrator.deaf = true;
    const request = () => gateway.post('/v1/workflows', { playbook: hello }, { 'idempotency-key': 'late' });
    const missing = await request();
    expect(missing).toMatchObject({ status: 503, body: { code: 'receipt.missing' } });
    expect(Number(missing.headers.get('retry-after'))).toBeGreaterThan(0);
    await gateway.orchestrator.hear();
    expect((await request()).status).toBe(200);
  }, 20_000);

  test('sends the start again when the receipt is lost', async () => {
    gateway.orchestrator.losesReceipts = 1;
    const before = gateway.orchestrator.starts.length;
    const answer = await gateway.post('/v1/workflows', { playbook: hello });
    expect(answer.status).toBe(201);
    const mine = gateway.orchestrator.starts.slice(before).filter(({ workflow }) => workflow === answer.body['id']);
    expect(mine).toHaveLength(2);
  }, 20_000);

  test('is the same workflow for the same key and body, and refused for another body', async () => {
    const key = { 'idempotency-key': 'order-17' };
    const first = await gateway.post(
      '/v1/workflows',
      { playbook: hello, variables: { who: 'A' }, context: { a: 1, b: 2 } },
      key,
    );
    const again = await gateway.post(
      '/v1/workflows',
      { context: { b: 2, a: 1 }, variables: { who: 'A' }, playbook: hello },
      key,
    );
    const other = await gateway.post('/v1/workflows', { playbook: hello, variables: { who: 'B' } }, key);
    expect([first.status, again.status, other.status]).toEqual([201, 200, 409]);
    expect(again.body['id']).toBe(first.body['id']);
    expect(other.body['code']).toBe('workflow.different-start');
  });

  test('of many equal starts at once makes one', async () => {
    const answers = await Promise.all(
      Array.from({ length: 8 }, () =>
        gateway.post('/v1/workflows', { playbook: hello }, { 'idempotency-key': 'crowd' }),
      ),
    );
    expect(new Set(answers.map(({ body }) => body['id'])).size).toBe(1);
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
    expect(answers.every(({ status }) => status === 200 || status === 201)).toBe(true);
  });

  test('takes a playbook as YAML, as YAML in JSON, and by name', async () => {
    const yaml = 'name: hello\nsteps:\n  - { id: greet, agent: builtin.echo }\n';
    const raw = await gateway.post('/v1/workflows', yaml, { 'content-type': 'application/yaml' });
    const inJson = await gateway.post('/v1/workflows', { playbook: yaml });
    const published = await gateway.post('/v1/playbooks', { ...hello, name: 'by-name' });
    const byName = await gateway.post('/v1/workflows', { playbook: 'by-name@1' });
    expect([raw.status, inJson.status, published.status, byName.status]).toEqual([201, 201, 201, 201]);
    expect(byName.body['playbook']).toEqual({ name: 'by-name', version: '1' });
  });

  test('runs sequentially when the run or the playbook says so', async () => {
    const ofRun = await gateway.post('/v1/workflows', { playbook: hello, executionMode: 'sequential' });
    const ofPlaybook = await gateway.post('/v1/workflows', { playbook: { ...hello, executionType: 'sequential' } });
    expect([ofRun.body['executionMode'], ofPlaybook.body['executionMode']]).toEqual(['sequential', 'sequential']);
  });

  // Seen to fail with the budget left out of what makes two starts the same.
  test('has the smaller budget of playbook and run, which is part of what makes two starts the same', async () => {
    const playbook = { ...hello, budget: { tokens: 100, usd: 1 } };
    const start = (budget: object) =>
      gateway.post('/v1/workflows', { playbook, budget }, { 'idempotency-key': 'spent' });
    const first = await start({ tokens: 40, usd: 7 });
    const cost = { usage: {}, budget: { tokens: 40, usd: 1 }, remaining: { tokens: 40, usd: 1 } };
    expect(first).toMatchObject({ status: 201, body: { cost } });
    expect([(await start({ tokens: 40, usd: 7 })).status, (await start({ tokens: 41 })).status]).toEqual([200, 409]);
    expect((await gateway.post('/v1/workflows', { playbook: hello })).body['cost']).not.toHaveProperty('budget');
  });

  test('refuses a playbook with all its mistakes at once', async () => {
    const answer = await gateway.post('/v1/workflows', 'name: x\nsteps:\n  - agnet: a\n  - { agent: b, retry: 5 }\n', {
      'content-type': 'application/yaml',
    });
    expect(answer).toMatchObject({ status: 422, body: { code: 'playbook.invalid' } });
    const problems = answer.body['problems'] as { path: string; line: number; message: string }[];
    expect(problems.length).toBeGreaterThanOrEqual(2);
    expect(problems.every(({ line, message }) => line > 0 && message !== '')).toBe(true);
  });

  test.each([
    [{ playbook: hello, variables: { who: 7 } }, 'variables.invalid', 'variables.who'],
    [{ playbook: hello, variables: { whom: 'x' } }, 'variables.invalid', 'variables.whom'],
    [{ playbook: 'no-such-playbook' }, 'playbook.unknown', 'playbook'],
    [{ playbok: hello }, 'input.invalid', 'playbok'],
    [{ playbook: hello, executionMode: 'fast' }, 'input.invalid', 'executionMode'],
    [{ playbook: 7 }, 'input.invalid', 'playbook'],
    [{ playbook: hello, budget: 5 }, 'input.invalid', 'budget'],
    [{ playbook: hello, budget: {} }, 'input.invalid', 'budget'],
    [{ playbook: hello, budget: { tokens: '5' } }, 'input.invalid', 'budget'],
    [{ playbook: hello, budget: { tokens: -1 } }, 'input.invalid', 'budget'],
    [{ playbook: hello, budget: { 'a b': 1 } }, 'input.invalid', 'budget'],
  ])('refuses %j with %s', async (body, code, path) => {
    const answer = await gateway.post('/v1/workflows', body);
    expect(answer).toMatchObject({ status: 422, body: { code } });
    const problems = answer.body['problems'] as { path: string }[];
    expect(problems.map((problem) => problem.path)).toContain(path);
  });
});

describe('waiting for the end', () => {
  test('answers when the workflow has ended', async () => {
    gateway.orchestrator.script = () => [requested, completed];
    const answer = await gateway.post('/v1/workflows?wait=30s', { playbook: hello });
    expect(answer).toMatchObject({ status: 201, body: { status: 'completed', output: { text: 'Hello world' } } });
  });

  test('finds the end although no event arrives', async () => {
    gateway.orchestrator.script = () => [requested];
    gateway.orchestrator.publishes = false;
    const answer = gateway.post('/v1/workflows?wait=30s', { playbook: hello }, { 'idempotency-key': 'silent' });
    await new Promise((resolve) => setTimeout(resolve, 300));
    await gateway.orchestrator.record(String(gateway.orchestrator.starts.at(-1)?.workflow), completed);
    expect((await answer).body['status']).toBe('completed');
  }, 20_000);

  test('answers as it stands when the time has passed', async () => {
    const answer = await gateway.post('/v1/workflows?wait=300ms', { playbook: hello });
    expect(answer).toMatchObject({ status: 201, body: { status: 'running' } });
  });

  test('refuses what is no duration', async () => {
    const answer = await gateway.post('/v1/workflows?wait=soon', { playbook: hello });
    expect(answer).toMatchObject({ status: 400, body: { code: 'request.invalid' } });
  });
});

describe('reading a workflow', () => {
  test('shows an attempt as running once a runner says so', async () => {
    gateway.orchestrator.script = () => [requested];
    const id = await gateway.start();
    const branch = async () => ((await gateway.get(`/v1/workflows/${id}`)).body['branchStatus'] as object[])[0];
    expect(await branch()).toMatchObject({ path: 'root', status: 'requested', agent: 'builtin.echo', attempt: 1 });
    gateway.orchestrator.emit('braid.live.heartbeat.0', {
      runner: 'runner-1',
      attempts: [{ workflow: id, branch: 'root', step: 'greet', attempt: 1, startedAt: Date.now() }],
    });
    let seen = await branch();
    for (let i = 0; i < 100 && !('runner' in (seen ?? {})); i++) seen = await branch();
    expect(seen).toMatchObject({ status: 'running', runner: 'runner-1' });
  });

  test('at a past version is as it stood then', async () => {
    gateway.orchestrator.script = () => [requested, completed];
    const id = await gateway.start();
    expect((await gateway.get(`/v1/workflows/${id}`)).body).toMatchObject({ version: 3, status: 'completed' });
    expect((await gateway.get(`/v1/workflows/${id}?version=1`)).body).toMatchObject({ version: 1, status: 'running' });
    expect((await gateway.get(`/v1/workflows/${id}?version=9`)).body).toMatchObject({
      status: 400,
      code: 'request.invalid',
    });
  });

  test('follows what is appended between two reads', async () => {
    const id = await gateway.start();
    expect((await gateway.get(`/v1/workflows/${id}`)).body['version']).toBe(1);
    await gateway.orchestrator.record(id, requested);
    const [one, other] = await Promise.all([gateway.get(`/v1/workflows/${id}`), gateway.get(`/v1/workflows/${id}`)]);
    expect([one.body['version'], other.body['version']]).toEqual([2, 2]);
  });

  test.each([
    '/v1/workflows/0',
    '/v1/workflows/%00',
    '/v1/workflows/a.b',
    '/v1/workflows/no/graph',
    '/v1/workflows/x/events',
  ])('answers 404 for %s', async (path) => expect(await gateway.get(path)).toMatchObject({ status: 404 }));

  test('gives its history in pages', async () => {
    gateway.orchestrator.script = () => [requested, completed];
    const id = await gateway.start();
    const first = await gateway.get(`/v1/workflows/${id}/events?limit=2`);
    expect(first.body).toMatchObject({ events: [{ version: 1, type: 'WorkflowStarted' }, { version: 2 }], next: 2 });
    const rest = await gateway.get(`/v1/workflows/${id}/events?after=2`);
    expect(rest.body['events']).toMatchObject([{ id: `${id}:3`, workflow: id, type: 'WorkflowCompleted' }]);
    expect(rest.body).not.toHaveProperty('next');
  });

  test('draws its graph as data and as text', async () => {
    const id = await gateway.start();
    expect((await gateway.get(`/v1/workflows/${id}/graph`)).body).toMatchObject({
      nodes: [{ id: 'root#greet' }],
      edges: [],
    });
    expect((await gateway.get(`/v1/workflows/${id}/graph?format=mermaid`)).text).toMatch(/^flowchart TD/);
    expect((await gateway.get(`/v1/workflows/${id}/graph?format=dot`)).text).toMatch(/^digraph/);
  });

  test('lists workflows by status and playbook, page by page', async () => {
    const playbook = { ...hello, name: 'listed' };
    for (let i = 0; i < 3; i++) await gateway.post('/v1/workflows', { playbook });
    const first = await gateway.get('/v1/workflows?playbook=listed&status=running&limit=2');
    expect(first.body['workflows']).toHaveLength(2);
    const second = await gateway.get(`/v1/workflows?playbook=listed&limit=2&cursor=${String(first.body['next'])}`);
    expect(second.body['workflows']).toHaveLength(1);
    expect((await gateway.get('/v1/workflows?playbook=listed&status=failed')).body['workflows']).toEqual([]);
    expect((await gateway.get('/v1/workflows?cursor=nonsense')).body).toMatchObject({ status: 400 });
  });
});

describe('cancelling', () => {
  test('answers the cancelled workflow, also again, and 409 when it has ended otherwise', async () => {
    const id = await gateway.start();
    const first = await gateway.post(`/v1/workflows/${id}/cancel`, { reason: 'enough' });
    expect(first).toMatchObject({ status: 200, body: { status: 'cancelled' } });
    expect(await gateway.post(`/v1/workflows/${id}/cancel`, {})).toMatchObject({ status: 200, body: { version: 3 } });
    gateway.orchestrator.script = () => [requested, completed];
    const ended = await gateway.post(`/v1/workflows/${await gateway.start()}/cancel`, {});
    expect(ended).toMatchObject({ status: 409, body: { code: 'workflow.closed' } });
    expect((await gateway.post('/v1/workflows/unknown/cancel', {})).status).toBe(404);
  });

  test('succeeds when only the first receipt was lost', async () => {
    const id = await gateway.start();
    gateway.orchestrator.losesReceipts = 1;
    expect((await gateway.send('POST', `/v1/workflows/${id}/cancel`)).status).toBe(200);
  }, 20_000);
});
