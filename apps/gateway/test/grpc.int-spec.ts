import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { create, toBinary } from '@bufbuild/protobuf';
import { braidV1, type Config, loadConfig } from '@braid/contracts';
import { type WorkflowEvent } from '@braid/events';
import { createLogger } from '@braid/service';
import { freshDatabase, type FreshDatabase, freshNats, type FreshNats, GrpcClient, GrpcRefusal } from '@braid/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { type Gateway, startGateway } from '../src/gateway';
import { explainStartFailure } from '../src/start-failure';
import { GatewayUnderTest, hello } from './gateway-under-test';
import { startOf } from './grpc-twins';
import { framed, RawGrpc } from './raw-grpc';

const { method: workflows } = braidV1.WorkflowService;
const { method: events } = braidV1.EventService;
const { method: playbooks } = braidV1.PlaybookService;

let database: FreshDatabase;
let nats: FreshNats;
let gateway: GatewayUnderTest;
let client: GrpcClient;

beforeAll(async () => {
  [database, nats] = await Promise.all([freshDatabase(), freshNats()]);
  gateway = await GatewayUnderTest.start({ databaseUrl: database.url, natsUrl: nats.url });
  client = new GrpcClient(gateway.gateway.grpc);
});
afterAll(async () => {
  client.close();
  await gateway.stop();
  await Promise.all([database.drop(), nats.stop()]);
});
beforeEach(() => {
  gateway.orchestrator.script = () => [];
  gateway.orchestrator.deaf = false;
});

const step = (count: number, size = 0): WorkflowEvent => ({
  type: 'BranchRequested',
  data: {
    branch: 'root',
    step: 'greet',
    attempt: count,
    agent: 'builtin.echo',
    input: { count, text: 'x'.repeat(size) },
  },
});
const completed: WorkflowEvent = { type: 'WorkflowCompleted', data: { output: null } };
const steps = (from: number, to: number, size = 0) =>
  Array.from({ length: to - from + 1 }, (_, index) => step(from + index, size));

/** A figure of the gateway's metrics. */
async function metric(name: string): Promise<number> {
  const { text } = await gateway.get('/metrics');
  return Number(new RegExp(`^${name}(?:{[^}]*})? (\\S+)$`, 'm').exec(text)?.[1] ?? Number.NaN);
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((wake) => setTimeout(wake, 20));
}

async function refusalOf(call: Promise<unknown>): Promise<GrpcRefusal> {
  const outcome = await call.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (!(outcome instanceof GrpcRefusal)) throw new Error(`It was not refused: ${String(outcome)}`);
  return outcome;
}

/** A second gateway on the same servers, for tests that stop one. */
function another(environment: { readonly [name: string]: string } = {}): Promise<Gateway> {
  return startGateway(
    configOf(environment),
    'gateway-2',
    createLogger({ level: 'fatal', service: 'g', instance: '2' }),
  );
}

function configOf(environment: { readonly [name: string]: string }): Config {
  return loadConfig({
    DATABASE_URL: database.url,
    NATS_URL: nats.url,
    BRAID_HTTP_PORT: '0',
    BRAID_GRPC_PORT: '0',
    BRAID_PARTITIONS: '2',
    ...environment,
  });
}

