import { once } from 'node:events';
import { connect as connectTcp, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { streams } from '@braid/contracts';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { type Stream } from './deeds';

async function connected<T>(url: string, use: (connection: NatsConnection) => Promise<T>): Promise<T> {
  const { host, username, password } = new URL(url);
  const connection = await connect({ servers: host, user: username, pass: password, reconnect: false, timeout: 5_000 });
  try {
    return await use(connection);
  } finally {
    await connection.close();
  }
}

/** Throws away what a stream holds; answers how many messages that were: none where a wipe has just taken it too. */
export function purgeStream(url: string, stream: Stream): Promise<number> {
  return connected(url, async (connection) => {
    const manager = await jetstreamManager(connection);
    try {
      return (await manager.streams.purge(streams[stream])).purged;
    } catch (error) {
      if (error instanceof Error && error.name === 'StreamNotFoundError') return 0;
      throw error;
    }
  });
}

const noise = 'chaos.noise';
const piece = new Uint8Array(1024 * 1024 - 1024);
/** More than NATS keeps for one consumer (64 MiB) and the system in its buffers. */
const pieces = 120;

/**
 * Subscribes to everything and reads none of it, while the rig makes noise until the server has enough of that. Answers
 * whether it was cut off.
 */
export async function exhaustSlowConsumer(url: string, ms: number): Promise<boolean> {
  const consumer = await deafConsumer(url);
  try {
    await connected(url, async (connection) => {
      for (let count = 0; count < pieces; count++) {
        connection.publish(noise, piece);
        await connection.flush();
      }
    });
    const closed = once(consumer, 'close').then(() => true);
    consumer.resume();
    return await Promise.race([closed, sleep(ms, false)]);
  } finally {
    consumer.destroy();
  }
}

async function deafConsumer(url: string): Promise<Socket> {
  const { hostname, port, username, password } = new URL(url);
  const socket = connectTcp({ host: hostname, port: Number(port) });
  socket.on('error', () => undefined);
  await once(socket, 'data');
  const options = { user: username, pass: password, verbose: false, lang: 'node', version: '1', protocol: 1 };
  socket.write(`CONNECT ${JSON.stringify(options)}\r\nSUB braid.> 1\r\nSUB ${noise} 2\r\nPING\r\n`);
  await once(socket, 'data');
  socket.pause();
  return socket;
}
