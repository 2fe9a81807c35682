import { type WorkflowEvent } from '@braid/events';
import { freshDatabase, type FreshDatabase, freshNats, type FreshNats } from '@braid/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { connect } from 'node:net';
import { GatewayUnderTest, hello, readStream } from './gateway-under-test';

let database: FreshDatabase;
let nats: FreshNats;
let gateway: GatewayUnderTest;

const step = (count: number): WorkflowEvent => ({
  type: 'BranchRequested',
  data: { branch: 'root', step: 'greet', attempt: count, agent: 'builtin.echo', input: { count } },
});
const completed: WorkflowEvent = { type: 'WorkflowCompleted', data: { output: null } };
const steps = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => step(from + i));
const numbers = (to: number) => Array.from({ length: to }, (_, index) => String(index + 1));

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
  gateway.orchestrator.publishes = true;
});

describe('the stream of a workflow', () => {
  test('gives every event once, in order, past and live, and ends with the workflow', async () => {
    gateway.orchestrator.script = () => steps(1, 20);
    const id = await gateway.start();
    const read = readStream(gateway.url(`/v1/workflows/${id}/stream`));
    for (let from = 21; from < 60; from += 3) await gateway.orchestrator.record(id, ...steps(from, from + 2));
    await gateway.orchestrator.record(id, completed);
    const messages = await read;
    expect(messages.map((message) => message.id)).toEqual(numbers(61));
    expect(messages.at(-1)?.data).toMatchObject({ id: `${id}:61`, type: 'WorkflowCompleted', version: 61 });
  });

  test('goes on after Last-Event-ID without loss or repeat, wherever it broke off', async () => {
    gateway.orchestrator.script = () => steps(1, 5);
    const id = await gateway.start();
    const url = gateway.url(`/v1/workflows/${id}/stream`);
    const seen: string[] = [];
    const writing = (async () => {
      for (let from = 6; from <= 40; from += 5) await gateway.orchestrator.record(id, ...steps(from, from + 4));
      await gateway.orchestrator.record(id, completed);
    })();
    for (let round = 1; seen.length < 42; round++) {
      const headers: Record<string, string> = seen.length === 0 ? {} : { 'last-event-id': String(seen.at(-1)) };
      const messages = await readStream(url, { headers, enough: ({ length }) => length >= round });
      seen.push(...messages.map((message) => message.id));
    }
    await writing;
    expect(seen).toEqual(numbers(42));
  });

  test('finds events that nobody announced', async () => {
    const id = await gateway.start();
    gateway.orchestrator.publishes = false;
    const read = readStream(gateway.url(`/v1/workflows/${id}/stream`));
    await gateway.orchestrator.record(id, step(1), completed);
    expect((await read).map((message) => message.id)).toEqual(numbers(3));
  });

  test('answers 204 when nothing is left to come', async () => {
    gateway.orchestrator.script = () => [completed];
    const id = await gateway.start();
    expect((await gateway.get(`/v1/workflows/${id}/stream`, { 'last-event-id': '2' })).status).toBe(204);
    expect(await readStream(gateway.url(`/v1/workflows/${id}/stream?after=1`))).toMatchObject([{ id: '2' }]);
  });

  test('refuses unknown workflows and ids that are no versions as problems', async () => {
    expect((await gateway.get('/v1/workflows/nobody/stream')).body).toMatchObject({ code: 'workflow.not-found' });
    const id = await gateway.start();
    const answer = await gateway.get(`/v1/workflows/${id}/stream`, { 'last-event-id': 'x' });
    expect(answer).toMatchObject({ status: 400, body: { code: 'request.invalid' } });
  });

  test('does not hold up others for a client that reads nothing', async () => {
    const big = 'x'.repeat(60_000);
    gateway.orchestrator.script = () =>
      Array.from({ length: 100 }, (_, i) => ({
        type: 'BranchRequested',
        data: { branch: 'root', step: 'greet', attempt: i + 1, agent: 'builtin.echo', input: big },
      }));
    const id = await gateway.start();
    const { hostname, port } = new URL(gateway.gateway.url);
    const lazy = connect(Number(port), hostname);
    lazy.write(`GET /v1/workflows/${id}/stream HTTP/1.1\r\nhost: x\r\n\r\n`);
    lazy.pause();
    const eager = readStream(gateway.url(`/v1/workflows/${id}/stream`));
    await gateway.orchestrator.record(id, completed);
    expect((await eager).map((message) => message.id)).toEqual(numbers(102));
    lazy.destroy();
  });
});

describe('the feed of all events', () => {
  test('gives what happens from now on, and resumes at a cursor', async () => {
    const url = gateway.url('/v1/events');
    const reading = readStream(url, { enough: ({ length }) => length >= 4 });
    await new Promise((resolve) => setTimeout(resolve, 300));
    gateway.orchestrator.script = () => [completed];
    const ids = [await gateway.start(), await gateway.start()];
    const first = await reading;
    expect(new Set(first.map(({ data }) => data['id']))).toEqual(new Set(ids.flatMap((id) => [`${id}:1`, `${id}:2`])));
    const third = await gateway.start();
    const headers = { 'last-event-id': String(first.at(-1)?.id) };
    const next = await readStream(url, { headers, enough: ({ length }) => length >= 2 });
    expect(next.map(({ data }) => data['id'])).toEqual([`${third}:1`, `${third}:2`]);
  });

  test('from the beginning has every event once, and each workflow in order', async () => {
    const total = (
      await Promise.all(
        [0, 1].map((p) => gateway.orchestrator.store.readPartition(p, { afterPosition: 0, limit: 5000 })),
      )
    ).flat();
    const messages = await readStream(gateway.url('/v1/events?after=0'), {
      enough: ({ length }) => length >= total.length,
    });
    expect(new Set(messages.map(({ data }) => data['id'])).size).toBe(total.length);
    const last = new Map<unknown, number>();
    for (const { data } of messages) {
      expect(data['version']).toBe((last.get(data['workflow']) ?? 0) + 1);
      last.set(data['workflow'], Number(data['version']));
    }
  });

  test('keeps to types and playbooks', async () => {
    gateway.orchestrator.script = () => [step(1), completed];
    const mine = await gateway.post('/v1/workflows', { playbook: { ...hello, name: 'chosen' } });
    await gateway.start();
    const url = gateway.url('/v1/events?after=0&playbook=chosen&type=WorkflowCompleted,WorkflowFailed');
    const messages = await readStream(url, { enough: ({ length }) => length >= 1 });
    expect(messages.map(({ data }) => data['id'])).toEqual([`${String(mine.body['id'])}:3`]);
  });

  test('refuses a cursor that is not its own', async () => {
    for (const after of ['p1.0', 'x', '-1', 'p1.0.zzzzzzzzzzzzzz']) {
      expect(await gateway.get(`/v1/events?after=${after}`)).toMatchObject({ status: 400 });
    }
  });
});
