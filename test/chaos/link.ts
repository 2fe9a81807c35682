import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

export type Disturbance =
  /** Connections are reset, new ones too. */
  | { readonly is: 'cut' }
  /**
   * Nothing comes through any more, and nobody is told. What was connected stays deaf for good, even after the link has
   * healed: only a new connection gets through then.
   */
  | { readonly is: 'half-open' }
  /** What the process sends arrives; what it is answered comes when the link has healed. */
  | { readonly is: 'stall' }
  /** Milliseconds in each direction. */
  | { readonly is: 'slow'; readonly ms: number };

const strength = ['cut', 'half-open', 'stall', 'slow'] as const;

type Pair = { readonly client: Socket; readonly server: Socket; deaf: boolean };

/** The TCP link between one process and one server, which can be disturbed. */
export class Link {
  /** The strongest one decides; none: the link is open. */
  private readonly disturbances = new Set<Disturbance>();
  private readonly pairs = new Set<Pair>();

  private constructor(
    private readonly listener: Server,
    private readonly target: { readonly host: string; readonly port: number },
  ) {}

  static async to(url: string): Promise<Link> {
    const { hostname, port } = new URL(url);
    const listener = createServer((client) => link.join(client));
    const link = new Link(listener, { host: hostname, port: Number(port) });
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

  /** Begins a disturbance; the function that is answered ends it, and no other. */
  disturb(given: Disturbance): () => void {
    const disturbance = { ...given };
    this.disturbances.add(disturbance);
    this.apply();
    return () => {
      this.disturbances.delete(disturbance);
      this.apply();
    };
  }

  /** Ends the connection that the server sees coming from this port. */
  drop(port: number): boolean {
    const pair = [...this.pairs].find(({ server }) => server.localPort === port);
    if (pair !== undefined) end(pair);
    return pair !== undefined;
  }

  async close(): Promise<void> {
    for (const pair of this.pairs) end(pair);
    await new Promise((resolve) => this.listener.close(resolve));
  }

  private get mode(): Disturbance | undefined {
    const disturbances = [...this.disturbances];
    return strength.map((name) => disturbances.find(({ is }) => is === name)).find((found) => found !== undefined);
  }

  private apply(): void {
    const is = this.mode?.is;
    for (const pair of this.pairs) {
      if (is === 'cut') end(pair);
      if (is === 'half-open') pair.deaf = true;
      if (is === 'stall') pair.server.pause();
      else pair.server.resume();
    }
  }

  private join(client: Socket): void {
    if (this.mode?.is === 'cut') {
      client.on('error', () => undefined);
      client.resetAndDestroy();
      return;
    }
    const pair: Pair = { client, server: connect(this.target), deaf: this.mode?.is === 'half-open' };
    this.pairs.add(pair);
    for (const socket of [client, pair.server]) {
      socket.setNoDelay();
      socket.on('error', () => undefined);
    }
    client.on('close', () => {
      this.pairs.delete(pair);
      end(pair);
    });
    // A deaf link does not even tell that the other side is gone.
    pair.server.on('close', () => pair.deaf || end(pair));
    this.carry(pair, client, pair.server);
    this.carry(pair, pair.server, client);
    if (this.mode?.is === 'stall') pair.server.pause();
  }

  /** In order, also when the link becomes fast again while something is on its way. */
  private carry(pair: Pair, from: Socket, to: Socket): void {
    const onTheWay: { readonly chunk: Buffer; readonly at: number }[] = [];
    const arrive = () => {
      const now = performance.now();
      for (let first = onTheWay[0]; first !== undefined && first.at <= now; first = onTheWay[0]) {
        onTheWay.shift();
        if (!pair.deaf && to.writable) to.write(first.chunk);
      }
      if (onTheWay[0] !== undefined) setTimeout(arrive, Math.max(1, onTheWay[0].at - now));
    };
    from.on('data', (chunk: Buffer) => {
      if (pair.deaf) return;
      const ms = this.mode?.is === 'slow' ? this.mode.ms : 0;
      if (ms === 0 && onTheWay.length === 0) {
        if (to.writable) to.write(chunk);
        return;
      }
      onTheWay.push({ chunk, at: performance.now() + ms });
      if (onTheWay.length === 1) setTimeout(arrive, Math.max(1, ms));
    });
  }
}

function end({ client, server }: Pair): void {
  client.destroy();
  server.destroy();
}
