import { status } from '@grpc/grpc-js';
import { type WorkflowEvent } from '@braid/events';
import { freshDatabase, type FreshDatabase, freshNats, type FreshNats, GrpcClient } from '@braid/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type ProblemCode, problemCode, problemCodes } from '../src/problems/problem-codes';
import { GatewayUnderTest, hello } from './gateway-under-test';
import { overGrpc, overHttp, type Twin } from './grpc-twins';

let database: FreshDatabase;
let nats: FreshNats;
let gateway: GatewayUnderTest;
let client: GrpcClient;

beforeAll(async () => {
  [database, nats] = await Promise.all([freshDatabase(), freshNats()]);
  gateway = await GatewayUnderTest.start(
    { databaseUrl: database.url, natsUrl: nats.url },
    { BRAID_RECEIPT_TIMEOUT: '2s', BRAID_MAX_BODY_BYTES: '200000' },
  );
  client = new GrpcClient(gateway.gateway.grpc);
});
afterAll(async () => {
  client.close();
  await gateway.stop();
  await Promise.all([database.drop(), nats.stop()]);
});

const failure = { type: 'TestError', message: 'it broke', code: 'agent-error', retryable: false } as const;
const broken: readonly WorkflowEvent[] = [
  { type: 'BranchRequested', data: { branch: 'root', step: 'greet', attempt: 1, agent: 'builtin.echo', input: {} } },
  { type: 'BranchFailed', data: { branch: 'root', step: 'greet', failure } },
  { type: 'WorkflowFailed', data: { failure } },
];
const approval = {
  name: 'approval',
  steps: [{ id: 'ask', signal: { name: 'approved', schema: { type: 'object', required: ['by'] } } }],
};
const states = ['running', 'cancelled', 'failed', 'asking'] as const;

/** A workflow of its own for each edge: a command of the one must not be felt by the other. */
async function workflowIn(state: string): Promise<string> {
  gateway.orchestrator.script = () => (state === 'failed' ? broken : []);
  if (!states.some((each) => each === state)) return state;
  const { body } = await gateway.post('/v1/workflows', { playbook: state === 'asking' ? approval : hello });
  const id = String(body['id']);
  if (state === 'cancelled') await gateway.post(`/v1/workflows/${id}/cancel`, {});
  return id;
}

const placed = async (twin: Twin): Promise<Twin> => ('id' in twin ? { ...twin, id: await workflowIn(twin.id) } : twin);

/** What both edges say to the same request. */
async function both(twin: Twin) {
  const http = await overHttp(gateway, await placed(twin));
  return { http, grpc: await overGrpc(client, await placed(twin)) };
}

async function expectTwins(twin: Twin): Promise<string> {
  const { http, grpc } = await both(twin);
  const shown = JSON.stringify(twin).slice(0, 300);
  const { code } = http;
  expect({ shown, code }).not.toEqual({ shown, code: 'internal' });
  const entry = code === 'ok' ? undefined : problemCode(code as ProblemCode);
  expect({ shown, ...grpc, body: undefined }).toEqual({
    shown,
    code,
    status: entry === undefined ? 'OK' : entry.grpc,
    problems: http.problems,
    retryAfter: http.retryAfter,
    body: undefined,
  });
  const named = code !== 'input.invalid' && code !== 'request.invalid';
  expect({ shown, named: named || grpc.problems > 0 }).toEqual({ shown, named: true });
  return code;
}

const deep = (depth: number): object => (depth === 0 ? {} : { a: deep(depth - 1) });
const maybe = <T>(...values: readonly T[]) => fc.constantFrom<T | undefined>(undefined, ...values);
const compact = <T extends object>(fields: T) =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as T;

const ids = fc.constantFrom(...states, ...states, 'nobody', 'not an id', 'x'.repeat(129), 'ü');
const keys = maybe('k1', 'k2', 'a b', 'x'.repeat(256), 'ü');
const reasons = maybe('why not', 'x'.repeat(1_001), 'nul \0');
const budgets = maybe<Record<string, number>>({ tokens: 5 }, {}, { tokens: -1 }, { 'bad unit': 1 }, { usd: 1e16 });
const objects = maybe<object>({}, { who: 'Ada' }, { a: 'nul \0' }, { 'nul \0': 1 }, deep(255), deep(260), {
  constructor: { prototype: { polluted: true } },
});
const yaml = (name: string) => `name: ${name}\nsteps:\n  - { id: greet, agent: builtin.echo }\n`;
const sources = maybe<string | object>(
  hello,
  yaml('twin'),
  '',
  ' ',
  'nobody-published-this',
  'known@7',
  'known',
  'a@b@c',
  'name: x\nsteps:\n  - agnet: a\n  - { agent: b, retry: 5 }\n',
  '&a [*a, *a]',
  '\t- : ? {',
  {},
  { name: 'x', steps: [] },
  { name: 'x', steps: [null] },
  { playbook: hello },
  deep(300),
  { ...hello, steps: [{ id: 'other', agent: 'builtin.echo' }] },
);

