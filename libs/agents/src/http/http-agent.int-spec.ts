import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, test } from '@jest/globals';
import { type Failure, type Json } from '@braid/events';
import { type Agent, type AttemptContext } from '../agent';
import { toFailure } from '../to-failure';
import { contextOf, workOf } from '../work.fixture';
import { httpAgent, type HttpAgentOptions } from './http-agent';

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  await Promise.all(closing.splice(0).map((close) => close()));
});

async function serve(
  listener: (request: IncomingMessage, response: ServerResponse) => unknown,
): Promise<{ readonly url: string; readonly port: number; readonly server: Server }> {
  const server = createServer((request, response) => void listener(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  closing.push(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  return { url: `http://127.0.0.1:${port}`, port, server };
}

function agentWith(options: Partial<HttpAgentOptions> = {}): Agent {
  const agent = httpAgent({ allow: ['127.0.0.1'], maxBytes: 10_000, ...options });
  closing.push(() => agent.close?.() ?? Promise.resolve());
  return agent;
}

const run = (agent: Agent, input: Json, given: Partial<AttemptContext> = {}) =>
  agent.run(
    workOf({ agent: 'http', input, traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' }),
    contextOf(given),
  );

const failureOf = (agent: Agent, input: Json, given: Partial<AttemptContext> = {}): Promise<Failure> =>
  run(agent, input, given).then(
    (output) => Promise.reject(new Error(`completed with ${JSON.stringify(output)}`)),
    (error: unknown) => toFailure(error),
  );

async function bodyOf(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  return text;
}

const json = (response: ServerResponse, value: Json, status = 200) =>
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));

describe('requests and answers', () => {
  test('a body is sent as JSON with the idempotency key and the trace; JSON comes back parsed, and tells what was used', async () => {
    const { url } = await serve(async (request, response) => {
      json(
        response,
        { used: [7], method: request.method ?? '', headers: request.headers as Json, body: await bodyOf(request) },
        201,
      );
    });
    const ctx = contextOf();
    const input = { url: `${url}/x`, headers: { 'X-Mine': 1 }, body: { a: [1] } };
    const output = await run(agentWith(), { ...input, usage: { tokens: 'used.0' } }, ctx);
    expect(ctx.usage).toEqual([{ tokens: 7 }]);
    expect(output).toMatchObject({
      status: 201,
      headers: { 'content-type': 'application/json' },
      body: {
        method: 'POST',
        body: '{"a":[1]}',
        headers: {
          'idempotency-key': 'w1/root/s1',
          traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
          'content-type': 'application/json',
          'x-mine': '1',
        },
      },
    });
  });

  test('text stays text, no body is null, bytes are base64, JSON that is none is text', async () => {
    const answers: Record<string, [string, Buffer]> = {
      '/text': ['text/plain', Buffer.from('héllo')],
      '/none': ['application/json', Buffer.alloc(0)],
      '/bytes': ['image/png', Buffer.from([0x89, 0, 0xff])],
      '/broken': ['application/json', Buffer.from('{')],
      '/problem': ['application/problem+json; charset=utf-8', Buffer.from('{"a":1}')],
    };
    const { url } = await serve((request, response) => {
      const [type, body] = answers[request.url ?? ''] ?? ['', Buffer.alloc(0)];
      response.writeHead(200, { 'content-type': type }).end(body);
    });
    const agent = agentWith();
    const bodies = await Promise.all(Object.keys(answers).map((path) => run(agent, { url: url + path })));
    expect(bodies.map((output) => (output as { body: Json }).body)).toEqual([
      'héllo',
      null,
      { base64: 'iQD/' },
      '{',
      { a: 1 },
    ]);
  });

  test('an answer over the limit is a failure that names it, also when it was compressed', async () => {
    const { url } = await serve((request, response) => {
      if (request.url === '/gzip')
        response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(Buffer.alloc(5_000_000)));
      else response.writeHead(200).end(Buffer.alloc(10_001, 'x'));
    });
    for (const path of ['/plain', '/gzip']) {
      await expect(failureOf(agentWith(), { url: url + path })).resolves.toMatchObject({
        code: 'limit',
        retryable: false,
        message: expect.stringContaining('BRAID_MAX_OUTPUT_BYTES'),
      });
    }
  });
});

describe('failures', () => {
  test.each([
    [400, { code: 'agent-error', retryable: false }],
    [401, { code: 'agent-error', retryable: false }],
    [404, { code: 'agent-error', retryable: false }],
    [409, { code: 'agent-error', retryable: false }],
    [408, { code: 'agent-error', retryable: true }],
    [429, { code: 'rate-limited', retryable: true }],
    [500, { code: 'agent-error', retryable: true }],
    [502, { code: 'agent-error', retryable: true }],
    [503, { code: 'overloaded', retryable: true }],
  ])('%d says whether a retry can help', async (status, expected) => {
    const { url } = await serve((_request, response) => void response.writeHead(status).end('why not'));
    await expect(failureOf(agentWith(), { url })).resolves.toMatchObject({
      type: 'HttpError',
      ...expected,
      details: { status, body: 'why not' },
      stack: expect.stringContaining('http-agent'),
    });
  });

  test('Retry-After is honoured as seconds and as a date', async () => {
    const date = new Date(Date.now() + 60_000).toUTCString();
    const { url } = await serve(
      (request, response) =>
        void response.writeHead(429, { 'retry-after': request.url === '/date' ? date : '7' }).end(),
    );
    await expect(failureOf(agentWith(), { url })).resolves.toMatchObject({ retryAfter: 7_000 });
    const { retryAfter } = await failureOf(agentWith(), { url: `${url}/date` });
    expect(retryAfter).toBeGreaterThan(50_000);
    expect(retryAfter).toBeLessThanOrEqual(60_000);
  });

  test('a connection that is refused or cut is a retryable failure with its cause', async () => {
    const { url, server } = await serve((request) => request.socket.destroy());
    await expect(failureOf(agentWith(), { url })).resolves.toMatchObject({ type: 'HttpError', retryable: true });
    await new Promise((resolve) => server.close(resolve));
    await expect(failureOf(agentWith(), { url })).resolves.toMatchObject({
      type: 'HttpError',
      retryable: true,
      cause: { details: { code: 'ECONNREFUSED' } },
    });
  });

  test('its own timeout is a failure with the figure', async () => {
    const { url } = await serve(() => undefined);
    await expect(failureOf(agentWith(), { url, timeout: 80 })).resolves.toMatchObject({
      code: 'timeout',
      retryable: true,
      message: expect.stringContaining('80 ms'),
    });
  });

  test('a cancel closes the connection within 200 ms', async () => {
    let closedAt = 0;
    const stop = new AbortController();
    let cancelledAt = 0;
    const { url } = await serve((request, response) => {
      request.socket.once('close', () => (closedAt = performance.now()));
      response.writeHead(200).write('begun');
      cancelledAt = performance.now();
      stop.abort(new Error('cancelled'));
    });
    await expect(failureOf(agentWith(), { url }, { signal: stop.signal })).resolves.toMatchObject({
      message: 'cancelled',
    });
    while (closedAt === 0 && performance.now() - cancelledAt < 1_000)
      await new Promise((resolve) => setTimeout(resolve, 5));
    expect(closedAt).toBeGreaterThan(0);
    expect(closedAt - cancelledAt).toBeLessThan(200);
  });
});

describe('redirects', () => {
  test('they are followed; credentials stay with the origin they were meant for', async () => {
    const seen: Json[] = [];
    const target = await serve((request, response) => {
      seen.push(request.headers as Json);
      json(response, 'there');
    });
    const { url } = await serve((request, response) => {
      seen.push(request.headers as Json);
      const next = request.url === '/a' ? '/b' : `${target.url}/c`;
      response.writeHead(302, { location: next }).end();
    });
    const headers = { authorization: 'Bearer x', cookie: 'a=b', 'x-api-key': 'k', accept: 'application/json' };
    await expect(run(agentWith(), { url: `${url}/a`, headers })).resolves.toMatchObject({ body: 'there' });
    expect(seen[1]).toMatchObject(headers);
    expect(seen[2]).toMatchObject({ accept: 'application/json' });
    expect(Object.keys(seen[2] as object)).not.toEqual(expect.arrayContaining(['authorization']));
    expect(JSON.stringify(seen[2])).not.toMatch(/Bearer|a=b|x-api-key|idempotency/);
  });

  test('their number is limited', async () => {
    const { url } = await serve((_request, response) => void response.writeHead(307, { location: '/' }).end());
    await expect(failureOf(agentWith(), { url })).resolves.toMatchObject({
      type: 'HttpError',
      message: expect.stringContaining('5 times'),
    });
  });

  test.each([
    'http://169.254.169.254/latest/meta-data/',
    'http://[::1]:1/',
    'http://10.1.2.3/',
    'file:///etc/passwd',
    'gopher://127.0.0.1/',
    'http://user:pass@127.0.0.1/',
    'http://0.0.0.0/',
    'http://[::ffff:10.0.0.1]/',
  ])('a redirect to %s is refused', async (location) => {
    const { url } = await serve((_request, response) => void response.writeHead(302, { location }).end());
    await expect(failureOf(agentWith(), { url })).resolves.toMatchObject({ code: 'invalid-input', retryable: false });
  });
});

describe('addresses', () => {
  const refused = [
    'http://127.0.0.1/',
    'http://127.1/',
    'http://127.0.0.1:22/',
    'http://2130706433/',
    'http://0x7f000001/',
    'http://0177.0.0.1/',
    'http://0x7f.1/',
    'http://127.255.255.254/',
    'http://0.0.0.0/',
    'http://0/',
    'http://0.1.2.3/',
    'http://10.0.0.1/',
    'http://10.255.255.255/',
    'http://172.16.0.1/',
    'http://172.31.255.255/',
    'http://192.168.0.1/',
    'http://192.168.255.255/',
    'http://169.254.169.254/latest/meta-data/',
    'http://169.254.0.1/',
    'http://0xa9fea9fe/',
    'http://2852039166/',
    'http://0251.0376.0251.0376/',
    'http://100.64.0.1/',
    'http://100.127.255.255/',
    'http://192.0.0.1/',
    'http://192.0.2.1/',
    'http://192.88.99.1/',
    'http://198.18.0.1/',
    'http://198.19.255.255/',
    'http://198.51.100.1/',
    'http://203.0.113.1/',
    'http://224.0.0.1/',
    'http://239.255.255.255/',
    'http://240.0.0.1/',
    'http://255.255.255.255/',
    'http://168.63.129.16/',
    'http://100.100.100.200/',
    'http://[::]/',
    'http://[::1]/',
    'http://[0:0:0:0:0:0:0:1]/',
    'http://[::ffff:127.0.0.1]/',
    'http://[::ffff:7f00:1]/',
    'http://[::ffff:10.0.0.1]/',
    'http://[::ffff:169.254.169.254]/',
    'http://[::127.0.0.1]/',
    'http://[::7f00:1]/',
    'http://[64:ff9b::127.0.0.1]/',
    'http://[64:ff9b::a00:1]/',
    'http://[64:ff9b:1::1]/',
    'http://[2002:7f00:1::]/',
    'http://[2002:a00:1::1]/',
    'http://[2001:0:4136:e378:8000:63bf:3fff:fdd2]/',
    'http://[fe80::1]/',
    'http://[fc00::1]/',
    'http://[fd00:ec2::254]/',
    'http://[fec0::1]/',
    'http://[ff02::1]/',
    'http://[100::1]/',
    'http://[2001:db8::1]/',
    'http://[5f00::1]/',
    'http://①②⑦.⓪.⓪.①/',
    'http://127。0。0。1/',
    'http://localhost/',
    'https://LOCALHOST/',
    'https://127.0.0.1/',
    'ftp://example.com/',
    'file:///etc/passwd',
    'data:text/plain,x',
    'gopher://example.com/',
    'ws://example.com/',
    'javascript:alert(1)',
    'http://user:pw@example.com/',
    'http://',
    'nonsense',
    '//example.com/',
    'http://exa mple.com/',
    'unix:/var/run/docker.sock',
  ];
  test.each(refused)('%s is refused for good, before anything is sent', async (url) => {
    await expect(failureOf(agentWith({ allow: [] }), { url })).resolves.toMatchObject({
      code: 'invalid-input',
      retryable: false,
    });
  });

  test('a name that resolves to a forbidden address is refused, also when only one of several is', async () => {
    for (const addresses of [
      ['10.0.0.1'],
      ['93.184.216.34', '127.0.0.1'],
      ['::ffff:192.168.1.1'],
      ['169.254.169.254'],
    ]) {
      const agent = agentWith({
        allow: [],
        resolveHost: async () => addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
      });
      await expect(failureOf(agent, { url: 'http://innocent.example/' })).resolves.toMatchObject({
        type: 'AddressRefused',
        code: 'invalid-input',
        message: expect.stringContaining('innocent.example'),
      });
    }
  });

  test('a name that changes its address after it was checked gains nothing', async () => {
    let connections = 0;
    const { port, server } = await serve((_request, response) => void response.end('secret'));
    server.on('connection', () => connections++);
    let lookups = 0;
    // Public at the first look, loopback afterwards. Whatever was checked is what is connected to.
    const agent = agentWith({
      allow: [],
      resolveHost: async () => [{ address: lookups++ === 0 ? '127.0.0.1' : '93.184.216.34', family: 4 }],
    });
    await expect(failureOf(agent, { url: `http://rebind.example:${port}/` })).resolves.toMatchObject({
      type: 'AddressRefused',
    });
    const turned = agentWith({
      allow: ['93.184.216.34'],
      resolveHost: async () => [{ address: lookups++ % 2 === 0 ? '93.184.216.34' : '127.0.0.1', family: 4 }],
    });
    const signal = AbortSignal.timeout(300);
    await Promise.allSettled([1, 2, 3].map(() => run(turned, { url: `http://rebind.example:${port}/` }, { signal })));
    expect(connections).toBe(0);
  });

  test.each([['127.0.0.1'], ['127.0.0.0/8'], ['innocent.example']])('what %s allows is reached', async (entry) => {
    const { port } = await serve((_request, response) => json(response, 'in'));
    const agent = agentWith({ allow: [entry], resolveHost: async () => [{ address: '127.0.0.1', family: 4 }] });
    await expect(run(agent, { url: `http://innocent.example:${port}/` })).resolves.toMatchObject({ body: 'in' });
  });

  test('an allow list that cannot be read is refused at the start', () => {
    expect(() => agentWith({ allow: ['http://x/'] })).toThrow('BRAID_HTTP_ALLOW');
    expect(() => agentWith({ allow: ['10.0.0.0/33'] })).toThrow('BRAID_HTTP_ALLOW');
  });
});

describe('input', () => {
  test.each<[Json, string]>([
    [null, 'must be object'],
    [{}, 'url'],
    [{ url: 'http://x.example/', method: 'CONNECT' }, 'CONNECT'],
    [{ url: 'http://x.example/', method: 'GET', body: 'x' }, 'no body'],
    [{ url: 'http://x.example/', headers: { host: 'y' } }, 'host'],
    [{ url: 'http://x.example/', headers: { 'Transfer-Encoding': 'chunked' } }, 'Transfer-Encoding'],
    [{ url: 'http://x.example/', headers: { a: 'b\r\nc: d' } }, 'characters'],
    [{ url: 'http://x.example/', headers: { 'a b': 'c' } }, 'characters'],
    [{ url: 'http://x.example/', verbose: true }, 'verbose'],
    [{ url: 'http://x.example/', timeout: -1 }, 'timeout'],
  ])('%j is refused with the reason', async (input, reason) => {
    await expect(failureOf(agentWith(), input)).resolves.toMatchObject({
      code: 'invalid-input',
      retryable: false,
      message: expect.stringContaining(reason),
    });
  });
});