describe('a workflow over gRPC', () => {
  test('is started, steered and listed', async () => {
    gateway.orchestrator.script = () => steps(1, 1);
    const start = startOf({ op: 'start', playbook: hello, variables: { who: 'Ada' }, budget: { tokens: 9 } });
    const { workflow, created } = await client.call(workflows.start, start);
    const id = workflow?.id ?? '';
    expect([created, workflow?.variables, workflow?.cost?.budget?.byUnit]).toEqual([
      true,
      { who: 'Ada' },
      { tokens: 9 },
    ]);
    const paused = await client.call(workflows.pause, { id, reason: 'lunch' });
    expect(paused.workflow?.status).toBe(braidV1.WorkflowStatus.PAUSED);
    await client.call(workflows.resume, { id });
    const listed = await client.call(workflows.list, { playbook: 'hello', pageSize: 1 });
    expect([listed.workflows[0]?.id, listed.workflows[0]?.status]).toEqual([id, braidV1.WorkflowStatus.RUNNING]);
    const cancelled = await client.call(workflows.cancel, { id, reason: 'enough' });
    expect(cancelled.workflow?.status).toBe(braidV1.WorkflowStatus.CANCELLED);
  });

  test('is shown as it stands and as it stood, and is found page by page', async () => {
    gateway.orchestrator.script = () => steps(1, 1);
    const id = await gateway.start();
    await gateway.start();
    const first = await client.call(workflows.list, { pageSize: 1 });
    const next = await client.call(workflows.list, { pageSize: 1, pageToken: first.nextPageToken });
    expect(next.workflows.map((each) => each.id)).toEqual([id]);
    const past = await client.call(workflows.get, { id, version: 1n });
    expect([past.workflow?.version, past.workflow?.branchStatus[0]?.attempt]).toEqual([1n, 0]);
    const { workflow: now } = await client.call(workflows.get, { id });
    const { body } = await gateway.get(`/v1/workflows/${id}`);
    expect(Number(now?.version)).toBe(body['version']);
    expect(now?.branchStatus.map(({ path, step: at, agent, attempt }) => ({ path, step: at, agent, attempt }))).toEqual(
      (body['branchStatus'] as { path: string; step: string; agent: string; attempt: number }[]).map(
        ({ path, step: at, agent, attempt }) => ({ path, step: at, agent, attempt }),
      ),
    );
  });

  test('carries the trace of its caller', async () => {
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    const headers = { traceparent };
    const start = await client.call(workflows.start, startOf({ op: 'start', playbook: hello }), { headers });
    const sent = gateway.orchestrator.starts.find(({ workflow }) => workflow === start.workflow?.id);
    expect(sent?.traceparent).toBe(traceparent);
  });

  test('is published, read, listed and checked as a playbook', async () => {
    const text = 'name: over-grpc\nsteps:\n  - { id: greet, agent: builtin.echo }\n';
    const source = { case: 'text', value: text } as const;
    const published = await client.call(playbooks.publish, { source });
    expect([published.created, published.playbook?.version]).toEqual([true, '1']);
    await client.call(playbooks.publish, { source: { case: 'definition', value: { ...hello, name: 'over-grpc-2' } } });
    const read = await client.call(playbooks.get, { name: 'over-grpc', version: 'latest' });
    expect([read.playbook?.source, read.playbook?.graph?.['name']]).toEqual([text, 'over-grpc']);
    const names: string[] = [];
    let pageToken = '';
    do {
      const page = await client.call(playbooks.list, { pageSize: 1, pageToken });
      names.push(...page.playbooks.map(({ name }) => name));
      pageToken = page.nextPageToken;
    } while (pageToken !== '');
    expect(names).toEqual(['over-grpc', 'over-grpc-2']);
    expect((await client.call(playbooks.validate, { source })).valid).toBe(true);
  });

  test('tells the first of many mistakes in what trailers can hold, and all of them when it is only checked', async () => {
    const value = `name: x\nsteps:\n${'  - { agnet: "\u{1F9F5}" }\n'.repeat(300)}`;
    const refused = await refusalOf(client.call(workflows.start, { source: { case: 'playbook', value } }));
    const { problems } = await client.call(playbooks.validate, { source: { case: 'text', value } });
    expect(refused).toMatchObject({ status: 'INVALID_ARGUMENT', code: 'playbook.invalid' });
    expect(refused.problemCount).toBe(problems.length);
    expect(problems.length).toBeGreaterThan(refused.problems.length);
    expect(refused.problems[0]).toMatchObject({ path: 'steps[0].agnet', line: 3, suggestion: expect.any(String) });
    expect(refused.fields).toEqual(refused.problems.map(({ path }) => path));
    expect(refused.detailBytes).toBeLessThan(5_000);
  });
});

