import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { Connections } from './connections';

/** A server that leaves its answers to the test. */
async function listening() {
  const answers: ServerResponse[] = [];
  const server = createServer((_, response) => void answers.push(response));
  const connections = new Connections(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { server, connections, answers, port: (server.address() as AddressInfo).port };
}

async function connected(port: number, server: Server): Promise<Socket> {
  const accepted = once(server, 'connection');
  const socket = connect(port, '127.0.0.1');
  await Promise.all([once(socket, 'connect'), accepted]);
  return socket;
}

it('does not wait for a connection that a client opened ahead and never used', async () => {
  const { server, connections, port } = await listening();
  const client = await connected(port, server);
  const closed = once(server, 'close');

  server.close();
  connections.endWhenIdle();

  await closed;
  client.destroy();
});

it('answers what was asked before, then ends the connection although it could be kept', async () => {
  const { server, connections, answers, port } = await listening();
  const client = await connected(port, server);
  let text = '';
  client.on('data', (chunk: Buffer) => (text += chunk.toString()));
  client.write('GET / HTTP/1.1\r\nhost: here\r\n\r\n');
  await once(server, 'request');
  const closed = once(server, 'close');

  server.close();
  connections.endWhenIdle();
  answers[0]?.end('the answer');

  await Promise.all([closed, once(client, 'close')]);
  expect(text).toContain('the answer');
});
