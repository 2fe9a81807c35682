import { expect, it } from '@jest/globals';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { Client } from 'pg';
import { freshDatabase, freshNats } from './servers';

const address = (url: string) => {
  const { host, username, password } = new URL(url);
  return { servers: host, user: username, pass: password };
};

it('gives every caller an empty database, and takes it away with connections open', async () => {
  const [one, two] = await Promise.all([freshDatabase(), freshDatabase()]);
  expect(one.url).not.toBe(two.url);
  const client = new Client({ connectionString: one.url });
  client.on('error', () => undefined);
  await client.connect();
  await client.query('CREATE TABLE mine ()');
  await Promise.all([one.drop(), two.drop()]);
  await expect(client.query('SELECT 1')).rejects.toThrow(/terminat|not queryable|closed/i);
  await expect(new Client({ connectionString: one.url }).connect()).rejects.toThrow(/does not exist/);
});

it('gives a NATS server that can lose everything', async () => {
  const server = await freshNats();
  const names = async () => {
    const connection = await connect(address(server.url));
    const found = await (await jetstreamManager(connection)).streams.names().next();
    await connection.close();
    return found;
  };
  try {
    const connection = await connect(address(server.url));
    await (await jetstreamManager(connection)).streams.add({ name: 'S', subjects: ['s'] });
    await connection.close();
    expect(await names()).toEqual(['S']);
    await server.restart();
    expect(await names()).toEqual(['S']);
    await server.wipe();
    expect(await names()).toEqual([]);
  } finally {
    await server.stop();
  }
});

it('reaches the NATS server of the test run', async () => {
  const connection = await connect(address(process.env['BRAID_TEST_NATS_URL'] ?? ''));
  expect(connection.info?.jetstream).toBe(true);
  await connection.close();
});
