import { type BranchStatusView, type WorkflowView } from '@braid/contracts';
import { plain } from '../terminal.fixture';
import { changes } from './changes';

const start = Date.UTC(2026, 0, 1);
const iso = (ms: number) => new Date(start + ms).toISOString();
const options = { colours: plain, now: start + 4_000 };

function view(...branchStatus: readonly BranchStatusView[]): WorkflowView {
  return {
    id: 'w',
    playbook: { name: 'p' },
    status: 'running',
    executionMode: 'parallel',
    version: 1,
    startedAt: iso(0),
    variables: {},
    context: {},
    cost: { attempts: 0, agentMs: 0, usage: {} },
    branchStatus,
    convergencePoints: [],
    parallelBranches: [],
  };
}

const size: BranchStatusView = {
  branch: 'size',
  path: 'f/size',
  status: 'requested',
  agent: 'counter',
  startedAt: iso(100),
};
const running: BranchStatusView = { ...size, status: 'running', runner: 'runner-1' };
const done: BranchStatusView = { ...running, status: 'completed', endedAt: iso(2_100) };

it('says nothing when nothing has changed', () => {
  expect(changes(view(running), view(running), options)).toEqual([]);
});

it('tells what runs where, and how long it took', () => {
  expect(changes(view(size), view(running), options)).toEqual(['    4.0 s  ▶ running    f/size  counter, on runner-1']);
  expect(changes(view(running), view(done), options)).toEqual([
    '    2.1 s  ✔ completed  f/size  counter, on runner-1, took 2.0 s',
  ]);
});

it('tells a new attempt and why the one before failed', () => {
  const error = { type: 'E', code: 'agent-error', message: 'no luck', retryable: true } as const;

  expect(changes(view(running), view({ ...running, attempt: 2, error }), options)).toEqual([
    '    4.0 s  ▶ running    f/size  counter, on runner-1, attempt 2, no luck',
  ]);
});
