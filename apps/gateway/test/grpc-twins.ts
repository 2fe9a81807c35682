import { type MessageInitShape, type JsonObject as ProtobufObject } from '@bufbuild/protobuf';
import { fromJson } from '@bufbuild/protobuf';
import { ValueSchema } from '@bufbuild/protobuf/wkt';
import { braidV1 } from '@braid/contracts';
import { type GrpcClient, GrpcRefusal } from '@braid/testing';
import { type Answer, type GatewayUnderTest } from './gateway-under-test';

type Mode = 'parallel' | 'sequential' | 'fast';
type Amounts = { readonly [unit: string]: number };

/** One request, as both edges can say it. */
export type Twin =
  | {
      readonly op: 'start';
      readonly playbook?: string | object;
      readonly variables?: object;
      readonly context?: object;
      readonly mode?: Mode;
      readonly budget?: Amounts;
      readonly key?: string;
      /** Milliseconds. */
      readonly wait?: number;
    }
  | { readonly op: 'get'; readonly id: string; readonly version?: number }
  | {
      readonly op: 'list';
      readonly limit?: number;
      readonly cursor?: string;
      readonly status?: 'running' | 'asleep';
      readonly q?: string;
      /** Seconds since the epoch. */
      readonly from?: number;
    }
  | { readonly op: 'cancel'; readonly id: string; readonly reason?: string }
  | { readonly op: 'pause' | 'resume'; readonly id: string; readonly reason?: string; readonly key?: string }
  | { readonly op: 'retry'; readonly id: string; readonly budget?: Amounts; readonly key?: string }
  | {
      readonly op: 'signal';
      readonly id: string;
      readonly name: string;
      readonly payload?: unknown;
      readonly key?: string;
    }
  | { readonly op: 'publish' | 'validate'; readonly playbook?: string | object }
  | { readonly op: 'playbook'; readonly name: string; readonly version: string }
  | { readonly op: 'playbooks'; readonly limit?: number; readonly cursor?: string };

export type Outcome = {
  /** `ok`, or the code of the problem. */
  readonly code: string;
  /** Status of the edge. */
  readonly status: string;
  readonly problems: number;
  readonly retryAfter: number | undefined;
  readonly body: unknown;
};

const drop = <T extends object>(fields: T) =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));

const query = (fields: Record<string, string | number | undefined>) =>
  new URLSearchParams(
    Object.entries(drop(fields)).map(([name, value]): [string, string] => [name, String(value)]),
  ).toString();

/** Asks over HTTP. */
export async function overHttp(gateway: GatewayUnderTest, twin: Twin): Promise<Outcome> {
  const answer = await sendHttp(gateway, twin);
  const problems = answer.body['problems'];
  const retryAfter = answer.headers.get('retry-after');
  return {
    code: answer.status < 300 ? 'ok' : String(answer.body['code']),
    status: String(answer.status),
    problems: answer.status < 300 || !Array.isArray(problems) ? 0 : problems.length,
    retryAfter: retryAfter === null ? undefined : Number(retryAfter),
    body: answer.body,
  };
}

function sendHttp(gateway: GatewayUnderTest, twin: Twin): Promise<Answer> {
  const key: Record<string, string> = 'key' in twin && twin.key !== undefined ? { 'idempotency-key': twin.key } : {};
  const workflow = 'id' in twin ? `/v1/workflows/${encodeURIComponent(twin.id)}` : '';
  switch (twin.op) {
    case 'start': {
      const { playbook, variables, context, mode, budget, wait } = twin;
      const body = drop({ playbook, variables, context, executionMode: mode, budget });
      return gateway.post(`/v1/workflows${wait === undefined ? '' : `?wait=${wait}ms`}`, body, key);
    }
    case 'get':
      return gateway.get(`${workflow}?${query({ version: twin.version })}`);
    case 'list':
      return gateway.get(
        `/v1/workflows?${query({ limit: twin.limit, cursor: twin.cursor, status: twin.status, q: twin.q, from: isoOf(twin.from) })}`,
      );
    case 'cancel':
    case 'pause':
    case 'resume':
      return gateway.post(`${workflow}/${twin.op}`, drop({ reason: twin.reason }), key);
    case 'retry':
      return gateway.post(`${workflow}/retry`, drop({ budget: twin.budget }), key);
    case 'signal':
      return gateway.post(
        `${workflow}/signals/${encodeURIComponent(twin.name)}`,
        JSON.stringify(twin.payload ?? null),
        key,
      );
    case 'publish':
    case 'validate': {
      const path = twin.op === 'publish' ? '/v1/playbooks' : '/v1/playbooks/validate';
      return gateway.post(path, twin.playbook === undefined ? '' : { playbook: twin.playbook });
    }
    case 'playbook':
      return gateway.get(`/v1/playbooks/${encodeURIComponent(twin.name)}/versions/${encodeURIComponent(twin.version)}`);
    case 'playbooks':
      return gateway.get(`/v1/playbooks?${query({ limit: twin.limit, cursor: twin.cursor })}`);
  }
}

