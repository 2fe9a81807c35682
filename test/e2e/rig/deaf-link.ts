import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** A way to NATS over which one subject is never heard; everything else comes through. */
export class DeafLink {
  private readonly sockets = new Set<Socket>();

  private constructor(private readonly listener: Server) {}

  /** Whoever connects over it and asks to hear `subject` is signed up for one that nobody speaks on. */
  static async to(url: string, subject: string): Promise<DeafLink> {
    const { hostname, port } = new URL(url);
    const listener = createServer((client) => {
      const server = connect(Number(port), hostname);
      for (const socket of [client, server]) link.keep(socket);
      // Of the same length, byte by byte, so that nothing of the protocol has to be understood.
      client.on('data', (bytes: Buffer) =>
        server.write(
          bytes.toString('latin1').replaceAll(`SUB ${subject} `, `SUB ${'x'.repeat(subject.length)} `),
          'latin1',
        ),
      );
      server.pipe(client);
      client.on('close', () => server.destroy());
      server.on('close', () => client.destroy());
    });
    const link = new DeafLink(listener);
    listener.listen(0, '127.0.0.1');
    await once(listener, 'listening');
    return link;
  }

  /** The address of the server as it is reached over this link. */
  through(url: string): string {
    const address = new URL(url);
    address.hostname = '127.0.0.1';
    address.port = String((this.listener.address() as AddressInfo).port);
    return address.href;
  }

  async stop(): Promise<void> {
    const closed = once(this.listener, 'close');
    this.listener.close();
    for (const socket of this.sockets) socket.destroy();
    await closed;
  }

  private keep(socket: Socket): void {
    this.sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('close', () => this.sockets.delete(socket));
  }
}
