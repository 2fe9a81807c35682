import { type Json, type JsonObject } from '@braid/events';
import { dearKindsOf } from './dear-playbooks';

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

/** The kinds of workflows that a run mixes. */
export function kindsOf(address: string): readonly [Kind, ...Kind[]] {
  const { effect, branches, fork, items } = wordsOf(address);
  const three = () => branches(3, (n) => effect(`e${n}`));

  return [
    { name: 'chain', weight: 4, steps: [effect('a'), effect('b'), effect('c')] },
    {
      name: 'fork',
      weight: 4,
      steps: [
        fork(
          'all',
          branches(10, () => effect('e')),
        ),
        effect('after'),
      ],
    },
    {
      name: 'map',
      weight: 2,
      steps: [{ id: 'each', map: { over: items(12), maxConcurrency: 4, steps: [effect('e')] } }, effect('after')],
    },
    {
      name: 'race',
      weight: 2,
      steps: [
        fork(
          'first',
          branches(4, (n) => effect('e', `ms=${n * 700}`)),
          { strategy: 'first-success', losers: 'cancel' },
        ),
        effect('after'),
      ],
    },
    {
      name: 'quorum',
      weight: 2,
      steps: [
        {
          id: 'each',
          map: { over: items(7), steps: [effect('e', 'trouble=0.2')] },
          converge: { strategy: 'quorum', require: 4 },
        },
      ],
    },
    {
      name: 'majority',
      weight: 2,
      steps: [
        fork(
          'vote',
          branches(5, () => effect('e')),
          { strategy: 'majority-vote', by: '${{ output.body.vote }}', losers: 'drain' },
        ),
        effect('after'),
      ],
    },
    { name: 'trouble', weight: 2, steps: [effect('a', 'trouble=0.5'), effect('b', 'trouble=0.5')] },
    {
      name: 'rescue',
      weight: 2,
      steps: [
        effect('bad', 'refuse', { onFailure: [effect('saved'), { set: { saved: true } }] }),
        fork(
          'unmet',
          branches(3, (n) => effect('e', n > 0 ? 'refuse' : '')),
          {
            strategy: 'quorum',
            require: 2,
            onUnmet: [effect('instead')],
          },
        ),
        effect('worse', 'refuse', { onFailure: 'continue' }),
        effect('after'),
      ],
    },
    { name: 'waits', weight: 2, steps: [{ wait: '1s' }, effect('a'), { wait: '4s' }, effect('b')] },
    {
      name: 'signal',
      weight: 2,
      sequel: 'signal',
      steps: [effect('a'), { id: 'gate', signal: { name: 'go' } }, effect('b')],
    },
    {
      name: 'cancelled',
      weight: 2,
      sequel: 'cancel',
      steps: [fork('all', { ...branches(4, () => effect('e')), rest: { id: 'rest', wait: '1h' } })],
    },
    {
      name: 'paused',
      weight: 1,
      sequel: 'pause',
      steps: [effect('a'), { wait: '1s' }, effect('b', 'ms=300'), effect('c')],
    },
    {
      name: 'nested',
      weight: 2,
      steps: [
        fork('outer', {
          left: { steps: [effect('begin'), fork('inner', three()), effect('end')] },
          right: { steps: [fork('inner', { ...three(), late: { needs: ['b0', 'b1'], ...effect('late') } })] },
          both: { needs: ['left'], ...effect('both') },
        }),
        effect('after'),
      ],
    },
    {
      name: 'in-turn',
      weight: 1,
      executionMode: 'sequential',
      steps: [
        fork(
          'all',
          branches(5, () => effect('e')),
        ),
      ],
    },
    {
      name: 'long',
      weight: 1,
      steps: [effect('a', 'ms=6000'), { id: 'sleep', agent: 'builtin.sleep', with: { ms: 4_000 } }],
    },
    {
      // Long enough for a snapshot.
      name: 'wide',
      weight: 0.5,
      steps: [
        { id: 'echo', map: { over: items(300), maxConcurrency: 50 }, agent: 'builtin.echo', with: '${{ item }}' },
        effect('after'),
      ],
    },
    ...dearKindsOf(address),
  ];
}
