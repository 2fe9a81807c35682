import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { freshDatabase, freshNats, type FreshDatabase, type FreshNats } from '@braid/testing';
import { GatewayUnderTest } from './gateway-under-test';

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

// Seen to fail with receipts told apart by their workflow alone: the cancel is then answered by the receipt of the start.
test('a receipt that comes twice answers once: a later command of the same workflow waits for its own', async () => {
  const id = await gateway.start();
  await gateway.orchestrator.repeatReceipts();
  gateway.orchestrator.deaf = true;
  let answered = false;
  const cancelled = gateway.post(`/v1/workflows/${id}/cancel`, {}).finally(() => (answered = true));
  try {
    for (let times = 0; times < 10; times++) {
      await gateway.orchestrator.repeatReceipts();
      // Long enough for an answer that comes too early to come.
      await sleep(50);
    }
    expect(answered).toBe(false);
  } finally {
    await gateway.orchestrator.hear();
  }
  expect(await cancelled).toMatchObject({ status: 200, body: { status: 'cancelled' } });
  await gateway.orchestrator.repeatReceipts();
  expect(await gateway.get(`/v1/workflows/${id}`)).toMatchObject({ status: 200, body: { status: 'cancelled' } });
});