describe('a deadline', () => {
  test('ends the call and not the workflow that is waited for', async () => {
    const start = startOf({ op: 'start', playbook: hello, wait: 60_000, key: 'late' });
    const refused = await refusalOf(client.call(workflows.start, start, { deadlineMs: 700 }));
    expect(refused.status).toBe('DEADLINE_EXCEEDED');
    await until(async () => (await metric('braid_gateway_waiting_starts')) === 0);
    const again = await client.call(workflows.start, startOf({ op: 'start', playbook: hello, key: 'late' }));
    expect([again.created, again.workflow?.status]).toEqual([false, braidV1.WorkflowStatus.RUNNING]);
  });

  test('of a wait comes before, and the answer is the workflow as it stands', async () => {
    const start = startOf({ op: 'start', playbook: hello, wait: 50 });
    expect((await client.call(workflows.start, start)).workflow?.status).toBe(braidV1.WorkflowStatus.RUNNING);
  });

  test('that passes while nobody confirms leaves a start that the same key finds', async () => {
    gateway.orchestrator.deaf = true;
    const start = startOf({ op: 'start', playbook: hello, key: 'unheard' });
    expect((await refusalOf(client.call(workflows.start, start, { deadlineMs: 300 }))).status).toBe(
      'DEADLINE_EXCEEDED',
    );
    await gateway.orchestrator.hear();
    expect((await client.call(workflows.start, start)).created).toBe(false);
  });
});

describe('streams', () => {
  test('of a workflow give every event once, in order, and end with it', async () => {
    gateway.orchestrator.script = () => steps(1, 20);
    const id = await gateway.start();
    const read = (async () => {
      const versions: bigint[] = [];
      for await (const { event } of client.stream(workflows.watch, { id, after: 5n }))
        versions.push(event?.version ?? 0n);
      return versions;
    })();
    await gateway.orchestrator.record(id, ...steps(21, 30), completed);
    expect(await read).toEqual(Array.from({ length: 27 }, (_, index) => BigInt(index + 6)));
  });

  test('of all workflows are filtered and go on behind a position', async () => {
    const [one, two] = [await gateway.start(), await gateway.start()];
    await gateway.orchestrator.record(one, ...steps(1, 3), completed);
    await gateway.orchestrator.record(two, ...steps(1, 3), completed);
    const seen: string[] = [];
    let after = '0';
    for (let round = 1; seen.length < 3; round++) {
      const types = ['BranchRequested'];
      for await (const { position, event } of client.stream(events.subscribe, { after, types, workflows: [two] })) {
        after = position;
        if (event) seen.push(`${event.workflow} ${event.type} ${event.version}`);
        if (event) break;
      }
    }
    expect(seen).toEqual([2, 3, 4].map((version) => `${two} BranchRequested ${version}`));
  });

  test('that are cancelled, or whose deadline passes, are let go', async () => {
    const id = await gateway.start();
    const stop = new AbortController();
    const watch = refusalOf(readAll(client.stream(workflows.watch, { id }, { signal: stop.signal })));
    const feed = refusalOf(readAll(client.stream(events.subscribe, {}, { deadlineMs: 1_500 })));
    await until(async () => (await metric('braid_gateway_grpc_streams')) === 2);
    stop.abort();
    expect([(await watch).status, (await feed).status]).toEqual(['CANCELLED', 'DEADLINE_EXCEEDED']);
    await until(async () => (await metric('braid_gateway_grpc_streams')) === 0);
  });

  // Seen to fail with an outlet that never waits: all of it was held in memory.
  test('hold little for a client that does not read, and give all of it once it does', async () => {
    const id = await gateway.start();
    const size = 20_000;
    for (let from = 1; from <= 3_000; from += 100) {
      await gateway.orchestrator.record(id, ...steps(from, from + 99, size));
    }
    const raw = new RawGrpc(gateway.gateway.grpc);
    const before = inUse();
    const request = create(events.subscribe.input, { after: '0', workflows: [id] });
    const stalled = raw.open('/braid.v1.EventService/Subscribe');
    stalled.end(framed(toBinary(events.subscribe.input, request)));
    await until(async () => (await metric('braid_gateway_grpc_streams')) === 1);
    await new Promise((wake) => setTimeout(wake, 3_000));
    expect(inUse() - before).toBeLessThan(15_000_000);
    let bytes = 0;
    for await (const chunk of stalled) {
      bytes += (chunk as Buffer).length;
      if (bytes > 3_000 * size) break;
    }
    raw.close();
    expect(bytes).toBeGreaterThan(3_000 * size);
  }, 60_000);
});

