import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Observer } from './rig/observer';
import { showingLogs, Stack } from './rig/stack';
import { until } from './rig/until';

/** A machine that is busy with something else spoils rounds, so the best of these counts. */
const rounds = 30;
const answerWithinMs = 50;
const closedWithinMs = 200;

let stack: Stack;
let observer: Observer;

beforeAll(async () => {
  // A heartbeat of a loser would bring its cancel signal again: they come once, before the race is decided.
  const env = { BRAID_HEARTBEAT_INTERVAL: '1m' };
  [stack, observer] = await Promise.all([Stack.start({ env }), Observer.start()]);
}, 120_000);

afterAll(async () => {
  await observer.stop();
  await stack.stop();
});

type Round = { readonly answered: number; readonly closed: number };

/** Milliseconds from the moment at which the fastest had its answer. */
async function race(group: string): Promise<Round> {
  const asks = (tag: string, hold: string) => observer.step(`group=${group}&tag=${tag}&${hold}`);
  const playbook = `
name: race
steps:
  - id: fork
    parallel:
      branches:
        slow: ${asks('slow', 'gate=never')}
        fast: ${asks('fast', `gate=${group}`)}
        slower: ${asks('slower', 'gate=never')}
    converge: { strategy: first-success }
`;
  const answer = stack.run({ playbook }).then((workflow) => ({ workflow, at: performance.now() }));
  await until('all three are asked', () => observer.of(group).length === 3);
  // The runners' first words of the losers are over by then; see the stack's settings.
  await sleep(200);
  observer.openGate(group);
  const { workflow, at } = await answer;
  expect(workflow).toMatchObject({ status: 'completed', output: { body: { tag: 'fast' } } });
  const losers = await until('both losers are cut', () => {
    const cut = observer.of(group).flatMap(({ cutAt }) => cutAt ?? []);
    return cut.length === 2 && cut;
  });
  const from = observer.of(group).find(({ tag }) => tag === 'fast')?.answeredAt ?? NaN;
  return { answered: at - from, closed: Math.max(...losers) - from };
}

describe('a first-success race of three http agents', () => {
  // Seen to fail with the cancel signal sent 250 ms after the commit (partition-owner.ts), and with no word of the end
  // (Dispatcher.ended): the answer then comes with the gateway's next look.
  it(
    'answers within 50 ms of the fastest, and closes the connections of the losers within 200 ms',
    showingLogs(async () => {
      const seen: Round[] = [];
      const inTime = ({ answered, closed }: Round) => answered <= answerWithinMs && closed <= closedWithinMs;
      while (seen.length < rounds && !seen.some(inTime)) seen.push(await race(`race-${seen.length}`));
      // All rounds are shown when none of them was in time.
      expect(seen.some(inTime) ? [] : seen).toEqual([]);
    }),
    120_000,
  );
});
