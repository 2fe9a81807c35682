import { describe, expect, it } from '@jest/globals';
import { type StoredEvent } from '@braid/events';
import { type WorkflowSummary } from '@braid/event-store';
import { check, type Evidence } from './checks';
import { readHistory } from './history';
import { type Start } from './load';

const id = 'w1';
const key = `${id}/root/a`;
const run = { attempt: 1, runner: 'r', startedAt: 1, endedAt: 2 };
const graph = {
  executionType: 'mixed',
  steps: [
    {
      kind: 'agent',
      id: 'a',
      agent: 'http',
      with: null,
      timeout: 1_000,
      retry: { maximumAttempts: 1, initialInterval: 1, backoffCoefficient: 1 },
    },
  ],
};
const facts = [
  {
    type: 'WorkflowStarted',
    data: {
      playbook: { name: 'p' },
      graph,
      variables: {},
      context: { chaos: 0 },
      executionMode: 'parallel',
      requestDigest: 'd',
    },
  },
  { type: 'BranchRequested', data: { branch: 'root', step: 'a', attempt: 1, agent: 'http', input: null } },
  { type: 'BranchCompleted', data: { branch: 'root', step: 'a', output: 1, run } },
  { type: 'WorkflowCompleted', data: { output: 1 } },
];
const history = facts.map(
  (fact, index) =>
    ({
      ...fact,
      workflow: id,
      version: index + 1,
      at: index,
      partition: 0,
      position: index + 1,
    }) as unknown as StoredEvent,
);
const kind = { name: 'chain', weight: 1, steps: [] };
const start: Start = { number: 0, kind, id, told: [] };
const line: WorkflowSummary = {
  id,
  playbook: 'p',
  status: 'completed',
  executionMode: 'parallel',
  startedAt: new Date(0).toISOString(),
  endedAt: new Date(3).toISOString(),
  branches: { total: 0, completed: 0, failed: 0 },
};

const good = (): Evidence => ({
  starts: [start],
  readings: [readHistory(id, history)],
  histories: new Map([[id, history]]),
  listed: new Map([[id, line]]),
  ledger: { entries: new Map([[key, { places: new Set([key]), requests: 1, done: 1 }]]), requests: 1 },
  gaps: { versions: [], positions: [] },
  badSnapshots: [],
  snapshots: 0,
  orphans: { orphans: 0 },
  deadLetters: [],
  strange: new Map(),
  alarms: [],
});
const broken = (change: Partial<Evidence>) =>
  check({ ...good(), ...change }).flatMap(({ name, faults = [] }) => (faults.length > 0 ? [name] : []));
const without = (type: string) => [
  readHistory(
    id,
    history.filter((event) => event.type !== type),
  ),
];
const entry = (places: readonly string[], done = 1) => ({ places: new Set(places), requests: 1, done });
const ledger = (...entries: readonly (readonly [string, ReturnType<typeof entry>])[]) => ({
  entries: new Map(entries),
  requests: 1,
});

describe('The checks after chaos', () => {
  it('find nothing wrong with a run in which all went well', () => expect(broken({})).toEqual([]));

  // Each line breaks one promise and no other, so that no check hides behind another.
  it.each<readonly [string, string, Partial<Evidence>]>([
    [
      'a start that was accepted and is nowhere',
      'accepted and lost',
      { starts: [start, { ...start, number: 1, id: 'gone' }] },
    ],
    [
      'a second stream of one start',
      'starts that ran twice',
      {
        readings: [
          ...good().readings,
          { ...readHistory(id, history), id: 'w2', asked: new Set(), completed: new Set() },
        ],
        listed: new Map([
          [id, line],
          ['w2', { ...line, id: 'w2' }],
        ]),
      },
    ],
    [
      'a cancel that was answered and is not on record',
      'commands answered and lost',
      { starts: [{ ...start, told: ['cancel'] }] },
    ],
    [
      'a step that completed without an effect',
      'completed steps without effect',
      { ledger: ledger([key, entry([key], 0)]) },
    ],
    [
      'a key that stands for two places',
      'idempotency keys that differ',
      { ledger: ledger([key, entry([key, `${id}/root/b`])]) },
    ],
    [
      'an effect of what is not on record',
      'effects that nobody asked for',
      { ledger: ledger([key, entry([key])], ['w9/root/a', entry(['w9/root/a'])]) },
    ],
    ['a missing version', 'streams with gaps', { gaps: { versions: [id], positions: [] } }],
    ['a missing position', 'partitions with gaps', { gaps: { versions: [], positions: ['partition 1'] } }],
    ['a workflow that is not listed', 'list differs from history', { listed: new Map() }],
    [
      'a line that says otherwise',
      'list differs from history',
      { listed: new Map([[id, { ...line, status: 'running' as const }]]) },
    ],
    ['a snapshot that differs', 'snapshots that differ', { badSnapshots: [id] }],
    ['a forgotten workflow', 'orphans', { orphans: { orphans: 1 } }],
    ['a dead letter', 'dead letters', { deadLetters: ['{}'] }],
    ['an answer that helps nobody', 'strange answers', { strange: new Map([['start: 500', 1]]) }],
    ['an alarm', 'alarms in the logs', { alarms: ['orchestrator-1: a decision threw'] }],
  ])('see %s', (_case, name, change) => expect(broken(change)).toEqual([name]));

  it('see a resume that was answered and is not on record, whatever came of the workflow', () => {
    expect(broken({ starts: [{ ...start, told: ['resume' as const] }] })).toEqual(['commands answered and lost']);
  });

  it('see a workflow that stands still, and an attempt without an outcome', () => {
    expect(broken({ readings: [readHistory(id, history.slice(0, 2))], listed: new Map() })).toEqual(
      expect.arrayContaining(['not finished (stuck)', 'outcomes recorded twice, or not']),
    );
  });

  it('see an outcome of an attempt that nobody asked for', () => {
    expect(broken({ readings: without('BranchRequested') })).toContain('outcomes recorded twice, or not');
  });
});
