import 'reflect-metadata';
import { afterEach, expect, test } from '@jest/globals';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { HealthModule } from './health.module';
import { createMetrics } from './metrics';

async function appWith(checks: { readonly [name: string]: () => void }): Promise<NestFastifyApplication> {
  const module = await Test.createTestingModule({
    imports: [
      HealthModule.forRootAsync({ inject: [], useFactory: () => ({ registry: createMetrics('gateway'), checks }) }),
    ],
  }).compile();
  const app = module.createNestApplication<NestFastifyApplication>(new FastifyAdapter());
  await app.init();
  return app;
}

let app: NestFastifyApplication;
afterEach(() => app.close());

test('a service is ready when every check holds', async () => {
  app = await appWith({ nats: () => undefined });
  const response = await app.inject('/health/ready');
  expect([response.statusCode, response.json()]).toEqual([200, { status: 'ok', checks: { nats: 'ok' } }]);
});

test('a service that cannot work says which check fails, and is still alive', async () => {
  app = await appWith({
    nats: () => {
      throw new Error('not connected');
    },
    database: () => undefined,
  });
  const response = await app.inject('/health/ready');
  expect(response.statusCode).toBe(503);
  expect(response.json()).toEqual({ status: 'unavailable', checks: { nats: 'not connected', database: 'ok' } });
  expect((await app.inject('/health/live')).statusCode).toBe(200);
});

test('metrics are in the text format of Prometheus', async () => {
  app = await appWith({});
  const response = await app.inject('/metrics');
  expect(response.headers['content-type']).toContain('version=0.0.4');
  expect(response.body).toContain('process_cpu_seconds_total{service="gateway"}');
});
