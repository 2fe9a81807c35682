import { braidV1 } from '@braid/contracts';
import { GrpcClient, GrpcRefusal } from '@braid/testing';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { showingLogs, Stack } from './rig/stack';

jest.setTimeout(240_000);

const { method: workflows } = braidV1.WorkflowService;
const { method: events } = braidV1.EventService;

let stack: Stack;
let client: GrpcClient;

beforeAll(async () => {
  stack = await Stack.start();
  client = new GrpcClient(stack.service('gateway-1').grpcAddress);
}, 120_000);

afterAll(async () => {
  client.close();
  await stack.stop();
});

const source = (value: string) => ({ case: 'playbook', value }) as const;
const wait = { seconds: 60n };

const steered = `
name: steered
steps:
  - { id: ask, signal: { name: go } }
  - id: reviews
    parallel:
      branches:
        good: { agent: builtin.echo, with: fine }
        bad: { agent: builtin.fail, with: { message: no }, retry: false }
`;

/** The types of a workflow's events, once it has ended. */
async function watched(id: string): Promise<readonly string[]> {
  const types: string[] = [];
  for await (const { event } of client.stream(workflows.watch, { id })) types.push(event?.type ?? '');
  return types;
}

describe('Braid over gRPC', () => {
  it(
    'starts, signals, watches, fails and retries as over HTTP',
    showingLogs(async () => {
      const { workflow } = await client.call(workflows.start, { source: source(steered) });
      const id = workflow?.id ?? '';
      await client.call(workflows.signal, { id, name: 'go', payload: { kind: { case: 'stringValue', value: 'now' } } });
      const types = await watched(id);
      expect(types.at(-1)).toBe('WorkflowFailed');
      const http = await stack.client().get(id);
      const shown = await client.call(workflows.get, { id });
      expect(shown.workflow?.error?.message).toBe(http.error?.message);
      expect(shown.workflow?.branchStatus.map(({ path }) => path)).toEqual(http.branchStatus.map(({ path }) => path));
      expect(shown.workflow?.convergencePoints[0]?.reason).toBe(http.convergencePoints[0]?.reason);
      const retried = await client.call(workflows.retry, { id, reason: 'again' });
      expect(retried.workflow?.status).toBe(braidV1.WorkflowStatus.RUNNING);
      await stack.ended(id);
      const answer = await fetch(`${stack.service('gateway-1').address}/v1/workflows/${id}/events`);
      const { events: all } = (await answer.json()) as { readonly events: readonly { readonly type: string }[] };
      expect(await watched(id)).toEqual(all.map(({ type }) => type));
    }),
  );

  it(
    'answers a start that waits with the end of the workflow',
    showingLogs(async () => {
      const value =
        '{ name: quick, steps: [{ id: a, agent: builtin.echo, with: fine }], output: "${{ steps.a.output }}" }';
      const { workflow } = await client.call(workflows.start, { source: source(value), wait });
      expect(workflow?.status).toBe(braidV1.WorkflowStatus.COMPLETED);
      expect(workflow?.output?.kind).toEqual({ case: 'stringValue', value: 'fine' });
    }),
  );

  it(
    'gives a subscriber every event of every workflow in order while the gateway is killed and comes back',
    showingLogs(async () => {
      const seen = new Map<string, number[]>();
      const stop = new AbortController();
      let breaks = 0;
      let after = '';
      for await (const { position } of client.stream(events.subscribe, {})) {
        after = position;
        break;
      }
      const subscriber = (async () => {
        while (!stop.signal.aborted) {
          try {
            for await (const { position, event } of client.stream(
              events.subscribe,
              { after },
              { signal: stop.signal },
            )) {
              after = position;
              if (event) seen.set(event.workflow, [...(seen.get(event.workflow) ?? []), Number(event.version)]);
            }
          } catch (error) {
            if (!(error instanceof GrpcRefusal)) throw error;
            breaks++;
            await sleep(50);
          }
        }
      })();
      const ids: string[] = [];
      for (let round = 0; round < 4; round++) {
        for (let each = 0; each < 10; each++) {
          const value = `{ name: fed, steps: [{ map: { over: [1, 2, 3], steps: [{ agent: builtin.echo }] } }] }`;
          ids.push((await client.call(workflows.start, { source: source(value) })).workflow?.id ?? '');
        }
        await stack.kill('gateway-1', 'SIGKILL');
        await stack.restart('gateway-1');
      }
      const lengths = new Map<string, number>();
      for (const id of ids) lengths.set(id, (await stack.ended(id)).version);
      const complete = () => ids.every((id) => seen.get(id)?.at(-1) === lengths.get(id));
      while (!complete()) await sleep(50);
      stop.abort();
      await subscriber;
      expect(breaks).toBeGreaterThanOrEqual(4);
      for (const id of ids) {
        expect(seen.get(id)).toEqual(Array.from({ length: lengths.get(id) ?? 0 }, (_, index) => index + 1));
      }
    }),
  );
});
