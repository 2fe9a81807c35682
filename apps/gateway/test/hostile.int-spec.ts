import { freshDatabase, type FreshDatabase, freshNats, type FreshNats } from '@braid/testing';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { once } from 'node:events';
import { connect } from 'node:net';
import { GatewayUnderTest, hello } from './gateway-under-test';

let database: FreshDatabase;
let nats: FreshNats;
let gateway: GatewayUnderTest;

beforeAll(async () => {
  [database, nats] = await Promise.all([freshDatabase(), freshNats()]);
  gateway = await GatewayUnderTest.start(
    { databaseUrl: database.url, natsUrl: nats.url },
    { BRAID_MAX_BODY_BYTES: '65536', BRAID_RECEIPT_TIMEOUT: '3s' },
  );
});
afterAll(async () => {
  await gateway.stop();
  await Promise.all([database.drop(), nats.stop()]);
});

const nested = (open: string, close: string, depth: number) => open.repeat(depth) + close.repeat(depth);
const inVariables = (json: string) => `{"playbook":${JSON.stringify(hello)},"variables":{"who":${json}}}`;

/** What people and programs send that should not have been sent. Each is one whole body. */
const garbage: readonly (string | Uint8Array<ArrayBuffer>)[] = [
  '{',
  '}',
  '[',
  ']',
  '"',
  'null',
  'true',
  '0',
  '[]',
  '{}',
  '""',
  '"x"',
  '1e999',
  'NaN',
  'undefined',
  '{"playbook":null}',
  '{"playbook":[]}',
  '{"playbook":""}',
  '{"playbook":" "}',
  '{"playbook":{}}',
  '{"playbook":0}',
  '{"playbook":"a@b@c"}',
  '{"playbook":"name@"}',
  '{"playbook":"../../etc/passwd"}',
  '{"playbook":{"name":"x","steps":{}}}',
  '{"playbook":{"name":"x","steps":[null]}}',
  '{"playbook":{"name":{},"steps":[[]]}}',
  '{"playbook":{"name":"x","steps":[{"agent":"a","agent":"b","parallel":{}}]}}',
  '{"playbook":"&a [*a, *a]"}',
  '{"playbook":"a: &a [x,x]\\nb: &b [*a,*a]\\nc: [*b,*b]"}',
  '{"playbook":"\\t- : ? {"}',
  '{"playbook":"!!js/function \'x\'"}',
  '{"playbook":"--- a\\n--- b"}',
  '{"__proto__":{"polluted":true},"playbook":"x"}',
  '{"constructor":{"prototype":{"polluted":true}},"playbook":"x"}',
  '{"\\u005f_proto__":1,"playbook":"x"}',
  '{"toString":1,"playbook":"x"}',
  '{"playbook":"x","variables":[]}',
  '{"playbook":"x","variables":"y"}',
  '{"playbook":"x","context":7}',
  '{"playbook":"x","executionMode":["parallel"]}',
  '{"playbook":"x","unknown":1}',
  inVariables('{"__proto__":{"x":1}}'),
  inVariables('"\\u0000"'),
  inVariables('"\\ud800"'),
  inVariables('{"a\\u0000b":1}'),
  inVariables('1e400'),
  inVariables('[[[[]]]]'),
  inVariables(nested('[', ']', 10_000)),
  inVariables(nested('{"a":', '1}', 300).replaceAll('1}', '}').replace('}', '1}')),
  nested('[', ']', 30_000),
  nested('{"a":', '}', 10_000),
  'playbook=x&variables=y',
  '<playbook/>',
  new Uint8Array([0xff, 0xfe, 0x00, 0x7b]),
  new Uint8Array([0x22, 0xc3, 0x28, 0x22]),
  new Uint8Array(1_000),
];

const clientError = (status: number) => status >= 400 && status < 500;

