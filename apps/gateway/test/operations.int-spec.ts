import { freshDatabase, type FreshDatabase, freshNats, type FreshNats } from '@braid/testing';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from 'pg';
import { GatewayUnderTest, hello } from './gateway-under-test';
import { framed, RawGrpc } from './raw-grpc';

let database: FreshDatabase;
let nats: FreshNats;
let gateway: GatewayUnderTest;

beforeAll(async () => {
  [database, nats] = await Promise.all([freshDatabase(), freshNats()]);
  gateway = await GatewayUnderTest.start({ databaseUrl: database.url, natsUrl: nats.url });
});
afterAll(async () => {
  await gateway.stop();
  await Promise.all([database.drop(), nats.stop()]);
});

describe('playbooks', () => {
  test('get a version when they are published, which never changes', async () => {
    const playbook = { ...hello, name: 'greeting' };
    const first = await gateway.post('/v1/playbooks', playbook);
    const again = await gateway.post('/v1/playbooks', playbook);
    const changed = await gateway.post('/v1/playbooks', { ...playbook, description: 'other' });
    const versions = [first, again, changed].map(({ status, body }) => [status, body['version']]);
    expect(versions).toEqual([
      [201, '1'],
      [200, '1'],
      [201, '2'],
    ]);
    const location = String(first.headers.get('location'));
    expect((await gateway.get(location)).body).toMatchObject({ name: 'greeting', version: '1', graph: { format: 1 } });
    expect((await gateway.get('/v1/playbooks/greeting/versions/latest')).body).toMatchObject({ version: '2' });
    expect((await gateway.get('/v1/playbooks')).body['playbooks']).toMatchObject([
      { name: 'greeting', version: '2' },
      { name: 'greeting', version: '1' },
    ]);
    expect((await gateway.get('/v1/playbooks/greeting/versions/3')).body).toMatchObject({ code: 'playbook.not-found' });
  });

  test('are checked without being published', async () => {
    expect((await gateway.post('/v1/playbooks/validate', hello)).body).toEqual({ valid: true, problems: [] });
    const yaml = { 'content-type': 'application/yaml' };
    const wrong = await gateway.post('/v1/playbooks/validate', 'name: x\nstep: []\n', yaml);
    expect(wrong).toMatchObject({ status: 200, body: { valid: false } });
    expect(wrong.body['problems']).toContainEqual(expect.objectContaining({ line: 2, path: 'step' }));
  });

  test('have a schema for editors', async () => {
    const file = join(__dirname, '../../../schemas/playbook.schema.json');
    const { body } = await gateway.get('/v1/playbooks/schema.json');
    expect(body).toEqual(JSON.parse(readFileSync(file, 'utf8')));
  });
});

describe('dead letters', () => {
  test('are listed with reason and body, sent again, and deleted', async () => {
    await gateway.orchestrator.deadLetter('not json');
    const list = async () => (await gateway.get('/v1/dead-letters')).body['deadLetters'] as { id: string }[];
    let letters = await list();
    while (letters.length === 0) letters = await list();
    expect(letters).toMatchObject([{ reason: 'nothing handles garbage', body: 'not json', encoding: 'utf-8' }]);
    const id = String(letters[0]?.id);
    expect((await gateway.send('POST', `/v1/dead-letters/${id}/retry`)).status).toBe(204);
    do letters = await list();
    while (letters[0] === undefined || letters[0].id === id);
    expect((await gateway.send('DELETE', `/v1/dead-letters/${letters[0].id}`)).status).toBe(204);
    expect(await list()).toEqual([]);
    expect((await gateway.send('DELETE', '/v1/dead-letters/1')).body).toMatchObject({ code: 'dead-letter.not-found' });
    expect((await gateway.send('POST', '/v1/dead-letters/x/retry')).status).toBe(404);
  });
});

/** The answers of grpc.health.v1, as bytes. */
const [serving, notServing] = ['0801', '0802'];

async function health(raw: RawGrpc): Promise<string> {
  const stream = raw.open('/grpc.health.v1.Health/Check');
  stream.end(framed(new Uint8Array()));
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).subarray(5).toString('hex');
}

