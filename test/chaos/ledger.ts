import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { random, seedOf } from './random';

/** The effects that were asked for under one idempotency key. */
export type Entry = {
  /** What the requests said that they were for: `<workflow>/<branch>/<step>`. */
  readonly places: Set<string>;
  requests: number;
  /** Requests that were answered with 200. */
  done: number;
  /** Digest of the large text that the answers hold, and of the text that came with the requests. */
  gave?: string;
  got?: string;
};

/** By which two large texts are compared. */
export const digestOf = (text: string): string => createHash('sha256').update(text).digest('base64');

/**
 * Stands for the world outside of Braid. It writes down every request that it gets, at once, and answers by the seed: soon or
 * late, well or with 5xx. Query of a request: `place`, `trouble` (share of answers that are 5xx), `ms` (least time of an
 * answer), `refuse` (answers 400), `failing` (the first so many requests of a key are answered 400), `size` (bytes of `text` in
 * the answer), `tokens` (in the answer), `digest` (the body of the request is kept as a digest).
 */
export class Ledger {
  readonly entries = new Map<string, Entry>();
  requests = 0;

  private constructor(
    private readonly server: Server,
    private readonly seed: number,
  ) {}

  static async start(seed: number): Promise<Ledger> {
    const server = createServer((request, response) => void ledger.take(request, response));
    const ledger = new Ledger(server, seed);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return ledger;
  }

  get address(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    const closed = new Promise((resolve) => this.server.close(resolve));
    this.server.closeAllConnections();
    await closed;
  }

  private async take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const query = new URL(request.url ?? '/', this.address).searchParams;
    const header = request.headers['idempotency-key'];
    const key = typeof header === 'string' ? header : 'none';
    const entry = this.entries.get(key) ?? { places: new Set(), requests: 0, done: 0 };
    this.entries.set(key, entry);
    entry.places.add(query.get('place') ?? '');
    entry.requests += 1;
    this.requests += 1;
    const { requests } = entry;
    const draw = random(seedOf(this.seed, `${key} ${requests}`));
    if (query.has('digest')) entry.got = digestOf(await textOf(request));
    const number = (name: string) => Number(query.get(name) ?? 0);
    await sleep(number('ms') + (draw.next() < 0.05 ? draw.whole(500, 3_000) : draw.whole(0, 40)));
    const bad = draw.next() < number('trouble');
    const refused = query.has('refuse') || requests <= number('failing');
    const status = refused ? 400 : bad ? draw.pick([500, 503, 429]) : 200;
    if (response.destroyed) return;
    if (status === 200) entry.done += 1;
    response.writeHead(status, { 'content-type': 'application/json' });
    const text = key.repeat(Math.ceil(number('size') / key.length)).slice(0, number('size'));
    if (text !== '') entry.gave = digestOf(text);
    const answer = { vote: draw.next() < 0.7 ? 'yes' : 'no', tokens: number('tokens') };
    response.end(JSON.stringify(text === '' ? answer : { ...answer, text }));
  }
}

/** What a request holds as far as it came: one that is cut has no answer either. */
async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of request) chunks.push(chunk as Buffer);
  } catch {
    return '';
  }
  return Buffer.concat(chunks).toString('utf8');
}
