import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { eventually, openStage, type Stage } from './runner.fixture';

let stage: Stage;
beforeEach(async () => {
  stage = await openStage();
});
afterEach(() => stage.close());

const reported = (count: number) => eventually(() => stage.reports.length === count, 30_000);

/** How many of the reports came from each runner. */
function shares(): readonly number[] {
  const counts = new Map<string, number>();
  for (const { runner } of stage.reports) counts.set(runner, (counts.get(runner) ?? 0) + 1);
  return [...counts.values()];
}

// Seen to fail with one slot in the second runner: it then gets 6 of those that come all at once.
test.each([
  ['one after the other', 1],
  ['in small groups', 4],
  ['all at once', 100],
])('100 attempts that come %s are shared by two idle runners', async (_how, group) => {
  await Promise.all(['r1', 'r2'].map((name) => stage.runner({ name, slots: 16 })));
  for (let sent = 0; sent < 100; sent += group) {
    await Promise.all(Array.from({ length: group }, () => stage.send({ agent: 'builtin.sleep', input: { ms: 5 } })));
    await reported(sent + group);
  }
  expect(shares()).toHaveLength(2);
  expect(Math.min(...shares())).toBeGreaterThanOrEqual(25);
});

test('the queue of a slow agent does not delay the others', async () => {
  await stage.runner({ slots: 2 });
  const slow = await Promise.all(
    Array.from({ length: 40 }, () => stage.send({ agent: 'builtin.sleep', input: { seconds: 60 } })),
  );
  // They may begin in different heartbeats.
  const begun = () => new Set(stage.beats.flatMap(({ attempts }) => attempts.map(({ workflow }) => workflow)));
  await eventually(() => begun().size === 2);
  await Promise.all(Array.from({ length: 20 }, () => stage.send({ agent: 'builtin.echo' })));
  await reported(20);
  expect(stage.reports.some(({ workflow }) => slow.some((work) => work.workflow === workflow))).toBe(false);
});
