import { loadConfig } from '@braid/contracts';
import { runMigrations, setPartitions } from '@braid/event-store';
import { createLogger } from '@braid/service';
import { type Gateway, startGateway } from '../src/gateway';
import { FakeOrchestrator } from './fake-orchestrator';

const partitions = 2;

export type Answer = {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Record<string, unknown>;
  readonly text: string;
};

/** A gateway on real servers with a fake orchestrator behind it. */
export class GatewayUnderTest {
  private constructor(
    readonly gateway: Gateway,
    readonly orchestrator: FakeOrchestrator,
  ) {}

  static async start(
    servers: { readonly databaseUrl: string; readonly natsUrl: string },
    environment: { readonly [name: string]: string } = {},
  ): Promise<GatewayUnderTest> {
    await runMigrations(servers.databaseUrl);
    await setPartitions(servers.databaseUrl, partitions);
    const orchestrator = await FakeOrchestrator.start({ ...servers, partitions });
    const config = loadConfig({
      DATABASE_URL: servers.databaseUrl,
      NATS_URL: servers.natsUrl,
      BRAID_HTTP_PORT: '0',
      BRAID_GRPC_PORT: '0',
      BRAID_PARTITIONS: String(partitions),
      ...environment,
    });
    const logger = createLogger({ level: 'fatal', service: 'gateway', instance: 'gateway-test' });
    return new GatewayUnderTest(await startGateway(config, 'gateway-test', logger), orchestrator);
  }

  async stop(): Promise<void> {
    await this.gateway.close();
    await this.orchestrator.stop();
  }

  url(path: string): string {
    return new URL(path, this.gateway.url).href;
  }

  async send(method: string, path: string, init: RequestInit = {}): Promise<Answer> {
    const response = await fetch(this.url(path), { method, ...init });
    const text = await response.text();
    const json = (response.headers.get('content-type') ?? '').includes('json');
    return { status: response.status, headers: response.headers, body: json ? JSON.parse(text) : {}, text };
  }

  get(path: string, headers: Record<string, string> = {}): Promise<Answer> {
    return this.send('GET', path, { headers });
  }

  post(path: string, body: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    return this.send('POST', path, {
      headers: { 'content-type': 'application/json', ...headers },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
  }

  /** Starts a workflow that asks an echo for one thing, and answers its id. */
  async start(): Promise<string> {
    const answer = await this.post('/v1/workflows', { playbook: hello });
    return String(answer.body['id']);
  }
}

export const hello = {
  name: 'hello',
  variables: { who: { type: 'string', default: 'world' } },
  steps: [{ id: 'greet', agent: 'builtin.echo', with: { text: 'Hello ${{ variables.who }}' } }],
};

type Message = { readonly id: string; readonly data: Record<string, unknown> };

/** Reads server-sent events until `enough` holds or the stream ends, then hangs up. */
export async function readStream(
  url: string,
  options: {
    readonly headers?: Record<string, string>;
    readonly enough?: (messages: readonly Message[]) => boolean;
  } = {},
): Promise<readonly Message[]> {
  const stop = new AbortController();
  const response = await fetch(url, { headers: options.headers ?? {}, signal: stop.signal });
  if (!response.ok) throw new Error(`${response.status}: ${await response.text()}`);
  const messages: Message[] = [];
  let rest = '';
  for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    const blocks = (rest + chunk).split('\n\n');
    rest = blocks.pop() ?? '';
    messages.push(...blocks.flatMap(messageIn));
    if (options.enough?.(messages)) break;
  }
  stop.abort();
  return messages;
}

function messageIn(block: string): readonly Message[] {
  const id = /^id: (.*)$/m.exec(block)?.[1];
  const data = /^data: (.*)$/m.exec(block)?.[1];
  return id === undefined || data === undefined ? [] : [{ id, data: JSON.parse(data) }];
}
