import { type Json, type JsonObject } from '@braid/events';

/** What the load does with a workflow after its start. `undo`: a cancel with compensation; `retry`: when it has failed. */
export type Sequel = 'nothing' | 'signal' | 'two signals' | 'cancel' | 'undo' | 'pause' | 'retry';

export type Kind = {
  readonly name: string;
  /** How often it is chosen, compared with the others. */
  readonly weight: number;
  readonly steps: readonly Json[];
  readonly sequel?: Sequel;
  readonly executionMode?: 'sequential';
  readonly budget?: { readonly [unit: string]: number };
  /** How each of them ends, where nothing may change that. */
  readonly ends?: 'completed' | 'failed' | 'cancelled';
};

const patient = { maximumAttempts: 12, initialInterval: '100ms', maximumInterval: '1s' };

/** The words that playbooks are made of; their effects are written into the ledger at `address`. */
export function wordsOf(address: string) {
  /** A step that asks the ledger. `more` are fields of the step, `input` of its request. */
  const effect = (
    id: string,
    query = 'trouble=0.05',
    more: JsonObject = {},
    { place = `\${{ branch.path }}/${id}`, ...input }: JsonObject & { readonly place?: string } = {},
  ): JsonObject => ({
    id,
    agent: 'http',
    with: {
      method: 'POST',
      url: `${address}/?place=\${{ workflow.id }}/${place}&${query}`,
      body: { branch: '${{ branch.path }}' },
      ...input,
    },
    timeout: '20s',
    retry: patient,
    ...more,
  });
  const branches = (count: number, of: (n: number) => JsonObject): JsonObject =>
    Object.fromEntries(Array.from({ length: count }, (_, n) => [`b${n}`, of(n)]));
  const fork = (id: string, of: JsonObject, converge: JsonObject = {}, more: JsonObject = {}): JsonObject => ({
    id,
    parallel: { branches: of, ...more },
    ...(Object.keys(converge).length === 0 ? {} : { converge }),
  });
  const items = (count: number): Json[] => Array.from({ length: count }, (_, n) => n);
  return { effect, branches, fork, items };
}