describe('health and description', () => {
  test('says that it lives, that it is ready, and that nothing is forgotten', async () => {
    expect((await gateway.get('/health/live')).status).toBe(200);
    expect((await gateway.get('/health/ready')).body).toMatchObject({ checks: { postgresql: 'ok', nats: 'ok' } });
    expect((await gateway.get('/v1/health/orphans')).body).toEqual({ orphans: 0 });
  });

  test('verifies workflows, a few at a time, and names what is wrong with what to do', async () => {
    const id = await gateway.start();
    const path = `/v1/health/verify?workflow=${id}`;
    // The stand-in for an orchestrator keeps neither a list nor snapshots.
    expect((await gateway.get(path)).body).toMatchObject({ ok: true, faults: [], more: 0 });
    const client = new Client({ connectionString: database.url });
    await client.connect();
    await client.query(`update braid.event set at = at + 1 where stream = $1`, [id]);
    await client.end();
    const { status, body } = await gateway.get(path);
    expect([status, body['ok']]).toEqual([200, false]);
    expect(body['faults']).toContainEqual({
      check: 'events',
      workflow: id,
      message: 'event 1 (WorkflowStarted) is not what was appended: its digest differs',
      advice: expect.stringContaining('Restore this row'),
    });
    expect((await gateway.get('/v1/health/verify')).body).toMatchObject({ ok: false });
    expect((await gateway.get('/v1/health/verify?playbook=nothing')).body).toMatchObject({ ok: true });
    expect((await gateway.get('/v1/health/verify?workflow=nobody')).body).toMatchObject({ code: 'workflow.not-found' });
    expect((await gateway.get('/v1/health/verify?sample=0')).body).toMatchObject({ code: 'request.invalid' });
    const both = await Promise.all([gateway.get('/v1/health/verify'), gateway.get('/v1/health/verify')]);
    expect(both.map((answer) => answer.status).toSorted((a, b) => a - b)).toEqual([200, 409]);
    expect(both.find((answer) => answer.status === 409)?.body).toMatchObject({ code: 'verification.under-way' });
  });

  test('counts requests by route', async () => {
    await gateway.get('/v1/workflows/none');
    const { text } = await gateway.get('/metrics');
    const counts = text.split('\n').filter((line) => line.startsWith('braid_http_request_seconds_count'));
    expect(counts.join('\n')).toContain('method="GET",route="/v1/workflows/:id",status="404"');
  });

  test('describes every endpoint with its problems', async () => {
    const { body } = await gateway.get('/openapi.json');
    const paths = body['paths'] as Record<string, Record<string, { responses: Record<string, unknown> }>>;
    expect(Object.keys(paths)).toEqual(
      expect.arrayContaining([
        '/v1/workflows',
        '/v1/workflows/{id}',
        '/v1/workflows/{id}/events',
        '/v1/workflows/{id}/graph',
        '/v1/workflows/{id}/stream',
        '/v1/workflows/{id}/cancel',
        '/v1/workflows/{id}/pause',
        '/v1/workflows/{id}/resume',
        '/v1/workflows/{id}/retry',
        '/v1/workflows/{id}/signals/{name}',
        '/v1/workflows/{id}/convergence/preview',
        '/v1/events',
        '/v1/playbooks',
        '/v1/playbooks/validate',
        '/v1/playbooks/{name}/versions/{version}',
        '/v1/agents',
        '/v1/runners',
        '/v1/dead-letters',
        '/health/ready',
      ]),
    );
    expect(paths['/v1/workflows']?.['post']?.responses).toHaveProperty('409');
    const page = await gateway.get('/docs');
    expect(page.text).toContain('swagger-ui');
    expect((await gateway.get('/docs/swagger-ui-bundle.js')).status).toBe(200);
  });

  test('explains every code that a problem can have', async () => {
    const { type } = (await gateway.get('/v1/workflows/none')).body;
    expect((await gateway.get(String(type))).body).toMatchObject({
      code: 'workflow.not-found',
      next: expect.any(String),
    });
  });

  test('is not ready, and says why, while NATS is away', async () => {
    const before = new RawGrpc(gateway.gateway.grpc);
    expect(await health(before)).toBe(serving);
    before.close();
    await nats.stop();
    let answer = await gateway.get('/health/ready');
    while (answer.status === 200) answer = await gateway.get('/health/ready');
    expect(answer).toMatchObject({
      status: 503,
      body: { code: 'service.unavailable', checks: { nats: 'not connected' } },
    });
    expect((await gateway.get('/v1/workflows')).status).toBe(200);
    const raw = new RawGrpc(gateway.gateway.grpc);
    while ((await health(raw)) !== notServing) await new Promise((wake) => setTimeout(wake, 50));
    raw.close();
  }, 20_000);
});
