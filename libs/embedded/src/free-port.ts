import { createServer } from 'node:net';
import { once } from 'node:events';

/** A TCP port on 127.0.0.1 that nobody listened on a moment ago. Another process may take it first: callers try again. */
export async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new TypeError('a TCP server has no port');
  return address.port;
}
