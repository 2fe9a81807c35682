import { setTimeout as sleep } from 'node:timers/promises';
import { type WorkflowView } from '@braid/contracts';
import { type BraidClient, BraidError, type StartRequest } from '@braid/sdk';

const patienceMs = 60_000;

/**
 * Starts a workflow as a careful caller does: when the gateway cannot be reached, or says that it is worth trying again,
 * the same request is sent again with the same key.
 * @throws BraidError for every other refusal, and when a minute has passed.
 */
export async function patientStart(
  client: () => BraidClient,
  request: StartRequest,
  idempotencyKey: string,
  wait?: string,
): Promise<WorkflowView> {
  const end = performance.now() + patienceMs;
  for (;;) {
    try {
      return await client().start(request, { idempotencyKey, ...(wait === undefined ? {} : { wait }) });
    } catch (error) {
      const again = error instanceof BraidError && [0, 429, 503].includes(error.status);
      if (!again || performance.now() > end) throw error;
      await sleep(200);
    }
  }
}
