import { dearKindsOf } from './dear-playbooks';
import { type Kind, wordsOf } from './words';

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
