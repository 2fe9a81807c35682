import { type Server } from 'node:http';
import { type Socket } from 'node:net';

/**
 * Knows which connections have a request under way. A server that closes waits for every connection, and Node itself ends
 * only those that have answered a request and are idle at that very moment: one that a client opened ahead, or that becomes
 * idle later, would hold the server open until it times out.
 */
export class Connections {
  /** Requests under way, by connection. */
  private readonly open = new Map<Socket, number>();
  private closing = false;

  constructor(server: Server) {
    server.on('connection', (socket) => {
      this.open.set(socket, 0);
      socket.once('close', () => this.open.delete(socket));
      if (this.closing) socket.destroySoon();
    });
    server.on('request', ({ socket }, response) => {
      this.count(socket, 1);
      response.once('close', () => this.count(socket, -1));
    });
  }

  /** From now on, ends each connection as soon as it has no request under way. */
  endWhenIdle(): void {
    this.closing = true;
    for (const [socket, requests] of this.open) if (requests === 0) socket.destroySoon();
  }

  private count(socket: Socket, change: 1 | -1): void {
    const requests = this.open.get(socket);
    if (requests === undefined) return;
    this.open.set(socket, requests + change);
    if (this.closing && requests + change === 0) socket.destroySoon();
  }
}
