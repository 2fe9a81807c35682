import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo } from 'node:net';
import { type JsonObject } from '@braid/events';
import { setTimeout as sleep } from 'node:timers/promises';

/** A request that somebody sent to the observer. */
export type Observed = {
  readonly group: string;
  readonly tag: string;
  readonly idempotencyKey: string;
  readonly authorization: string;
  /** How many requests of its group were open when it came, with itself. */
  readonly open: number;
  /** Milliseconds, by a clock that only moves forward. */
  readonly at: number;
  /** Set when its connection was closed before it was answered. */
  cutAt?: number;
  answeredAt?: number;
};

/**
 * A server outside of Braid that writes down what agents ask of it. Query of a request: `group` and `tag` to tell requests
 * apart, `ms` to hold the answer, `gate` to hold it until {@link Observer.openGate}, `holdFirst` to hold that of the first
 * request of its group until a gate is opened, `limit` to answer 429 at once to
 * requests over so many open ones of the group, `status` of the answer.
 */
export class Observer {
  readonly requests: Observed[] = [];
  private readonly openOf = new Map<string, number>();
  private readonly gates = new Map<string, { readonly opened: Promise<void>; readonly open: () => void }>();

  private constructor(private readonly server: Server) {}

  static async start(): Promise<Observer> {
    const server = createServer((request, response) => void observer.take(request, response));
    const observer = new Observer(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return observer;
  }

  get address(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** An agent step that asks the observer once, as JSON, which is YAML too. */
  step(query: string, more: JsonObject = {}): string {
    return JSON.stringify({ agent: 'http', retry: false, with: { url: `${this.address}/?${query}` }, ...more });
  }

  of(group: string): readonly Observed[] {
    return this.requests.filter((request) => request.group === group);
  }

  mostOpen(group: string): number {
    return Math.max(0, ...this.of(group).map(({ open }) => open));
  }

  openGate(name: string): void {
    this.gate(name).open();
  }

  async stop(): Promise<void> {
    const closed = new Promise((resolve) => this.server.close(resolve));
    this.server.closeAllConnections();
    await closed;
  }

  private gate(name: string) {
    const known = this.gates.get(name);
    if (known) return known;
    let open = (): void => undefined;
    const opened = new Promise<void>((resolve) => (open = resolve));
    const gate = { opened, open };
    this.gates.set(name, gate);
    return gate;
  }

  private async take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const query = new URL(request.url ?? '/', 'http://observer').searchParams;
    const group = query.get('group') ?? '';
    const open = (this.openOf.get(group) ?? 0) + 1;
    this.openOf.set(group, open);
    const key = request.headers['idempotency-key'];
    const { authorization = '' } = request.headers;
    const observed: Observed = {
      group,
      tag: query.get('tag') ?? '',
      idempotencyKey: typeof key === 'string' ? key : '',
      authorization,
      open,
      at: performance.now(),
    };
    this.requests.push(observed);
    const gone = new Promise<void>((resolve) => response.on('close', resolve));
    response.on('close', () => {
      this.openOf.set(group, (this.openOf.get(group) ?? 1) - 1);
      if (!response.writableFinished) observed.cutAt = performance.now();
    });
    const limit = query.get('limit');
    const tooMany = limit !== null && open > Number(limit);
    if (!tooMany) await Promise.race([gone, this.held(query, this.of(group)[0] === observed)]);
    if (response.destroyed) return;
    observed.answeredAt = performance.now();
    response.writeHead(tooMany ? 429 : Number(query.get('status') ?? 200), { 'content-type': 'application/json' });
    response.end(JSON.stringify({ tag: observed.tag, key: observed.idempotencyKey }));
  }

  private async held(query: URLSearchParams, first: boolean): Promise<void> {
    const gate = query.get('gate') ?? (first ? query.get('holdFirst') : null);
    if (gate !== null) await this.gate(gate).opened;
    await sleep(Number(query.get('ms') ?? 0));
  }
}