function isoOf(seconds: number | undefined): string | undefined {
  if (seconds === undefined) return undefined;
  const date = new Date(seconds * 1_000);
  return Number.isNaN(date.getTime()) ? String(seconds) : date.toISOString();
}

/** Asks over gRPC. */
export async function overGrpc(client: GrpcClient, twin: Twin): Promise<Outcome> {
  try {
    return { code: 'ok', status: 'OK', problems: 0, retryAfter: undefined, body: await sendGrpc(client, twin) };
  } catch (error) {
    if (!(error instanceof GrpcRefusal)) throw error;
    const { code = 'none', status, problemCount, retryAfter, message } = error;
    return { code, status, problems: problemCount, retryAfter, body: message };
  }
}

const { method: workflows } = braidV1.WorkflowService;
const { method: playbooks } = braidV1.PlaybookService;
const modes = { parallel: braidV1.ExecutionMode.PARALLEL, sequential: braidV1.ExecutionMode.SEQUENTIAL, fast: 99 };

function sourceOf(playbook: string | object | undefined) {
  if (playbook === undefined) return { case: undefined };
  if (typeof playbook === 'string') return { case: 'text' as const, value: playbook };
  return { case: 'definition' as const, value: playbook as ProtobufObject };
}

/** The request of a start. */
export function startOf(twin: Extract<Twin, { op: 'start' }>): MessageInitShape<typeof workflows.start.input> {
  const { playbook, variables, context, mode, budget, key, wait } = twin;
  const source = sourceOf(playbook);
  return drop({
    source: source.case === 'text' ? { case: 'playbook', value: source.value } : source,
    variables,
    context,
    executionMode: mode && modes[mode],
    budget: budget && { byUnit: budget },
    idempotencyKey: key,
    wait: wait === undefined ? undefined : durationOf(wait),
  });
}

const durationOf = (ms: number) => ({ seconds: BigInt(Math.trunc(ms / 1_000)), nanos: Math.trunc(ms % 1_000) * 1e6 });

function sendGrpc(client: GrpcClient, twin: Twin): Promise<unknown> {
  switch (twin.op) {
    case 'start':
      return client.call(workflows.start, startOf(twin));
    case 'get':
      return client.call(workflows.get, drop({ id: twin.id, version: twin.version && BigInt(twin.version) }));
    case 'list':
      return client.call(
        workflows.list,
        drop({
          pageSize: twin.limit,
          pageToken: twin.cursor,
          status: twin.status && (twin.status === 'running' ? braidV1.WorkflowStatus.RUNNING : 77),
          query: twin.q,
          from: twin.from === undefined ? undefined : { seconds: BigInt(twin.from) },
        }),
      );
    case 'cancel':
      return client.call(workflows.cancel, drop({ id: twin.id, reason: twin.reason }));
    case 'pause':
    case 'resume': {
      const request = drop({ id: twin.id, reason: twin.reason, idempotencyKey: twin.key });
      return twin.op === 'pause' ? client.call(workflows.pause, request) : client.call(workflows.resume, request);
    }
    case 'retry': {
      const budget = twin.budget && { byUnit: twin.budget };
      return client.call(workflows.retry, drop({ id: twin.id, budget, idempotencyKey: twin.key }));
    }
    case 'signal': {
      const payload = fromJson(ValueSchema, (twin.payload ?? null) as Parameters<typeof fromJson>[1]);
      return client.call(workflows.signal, drop({ id: twin.id, name: twin.name, payload, idempotencyKey: twin.key }));
    }
    case 'publish':
    case 'validate': {
      const source = sourceOf(twin.playbook);
      return twin.op === 'publish'
        ? client.call(playbooks.publish, { source })
        : client.call(playbooks.validate, { source });
    }
    case 'playbook':
      return client.call(playbooks.get, { name: twin.name, version: twin.version });
    case 'playbooks':
      return client.call(playbooks.list, drop({ pageSize: twin.limit, pageToken: twin.cursor }));
  }
}
