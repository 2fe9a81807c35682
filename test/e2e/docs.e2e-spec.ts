import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type FencedPlaybook, fencedPlaybooks } from './rig/fenced-playbooks';
import { showingLogs, Stack } from './rig/stack';

const pages = ['README.md', 'docs/playbook.md'].map((file) => ({ file, playbooks: fencedPlaybooks(file) }));

let stack: Stack;

beforeAll(async () => {
  stack = await Stack.start();
  const published = pages.flatMap(({ playbooks }) => playbooks.filter(({ publish }) => publish));
  for (const { source } of published) await stack.client().publish(source);
}, 120_000);

afterAll(() => stack.stop(), 60_000);

/** What became of a playbook, with the output only where the page shows one. */
async function outcomeOf({ source, variables, signals, executionMode, output }: FencedPlaybook) {
  const mode = executionMode === undefined ? {} : { executionMode };
  const { id } = await stack.client().start({ playbook: source, variables, ...mode });
  for (const [name, payload] of Object.entries(signals)) await stack.client().signal(id, name, payload);
  const { status, error, branchStatus, ...ended } = await stack.ended(id);
  const undone = branchStatus.flatMap(({ compensates }) => compensates?.step ?? []);
  return { status, code: error?.code, undone, ...(output === undefined ? {} : { output: ended.output }) };
}

// Seen to fail with another outcome, another output, and an unknown field in a block.
describe.each(pages)('what $file shows', ({ playbooks }) => {
  it('is there', () => expect(playbooks).not.toHaveLength(0));

  it.each(playbooks.map((playbook) => [playbook.place, playbook] as const))(
    '%s is valid',
    async (_place, { source }) => {
      const { problems } = await stack.client().validate(source);
      expect(problems.filter(({ severity }) => severity === 'error')).toEqual([]);
    },
  );

  const run = playbooks.flatMap((playbook) => (playbook.runs ? [{ ...playbook, runs: playbook.runs }] : []));

  it.each(run.map((playbook) => [playbook.place, playbook] as const))(
    '%s comes to what the page says',
    (_place, playbook) =>
      showingLogs(async () => {
        const { runs, undone, output } = playbook;
        const told = { status: runs.status, code: runs.code, undone, ...(output === undefined ? {} : { output }) };
        expect(await outcomeOf(playbook)).toEqual(told);
      })(),
    60_000,
  );
});
