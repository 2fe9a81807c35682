import { type WorkflowView } from '@braid/contracts';
import { BraidError, type BraidClient } from '@braid/sdk';
import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Terminal } from '../terminal';

/** The playbook's name, by which an unfinished run is found again. */
const exampleName = 'repo-audit';
const patienceMs = 30_000;

export type Example = { readonly id: string; readonly resumed: boolean };

/** Goes on with the example where an earlier run was interrupted, else starts it on the folder `path`. */
export async function startExample(options: {
  readonly client: BraidClient;
  readonly file: string;
  readonly path: string;
  readonly signal: AbortSignal;
}): Promise<Example> {
  const { client, file, path, signal } = options;
  const { workflows } = await client.list({ status: 'running', playbook: exampleName, limit: 1 }, { signal });
  const [unfinished] = workflows;
  if (unfinished !== undefined) return { id: unfinished.id, resumed: true };
  const playbook = await readFile(file, 'utf8');
  // The same key makes a repeat after a lost answer the same workflow.
  const idempotencyKey = `${exampleName}-${randomUUID()}`;
  const until = performance.now() + patienceMs;
  for (;;) {
    try {
      const { id } = await client.start({ playbook, variables: { path } }, { idempotencyKey, signal });
      return { id, resumed: false };
    } catch (error) {
      const passing = error instanceof BraidError && (error.status === 0 || error.status >= 500);
      if (!passing || performance.now() > until) throw error;
      await sleep(500, undefined, { signal });
    }
  }
}

/** How many workflows an earlier run left unfinished; they go on by themselves. */
export async function countUnfinished(client: BraidClient, signal: AbortSignal): Promise<number> {
  const { workflows } = await client.list({ status: 'running', limit: 500 }, { signal });
  return workflows.length;
}

export function exampleHeadline(example: Example, path: string, { colours }: Terminal): string {
  const what = example.resumed ? 'Going on with the unfinished' : 'Running the';
  return `\n${what} example ${colours.bold('examples/repo-audit.yaml')} on ${path}\n${colours.dim(example.id)}`;
}

export const completed = (view: WorkflowView) => view.status === 'completed';
