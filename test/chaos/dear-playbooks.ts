import { type JsonObject } from '@braid/events';
import { type Kind, wordsOf } from './words';

/** What a step of a budgeted workflow may use, and how many of its steps the budget allows. */
export const tokensOfStep = 10;
export const affordedSteps = 4;

const KiB = 1024;

/** Playbooks that are published before the load begins, because others run them as children. */
export function publishedOf(address: string): readonly JsonObject[] {
  const { effect, branches, fork } = wordsOf(address);
  return [
    {
      name: 'chaos-child',
      variables: { n: { type: 'integer' } },
      steps: [
        effect('a'),
        fork(
          'all',
          branches(2, () => effect('e')),
        ),
        { id: 'result', set: { n: '${{ variables.n }}' } },
      ],
      output: { n: '${{ variables.n }}' },
    },
    { name: 'chaos-child-fails', steps: [effect('a'), { fail: { type: 'Expected', message: 'it fails' } }] },
    { name: 'chaos-child-rests', steps: [effect('a'), { wait: '1h' }] },
  ];
}

/** Kinds that take more of Braid, each with an expectation of its own: see `expectations.ts`. */
export function dearKindsOf(address: string): readonly Kind[] {
  const { effect, branches, fork, items } = wordsOf(address);
  /** What undoes a step sees the branch of that step, and has keys of its own. */
  const undoing = (id: string) => `\${{ branch.path == 'root' ? '' : branch.path + '/' }}${id}:compensate/undo-${id}`;
  const booked = (id: string, undo = 'trouble=0.05') =>
    effect(id, 'trouble=0.05', { compensate: [effect(`undo-${id}`, undo, {}, { place: undoing(id) })] });
  return [
    {
      name: 'saga',
      weight: 2,
      ends: 'failed',
      steps: [
        booked('a'),
        fork('both', { left: { steps: [booked('b')] }, right: { steps: [booked('c', 'refuse')] } }),
        booked('d'),
        { fail: { type: 'Expected', message: 'all of it is undone' } },
      ],
    },
    {
      name: 'saga-cancelled',
      weight: 1,
      sequel: 'undo',
      ends: 'cancelled',
      steps: [booked('a'), booked('b'), { id: 'never', wait: '1h' }],
    },
    {
      name: 'children',
      weight: 1.5,
      ends: 'completed',
      steps: [
        { id: 'each', map: { over: items(2) }, playbook: 'chaos-child', with: { n: '${{ item }}' } },
        { id: 'bad', playbook: 'chaos-child-fails', onFailure: 'continue' },
        fork(
          'first',
          {
            quick: { playbook: 'chaos-child', with: { n: 7 } },
            slow: { playbook: 'chaos-child-rests' },
          },
          { strategy: 'first-success', losers: 'cancel' },
        ),
        { id: 'late', playbook: 'chaos-child-rests', timeout: '2s', onFailure: 'continue' },
        effect('after'),
      ],
    },
    {
      name: 'family-cancelled',
      weight: 1,
      sequel: 'cancel',
      ends: 'cancelled',
      steps: [fork('both', { child: { playbook: 'chaos-child-rests' }, own: effect('e') })],
    },
    {
      name: 'judged',
      weight: 1.5,
      ends: 'completed',
      steps: [
        fork(
          'panel',
          branches(4, (n) => effect('e', n === 3 ? 'refuse' : 'trouble=0.1')),
          {
            strategy: 'judge',
            require: 2,
            agent: 'http',
            with: {
              method: 'POST',
              url: `${address}/?place=\${{ workflow.id }}/panel/judge/judge&trouble=0.1`,
              body: '${{ outputs }}',
            },
            timeout: '20s',
            retry: { maximumAttempts: 12, initialInterval: '100ms', maximumInterval: '1s' },
          },
        ),
        effect('after'),
      ],
    },
    {
      name: 'budgeted',
      weight: 1.5,
      ends: 'completed',
      // Of the start: a playbook whose steps may use more than its own budget is refused.
      budget: { tokens: tokensOfStep * affordedSteps },
      steps: [
        {
          id: 'each',
          map: {
            over: items(affordedSteps + 2),
            steps: [
              effect(
                'e',
                `trouble=0.05&tokens=${tokensOfStep}`,
                { cost: { tokens: tokensOfStep } },
                { usage: { tokens: 'tokens' } },
              ),
            ],
          },
          converge: { strategy: 'all-settled' },
        },
      ],
    },
    {
      name: 'large',
      weight: 0.7,
      ends: 'completed',
      steps: [
        effect('half', `size=${400 * KiB}`),
        effect('told', 'digest', {}, { body: '${{ steps.half.output.body.text }}' }),
        effect('full', `size=${1_300 * KiB}`),
        effect('told-all', 'digest', {}, { body: '${{ steps.full.output.body.text }}' }),
      ],
    },
    {
      name: 'two-signals',
      weight: 1.5,
      sequel: 'two signals',
      ends: 'completed',
      steps: [
        effect('a'),
        { id: 'gate1', signal: { name: 'go' } },
        effect('b'),
        { id: 'gate2', signal: { name: 'go' } },
      ],
    },
    {
      name: 'retried',
      weight: 1.5,
      sequel: 'retry',
      ends: 'completed',
      steps: [
        effect('a'),
        fork('both', { good: effect('e'), bad: { steps: [effect('begin'), effect('e', 'failing=1')] } }),
        effect('after'),
      ],
    },
  ];
}
