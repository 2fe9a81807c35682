import { Agent, request } from 'node:http';
import { type Json } from '@braid/events';

/** Calls `work` `count` times, `atOnce` at a time; answers the seconds of all and the milliseconds of each. */
export async function many(
  work: () => Promise<void>,
  count: number,
  atOnce: number,
): Promise<{ readonly seconds: number; readonly each: readonly number[] }> {
  const from = performance.now();
  const each: number[] = [];
  let left = count;
  const next = async (): Promise<void> => {
    while (left-- > 0) {
      const begun = performance.now();
      await work();
      each.push(performance.now() - begun);
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, count) }, next));
  return { seconds: (performance.now() - from) / 1_000, each };
}

/** Sends starts to a gateway over connections that are kept open, as a service does that calls Braid. */
export class Load {
  private readonly agent = new Agent({ keepAlive: true, maxSockets: Infinity });

  constructor(private readonly gateway: string) {}

  /**
   * Starts a workflow and resolves when it is known to have completed.
   * @throws when it ended otherwise, or was refused.
   */
  async complete(body: string): Promise<void> {
    const { id, status } = await this.call('POST', '/v1/workflows?wait=60s', body);
    if (status !== 'completed') throw new Error(`Workflow ${id} is ${status} after 60 s`);
  }

  close(): void {
    this.agent.destroy();
  }

  private call(method: string, path: string, body?: string): Promise<{ readonly id: string; readonly status: string }> {
    return new Promise((resolve, reject) => {
      const headers = body === undefined ? {} : { 'content-type': 'application/json' };
      const sent = request(`${this.gateway}${path}`, { method, agent: this.agent, headers }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString();
          if (response.statusCode === undefined || response.statusCode >= 300) {
            reject(new Error(`${response.statusCode}: ${text.slice(0, 500)}`));
          } else resolve(JSON.parse(text) as { readonly id: string; readonly status: string });
        });
      });
      sent.on('error', reject);
      sent.end(body);
    });
  }
}

const echo = {
  agent: 'builtin.echo',
  with: { n: '${{ item }}', text: 'a hundred bytes or so, as the result of an agent that does nothing at all' },
};

/** The text of a start of a workflow that fans out over `width` items; each branch answers about a hundred bytes. */
export function fanOut(width: number, converge?: Json): string {
  const over = Array.from({ length: width }, (_, index) => index);
  const step = { id: 'fan', map: { over }, ...echo, ...(converge !== undefined && { converge }) };
  return JSON.stringify({ playbook: { name: 'fan-out', steps: [step] } });
}

/** The same of forks in a fork, `side` × `side`. */
export function nestedFanOut(side: number): string {
  const over = Array.from({ length: side }, (_, index) => index);
  const inner = { id: 'inner', map: { over }, ...echo };
  return JSON.stringify({
    playbook: { name: 'nested', steps: [{ id: 'outer', map: { over, as: 'row', steps: [inner] } }] },
  });
}