const twins: fc.Arbitrary<Twin> = fc
  .oneof(
    // Wrong in one thing at most, or the first rule would hide all others.
    fc.record({ op: fc.constant('start' as const), playbook: sources }),
    fc.record({
      op: fc.constant('start' as const),
      playbook: fc.constant(hello),
      variables: fc.constantFrom<object>({ who: 'Ada' }, { who: 7 }, { whom: 'x' }),
      key: maybe('k1', 'k2'),
    }),
    fc.record({ op: fc.constantFrom('publish' as const, 'validate' as const), playbook: sources }),
    fc.record({
      op: fc.constant('start' as const),
      playbook: fc.oneof(fc.constant<string | object>(hello), sources),
      variables: fc.oneof(fc.constant(undefined), objects, fc.constantFrom<object>({ who: 7 }, { whom: 'x' })),
      context: objects,
      mode: maybe('parallel' as const, 'sequential' as const, 'fast' as const),
      budget: budgets,
      key: keys,
      wait: maybe(0, 20, 300_001),
    }),
    fc.record({ op: fc.constant('get' as const), id: ids, version: maybe(1, 2, 0, 99, Number.MAX_SAFE_INTEGER) }),
    fc.record({
      op: fc.constant('list' as const),
      limit: maybe(1, 500, 501, -1, 2_000_000_000),
      cursor: maybe('x', 'e30', 'x'.repeat(501), 'nul \0'),
      status: maybe('running' as const, 'asleep' as const),
      q: maybe('hello', "'; drop table", 'nul \0', 'x'.repeat(201)),
      from: maybe(0, 1_700_000_000, 9_000_000_000_000),
    }),
    fc.record({ op: fc.constant('cancel' as const), id: ids, reason: reasons }),
    fc.record({ op: fc.constantFrom('pause' as const, 'resume' as const), id: ids, reason: reasons, key: keys }),
    fc.record({ op: fc.constant('retry' as const), id: ids, budget: budgets, key: keys }),
    fc.record({
      op: fc.constant('signal' as const),
      id: ids,
      name: fc.constantFrom('approved', 'approved', 'aproved', 'nul \0'),
      payload: fc.constantFrom<unknown>(undefined, null, { by: 'ada' }, {}, 'text', 7, [], { by: 'nul \0' }, deep(300)),
      key: keys,
    }),
    fc.record({ op: fc.constantFrom('publish' as const, 'validate' as const), playbook: sources }),
    fc.record({
      op: fc.constant('playbook' as const),
      name: fc.constantFrom('known', 'unknown', 'nul \0', 'x y'),
      version: fc.constantFrom('1', '7', 'latest', 'nul \0'),
    }),
    fc.record({
      op: fc.constant('playbooks' as const),
      limit: maybe(1, 1_000, 1_001, -3),
      cursor: maybe('known@1', 'known', 'unknown@1', 'x y', 'x'.repeat(501)),
    }),
  )
  .map((twin) => compact(twin) as Twin);

describe('the same request over HTTP and gRPC', () => {
  beforeAll(async () => {
    await gateway.post('/v1/playbooks', yaml('known'), { 'content-type': 'application/yaml' });
  });
  beforeEach(() => {
    gateway.orchestrator.script = () => [];
  });

  test('gets the same code, the status of the one table, and as many problems', async () => {
    const seen = new Map<string, number>();
    await fc.assert(
      fc.asyncProperty(twins, async (twin) => {
        const code = await expectTwins(twin);
        seen.set(code, (seen.get(code) ?? 0) + 1);
      }),
      { numRuns: 500, seed: 42, endOnFailure: true },
    );
    expect([...seen.keys()].sort()).toEqual([
      'body.forbidden-key',
      'body.forbidden-text',
      'body.too-deep',
      'input.invalid',
      'ok',
      'playbook.invalid',
      'playbook.not-found',
      'playbook.unknown',
      'request.invalid',
      'signal.invalid',
      'variables.invalid',
      'workflow.closed',
      'workflow.different-start',
      'workflow.not-failed',
      'workflow.not-found',
    ]);
  }, 240_000);

  test('gets the same when nobody confirms, and when it is too large', async () => {
    gateway.orchestrator.deaf = true;
    expect(await expectTwins({ op: 'start', playbook: hello })).toBe('receipt.missing');
    await gateway.orchestrator.hear();
    const text = 'x'.repeat(250_000);
    expect(await expectTwins({ op: 'start', playbook: hello, context: { text } })).toBe('body.too-large');
  }, 30_000);

  test('is the same start for the same key', async () => {
    const start: Twin = { op: 'start', playbook: hello, variables: { who: 'Ada' }, key: 'shared' };
    const { http, grpc } = await both(start);
    const { id } = http.body as { readonly id: string };
    expect(grpc.body).toMatchObject({ created: false, workflow: { id } });
    expect(await expectTwins({ ...start, variables: { who: 'Bob' } })).toBe('workflow.different-start');
  });

  test('has a status that gRPC has, for every code', () => {
    for (const code of Object.keys(problemCodes) as ProblemCode[]) {
      expect(status).toHaveProperty(problemCode(code).grpc);
    }
  });
});
