import { type BranchStatusView } from '@braid/contracts';
import { plain } from '../terminal.fixture';
import { branchTree } from './branch-tree';

const at = (seconds: number) => new Date(Date.UTC(2026, 0, 1, 0, 0, seconds)).toISOString();
const options = { colours: plain, now: Date.parse(at(9)) };

const branches: readonly BranchStatusView[] = [
  {
    branch: 'root',
    path: 'root',
    status: 'running',
    step: 'audit',
    agent: 'old',
    runner: 'runner-9',
    startedAt: at(0),
  },
  {
    branch: 'size',
    path: 'audit/size',
    parent: 'root',
    fork: 'audit',
    status: 'completed',
    agent: 'counter',
    attempt: 1,
    runner: 'runner-1',
    startedAt: at(1),
    endedAt: at(3),
  },
  {
    branch: 'tree',
    path: 'audit/tree',
    parent: 'root',
    fork: 'audit',
    status: 'running',
    step: 'deep',
    startedAt: at(1),
  },
  {
    branch: 'leaf',
    path: 'audit/tree/deep/leaf',
    parent: 'audit/tree',
    fork: 'deep',
    status: 'running',
    step: 'look',
    agent: 'reader',
    attempt: 2,
    runner: 'runner-2',
    startedAt: at(5),
    error: { type: 'E', code: 'agent-error', message: 'broke\nbadly', retryable: true },
  },
];

it('names the child that does the step of a branch', () => {
  const child = { playbook: 'build@2', workflow: 'w1_1' };
  const root = { branch: 'root', path: 'root', status: 'running', step: 'build', startedAt: at(0), child } as const;
  expect(branchTree({ branchStatus: [root] }, options)).toEqual(['root  ▶ running       9.0 s  build (build@2 w1_1)']);
});

it('draws branches below the branch that forked, with agent, runner, attempt, time and error', () => {
  expect(branchTree({ branchStatus: branches }, options)).toEqual(
    [
      'root         ▶ running       9.0 s  audit',
      '├─ size      ✔ completed     2.0 s  counter        runner-1',
      '└─ tree      ▶ running       8.0 s  deep',
      '   └─ leaf   ▶ running       4.0 s  look (reader)  runner-2  attempt 2  broke',
    ].map((line) => expect.stringMatching(flexible(line))),
  );
});

/** Columns may be wider; what stands in them and in which order may not differ. */
const flexible = (line: string) => new RegExp(`^${line.replace(/[()]/g, '\\$&').replace(/ {2,}/g, ' {2,}')}$`);

it('does not name the agent of an earlier step on a branch that waits for its fork', () => {
  const [root] = branchTree({ branchStatus: branches }, options);

  expect(root).not.toMatch(/old|runner-9/);
});

it('counts what has no room, and hides what needs no attention first', () => {
  const many = Array.from({ length: 100 }, (_, index): BranchStatusView => {
    const status = index === 99 ? 'failed' : index > 95 ? 'running' : 'completed';
    return { branch: String(index), path: `each/${index}`, parent: 'root', fork: 'each', status };
  });
  const root: BranchStatusView = { branch: 'root', path: 'root', status: 'running', step: 'each', startedAt: at(0) };
  const lines = branchTree({ branchStatus: [root, ...many] }, { ...options, limit: 6 });

  expect(lines).toHaveLength(8);
  expect(lines.at(-1)).toBe('└─ and 94 completed');
  expect(lines.join('\n')).toMatch(/99 +✖ failed/);
});

it.each([
  [{ signal: 'approval' }, 'waits for approval'],
  [{ signal: 'approval', until: at(12) }, 'waits for approval, 3.0 s more'],
  [{ until: at(19) }, 'goes on in 10.0 s'],
])('says what a branch waits for: %j', (waitsFor, text) => {
  const waiting: BranchStatusView = { branch: 'root', path: 'root', status: 'running', step: 'ask', waitsFor };
  expect(branchTree({ branchStatus: [waiting] }, options)).toEqual([expect.stringContaining(text)]);
});