describe('bodies that cannot be used', () => {
  test.each(['/v1/workflows', '/v1/playbooks', '/v1/workflows/none/cancel'])(
    'are client errors at %s',
    async (path) => {
      for (const body of garbage) {
        for (const type of ['application/json', 'application/yaml']) {
          const answer = await gateway.send('POST', path, { headers: { 'content-type': type }, body });
          const shown = typeof body === 'string' ? body.slice(0, 100) : `bytes ${body.slice(0, 8).join(' ')}`;
          expect({ path, type, shown, status: answer.status, ok: clientError(answer.status) }).toEqual({
            path,
            type,
            shown,
            status: answer.status,
            ok: true,
          });
          expect(answer.headers.get('content-type')).toBe('application/problem+json');
          expect(answer.body).toMatchObject({
            status: answer.status,
            code: expect.any(String),
            title: expect.any(String),
          });
          expect(answer.text).not.toMatch(/at .*\.(ts|js):\d+|node_modules/);
        }
      }
      expect(Object.keys(Object.prototype)).toEqual([]);
      expect(gateway.orchestrator.starts).toEqual([]);
    },
    60_000,
  );

  test('get an answer with problems when they are only to be validated', async () => {
    for (const body of garbage.filter((one) => typeof one === 'string')) {
      const answer = await gateway.send('POST', '/v1/playbooks/validate', {
        headers: { 'content-type': 'application/yaml' },
        body,
      });
      const refused = answer.status === 200 ? answer.body['valid'] === false : clientError(answer.status);
      const listed = answer.status !== 200 || (answer.body['problems'] as unknown[]).length > 0;
      expect({ body, refused, listed }).toEqual({ body, refused: true, listed: true });
    }
  });

  test.each([
    ['{"__proto__":1,"playbook":"x"}', 400, 'body.forbidden-key'],
    [inVariables('"\\u0000"'), 400, 'body.forbidden-text'],
    [inVariables('"\\udc00"'), 400, 'body.forbidden-text'],
    [inVariables(nested('[', ']', 10_000)), 400, 'body.too-deep'],
    ['{"playbook"', 400, 'body.malformed'],
    [JSON.stringify({ playbook: 'x'.repeat(70_000) }), 413, 'body.too-large'],
  ])('are told apart: %#', async (body, status, code) => {
    expect(await gateway.post('/v1/workflows', body)).toMatchObject({ status, body: { code } });
  });

  test('of other types are refused with 415', async () => {
    for (const type of [
      'text/plain',
      'application/xml',
      'application/x-www-form-urlencoded',
      'multipart/form-data; boundary=x',
    ]) {
      const answer = await gateway.post('/v1/workflows', 'x', { 'content-type': type });
      expect(answer).toMatchObject({ status: 415, body: { code: 'body.unsupported-type' } });
    }
  });

  test('that never end are cut at the limit', async () => {
    const chunk = new TextEncoder().encode('x'.repeat(1_000));
    const endless = new ReadableStream({ pull: (controller) => controller.enqueue(chunk) });
    const sent = fetch(gateway.url('/v1/workflows'), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: endless,
      duplex: 'half',
    });
    // The server answers and hangs up while the client still writes; clients may see only the latter.
    const status = await sent.then(
      (response) => response.status,
      () => 413,
    );
    expect(status).toBe(413);
  });
});

