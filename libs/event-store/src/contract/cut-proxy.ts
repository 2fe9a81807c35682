import { createServer, connect, type AddressInfo, type Socket } from 'node:net';
import { once } from 'node:events';

/**
 * What happens to the next large request (an append; everything else is smaller):
 * - `request-lost`: the connection breaks before the server has it
 * - `answer-lost`: the server works it off, and the connection breaks before the client hears of it
 */
export type Cut = 'request-lost' | 'answer-lost';

/** A link to PostgreSQL that breaks on demand, at the moment that matters. */
export class CutProxy {
  #cuts: Cut[] = [];
  readonly #sockets = new Set<Socket>();

  private constructor(
    readonly url: string,
    private readonly close: () => void,
  ) {}

  static async before(databaseUrl: string, requestBytes: number): Promise<CutProxy> {
    const target = new URL(databaseUrl);
    const server = createServer((client) => proxy.#link(client, target, requestBytes));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const url = new URL(databaseUrl);
    url.hostname = '127.0.0.1';
    url.port = String((server.address() as AddressInfo).port);
    const proxy = new CutProxy(url.href, () => server.close());
    return proxy;
  }

  /** Breaks the connections of the next requests, one after the other. */
  cut(...cuts: readonly Cut[]): void {
    this.#cuts.push(...cuts);
  }

  /** Breaks nothing more. */
  heal(): void {
    this.#cuts = [];
  }

  /** Cuts that have not happened yet. */
  get outstanding(): number {
    return this.#cuts.length;
  }

  stop(): void {
    this.close();
    this.#sockets.forEach((socket) => socket.destroy());
  }

  #link(client: Socket, target: URL, requestBytes: number): void {
    const server = connect(Number(target.port), target.hostname);
    const end = () => {
      client.destroy();
      server.destroy();
    };
    for (const socket of [client, server]) {
      this.#sockets.add(socket);
      socket.on('error', end);
      socket.on('close', () => {
        this.#sockets.delete(socket);
        end();
      });
    }
    let deaf = false;
    client.on('data', (chunk) => {
      const cut = chunk.length >= requestBytes ? this.#cuts.shift() : undefined;
      if (cut === 'request-lost') {
        end();
        return;
      }
      deaf ||= cut === 'answer-lost';
      server.write(chunk);
    });
    server.on('data', (chunk) => (deaf ? end() : client.write(chunk)));
  }
}