/** Bytes that this process cannot let go of. */
function inUse(): number {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

async function readAll(stream: AsyncIterable<unknown>): Promise<number> {
  let count = 0;
  for await (const _ of stream) count++;
  return count;
}

describe('a gateway that stops', () => {
  test('ends streams as unavailable, finishes calls, and lets the port go', async () => {
    const second = await another();
    const other = new GrpcClient(second.grpc);
    const id = await gateway.start();
    const watch = refusalOf(readAll(other.stream(workflows.watch, { id })));
    const feed = refusalOf(readAll(other.stream(events.subscribe, {})));
    const start = startOf({ op: 'start', playbook: hello, wait: 60_000 });
    const before = gateway.orchestrator.starts.length;
    const waiting = other.call(workflows.start, start);
    await other.call(workflows.get, { id });
    await until(() => Promise.resolve(gateway.orchestrator.starts.length > before));
    const started = performance.now();
    await second.close();
    expect(performance.now() - started).toBeLessThan(10_000);
    expect([await watch, await feed]).toMatchObject(
      Array.from({ length: 2 }, () => ({ status: 'UNAVAILABLE', code: 'service.unavailable', retryAfter: 5 })),
    );
    expect((await waiting).workflow?.status).toBe(braidV1.WorkflowStatus.RUNNING);
    other.close();
    const third = await another({ BRAID_GRPC_PORT: second.grpc.split(':')[1] ?? '' });
    await third.close();
  }, 30_000);

  test('and one whose port is taken says so', async () => {
    const [, port = ''] = gateway.gateway.grpc.split(':');
    const config = configOf({ BRAID_GRPC_PORT: port });
    const error: unknown = await another({ BRAID_GRPC_PORT: port }).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    expect(explainStartFailure(error, config)).toBe(
      `something else listens on 127.0.0.1:${port} already. Set BRAID_GRPC_PORT to a free port (0 takes any), or stop the other.`,
    );
  });
});

describe('a tool that knows nothing of Braid', () => {
  const buf = resolve(__dirname, '../../../node_modules/.bin/buf');
  const curl = async (...args: readonly string[]) => {
    const options = ['curl', '--http2-prior-knowledge', '--protocol', 'grpc', ...args];
    return (await promisify(execFile)(buf, options)).stdout;
  };

  test('finds every service and starts a workflow by reflection alone', async () => {
    const address = `http://${gateway.gateway.grpc}`;
    const services = (await curl('--list-services', address)).trim().split('\n');
    const ours = [braidV1.WorkflowService, braidV1.PlaybookService, braidV1.EventService];
    expect(services).toEqual(
      expect.arrayContaining([...ours.map(({ typeName }) => typeName), 'grpc.health.v1.Health']),
    );
    const methods = (await curl('--list-methods', address)).trim().split('\n');
    const every = ours.flatMap((service) => service.methods.map(({ name }) => `${service.typeName}/${name}`));
    expect(methods).toEqual(expect.arrayContaining(every));
    const data = JSON.stringify({ definition: hello, variables: { who: 'Ada' } });
    const answer = await curl('--data', data, `${address}/braid.v1.WorkflowService/Start`);
    expect(JSON.parse(answer)).toMatchObject({ created: true, workflow: { variables: { who: 'Ada' } } });
    const health = await curl('--data', '{}', `${address}/grpc.health.v1.Health/Check`);
    expect(JSON.parse(health)).toEqual({ status: 'SERVING' });
  }, 30_000);
});
