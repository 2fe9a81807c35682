import { Pool } from 'undici';

/** What a gateway said to one start. */
export type FloodAnswer = {
  readonly key: string;
  readonly status: number;
  /** Seconds, when the answer says so. */
  readonly retryAfter: number | undefined;
  readonly contentType: string;
  readonly body: { readonly id?: string; readonly code?: string; readonly next?: string };
};

const started = ({ status }: FloodAnswer) => status === 200 || status === 201;

export const acceptedOf = (answers: readonly FloodAnswer[]) => answers.filter(started);
export const refusedOf = (answers: readonly FloodAnswer[]) => answers.filter((answer) => !started(answer));

/**
 * Sends a start for each key, all at once, over so many connections: each connection carries many requests that were not
 * answered yet. Resolves when each has its answer.
 */
export async function flood(
  address: string,
  keys: readonly string[],
  options: { readonly connections: number; readonly body: string },
): Promise<readonly FloodAnswer[]> {
  const { connections, body } = options;
  const pool = new Pool(address, { connections, pipelining: Math.ceil(keys.length / connections) });
  try {
    return await Promise.all(
      keys.map(async (key) => {
        const {
          statusCode,
          headers,
          body: answer,
        } = await pool.request({
          method: 'POST',
          path: '/v1/workflows',
          headers: { 'content-type': 'application/json', 'idempotency-key': key },
          body,
          // Only such requests share a connection.
          idempotent: true,
        });
        const after = headers['retry-after'];
        return {
          key,
          status: statusCode,
          retryAfter: after === undefined ? undefined : Number(after),
          contentType: String(headers['content-type']),
          body: (await answer.json()) as FloodAnswer['body'],
        };
      }),
    );
  } finally {
    await pool.close();
  }
}