describe('addresses and headers that cannot be used', () => {
  test('are client errors', async () => {
    const paths = [
      '/',
      '/v1',
      '/v2/workflows',
      '/v1/workflows/',
      '/v1/workflows/%',
      '/v1/workflows/%00/events',
      '/v1/workflows/%F0%28%8C%28',
      `/v1/workflows/${'a'.repeat(2_000)}`,
      '/v1/workflows/x?version=0',
      '/v1/workflows/x?version=1e30',
      '/v1/workflows/x?version=1&version=2',
      '/v1/workflows/x/events?after=-1',
      '/v1/workflows/x/events?limit=0',
      '/v1/workflows/x/graph?format=gif',
      '/v1/workflows?limit=-1',
      '/v1/workflows?limit=9999999',
      '/v1/workflows?status=asleep',
      '/v1/workflows?status=running&status=failed',
      '/v1/workflows?from=yesterday',
      '/v1/workflows?from=2026-13-45',
      '/v1/workflows?unknown=1',
      '/v1/workflows?cursor=%00',
      '/v1/playbooks/x/versions/1',
      '/v1/playbooks/%00/versions/%00',
      '/v1/dead-letters?after=x',
      '/v1/problems/__proto__',
    ];
    for (const path of paths) {
      const { status, headers } = await gateway.get(path);
      const type = headers.get('content-type');
      expect({ path, status, ok: clientError(status), type }).toEqual({
        path,
        status,
        ok: true,
        type: 'application/problem+json',
      });
    }
  });

  test('find nothing in lists, whatever the text', async () => {
    for (const q of ['%00', "'; drop table braid.event; --", '%25', '_', '\\', '%F0%9F%A7%B6', '${1+1}']) {
      const answer = await gateway.get(`/v1/workflows?q=${q}&playbook=${q}&agent=${q}`);
      expect(answer).toMatchObject({ status: 200, body: { workflows: [] } });
    }
  });

  test('are refused as keys', async () => {
    for (const key of ['a b', 'x'.repeat(256), 'ü']) {
      const answer = await gateway.post('/v1/workflows', { playbook: hello }, { 'idempotency-key': key });
      expect(answer).toMatchObject({ status: 400, body: { code: 'request.invalid' } });
    }
  });

  test('with a wrong method get 405 and the right ones', async () => {
    const answer = await gateway.send('DELETE', '/v1/workflows');
    expect(answer).toMatchObject({ status: 405, body: { code: 'route.method-not-allowed' } });
    expect(answer.headers.get('allow')).toBe('GET, HEAD, POST');
  });

  test('that are not HTTP at all get a problem', async () => {
    const { hostname, port } = new URL(gateway.gateway.url);
    const socket = connect(Number(port), hostname);
    socket.end('\x16\x03\x01 hello\r\n\r\n');
    const [bytes] = (await once(socket, 'data')) as [Buffer];
    expect(bytes.toString()).toMatch(/^HTTP\/1\.1 400[^]*problem\+json/);
  });

  test('always come back with a request id and safe headers', async () => {
    const own = await gateway.get('/v1/workflows', { 'x-request-id': 'mine-1' });
    expect(own.headers.get('x-request-id')).toBe('mine-1');
    const odd = await gateway.get('/v1/nothing', { 'x-request-id': 'a b"<' });
    expect(odd.headers.get('x-request-id')).toMatch(/^[\da-f-]{36}$/);
    expect(odd.headers.get('x-content-type-options')).toBe('nosniff');
    expect(odd.headers.get('content-security-policy')).toContain("default-src 'self'");
  });
});

describe('live signals that cannot be used', () => {
  test('change nothing', async () => {
    const odd: readonly unknown[] = [
      null,
      1,
      'x',
      [],
      {},
      { runner: 1 },
      { runner: 'r', attempts: [null] },
      { runner: 'r', attempts: {} },
    ];
    for (const value of odd) {
      gateway.orchestrator.emit('braid.live.heartbeat.0', value);
      gateway.orchestrator.emit('braid.live.runner', value);
    }
    gateway.orchestrator.emit('braid.live.runner', {
      runner: 'r1',
      host: 'h',
      pid: 1,
      startedAt: 0,
      draining: false,
      agents: [{ agent: 'builtin.echo', slots: 4, busy: 1 }],
    });
    let runners: unknown[] = [];
    while (runners.length === 0) runners = (await gateway.get('/v1/runners')).body['runners'] as unknown[];
    expect(runners).toMatchObject([{ runner: 'r1', startedAt: '1970-01-01T00:00:00.000Z' }]);
    expect((await gateway.get('/v1/agents')).body).toEqual({
      agents: [{ agent: 'builtin.echo', runners: ['r1'], slots: 4, busy: 1 }],
    });
  });
});
