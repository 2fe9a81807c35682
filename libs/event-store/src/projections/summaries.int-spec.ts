import { type Graph, type RecordedEvent, type StoredEvent, type WorkflowEvent } from '@braid/events';
import { freshDatabase, type FreshDatabase } from '@braid/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Client } from 'pg';
import { anHour } from '../contract/fixtures';
import { LogFollower } from '../log-follower';
import { runMigrations, setPartitions } from '../migrations/run';
import { openEventStore, type OpenEventStore } from '../open';
import { Reader } from '../postgres/reader';
import { SummaryProjection } from './summary-projection';
import { InvalidCursorError } from './workflow-summaries';

const base = { path: '', onFailure: 'fail' } as const;
const converge = {
  strategy: { name: 'all-must-complete' },
  losers: 'cancel',
  onUnmet: 'fail',
  onConflict: 'error',
} as const;
const branch = (name: string, steps: Graph['steps']) => ({ name, path: '', needs: [], steps });

/** Three branches at `reviews`, of which `speed` opens two at `checks`; and a `map` whose items open four each. */
const steps: Graph['steps'] = [
  {
    ...base,
    id: 'reviews',
    kind: 'parallel',
    converge,
    branches: [
      branch('speed', [
        { ...base, id: 'checks', kind: 'parallel', converge, branches: [branch('a', []), branch('b', [])] },
      ]),
      branch('style', []),
      branch('safety', []),
    ],
  },
  {
    ...base,
    id: 'files',
    kind: 'map',
    over: [],
    as: 'file',
    converge,
    steps: [
      {
        ...base,
        id: 'checks',
        kind: 'parallel',
        converge,
        branches: ['a', 'b', 'c', 'd'].map((name) => branch(name, [])),
      },
    ],
  },
];

function started(playbook: string, version?: string): WorkflowEvent {
  const graph: Graph = {
    format: 1,
    name: playbook,
    executionType: 'mixed',
    fallbackToSequential: false,
    variables: {},
    steps,
  };
  const named = version === undefined ? { name: playbook } : { name: playbook, version };
  const data = {
    playbook: named,
    graph,
    variables: {},
    context: {},
    executionMode: 'parallel',
    requestDigest: '',
  } as const;
  return { type: 'WorkflowStarted', data };
}

const forked = (at: string, step: string, items?: number): WorkflowEvent => ({
  type: 'ForkOpened',
  data: { branch: at, step, ...(items === undefined ? {} : { items: Array.from({ length: items }, () => null) }) },
});
const requested = (at: string, agent: string): WorkflowEvent => ({
  type: 'BranchRequested',
  data: { branch: at, step: 's', attempt: 1, agent, input: null },
});
const completed = (at: string): WorkflowEvent => ({ type: 'BranchCompleted', data: { branch: at, output: null } });
const failure = { type: 'Error', message: 'broke \0 down', code: 'agent-error', retryable: false } as const;
const failed = (at: string): WorkflowEvent => ({ type: 'BranchFailed', data: { branch: at, failure } });

function history(workflow: string, facts: readonly WorkflowEvent[], at = 1_700_000_000_000): RecordedEvent[] {
  return facts.map((fact, index) => ({ ...fact, workflow, version: index + 1, at: at + index }));
}

const whole = [
  started('review', '2'),
  forked('root', 'reviews'),
  requested('reviews/speed', 'profiler'),
  requested('reviews/style', 'linter'),
  forked('reviews/speed', 'checks'),
  requested('reviews/speed/checks/a', 'linter'),
  completed('reviews/speed/checks/a'),
  failed('reviews/speed/checks/b'),
  completed('reviews/style'),
  forked('root', 'files', 5),
  forked('files/3', 'checks'),
  completed('files/3'),
  completed('root'),
  { type: 'WorkflowFailed', data: { failure } } as const,
];

describe('the list of workflows', () => {
  let database: FreshDatabase;
  let opened: OpenEventStore;

  beforeAll(async () => {
    database = await freshDatabase();
    await runMigrations(database.url);
    await setPartitions(database.url, 2);
    opened = await openEventStore({ url: database.url });
  });
  afterAll(async () => {
    await opened.close();
    await database.drop();
  });
  beforeEach(() => execute('truncate braid.workflow_summary'));

  async function execute(statement: string): Promise<void> {
    const client = new Client({ connectionString: database.url });
    await client.connect();
    await client.query(statement);
    await client.end();
  }

  const stored = (events: readonly RecordedEvent[]): StoredEvent[] =>
    events.map((event, index) => ({ ...event, partition: 0, position: index + 1 }));
  const ids = async (filter: Parameters<typeof opened.summaries.list>[0]) =>
    (await opened.summaries.list(filter)).workflows.map(({ id }) => id);

  const expected = {
    id: 'w1',
    playbook: 'review',
    playbookVersion: '2',
    status: 'failed',
    executionMode: 'parallel',
    startedAt: '2023-11-14T22:13:20.000Z',
    endedAt: '2023-11-14T22:13:20.013Z',
    branches: { total: 3 + 2 + 5 + 4, completed: 3, failed: 1 },
    error: 'broke \uFFFD down',
  };

  it('shows where a workflow stands', async () => {
    await opened.projection.project(stored(history('w1', whole.slice(0, 3))));
    expect((await opened.summaries.list({})).workflows).toMatchObject([
      { id: 'w1', status: 'running', branches: { total: 3, completed: 0, failed: 0 } },
    ]);
    await opened.projection.project(stored(history('w1', whole)).slice(3));
    expect((await opened.summaries.list({})).workflows).toEqual([expected]);
  });

  it('is the same however the events are cut, repeated, or handed to two followers at once', async () => {
    const events = stored(history('w1', whole));
    for (let size = 1; size <= events.length; size++) {
      await execute('truncate braid.workflow_summary');
      for (let from = 0; from < events.length; from += size) {
        const overlapping = events.slice(Math.max(0, from - 3), from + size);
        await Promise.all([opened.projection.project(overlapping), opened.projection.project(overlapping)]);
      }
      expect((await opened.summaries.list({})).workflows).toEqual([expected]);
    }
    // A row that is ahead is not taken back.
    await opened.projection.project(events.slice(0, 5));
    expect((await opened.summaries.list({})).workflows).toEqual([expected]);
  });

  it('is not taken back by a follower that was overtaken between reading and writing', async () => {
    const events = stored(history('w1', whole));
    const reader = new Reader({ url: database.url, connections: 1, patienceMs: 1000, statementTimeoutMs: 5000 });
    let overtaken = false;
    const slow = new SummaryProjection({
      async query(statement, values) {
        if (statement.name === 'braid.save-summaries' && !overtaken) {
          overtaken = true;
          await opened.projection.project(events);
        }
        return reader.query(statement, values);
      },
    });
    await slow.project(events.slice(0, 4));
    await reader.close();
    expect(overtaken).toBe(true);
    expect((await opened.summaries.list({})).workflows).toEqual([expected]);
  });

  it('is found by status, playbook, agent, time and text', async () => {
    const at = (hour: number) => 1_700_000_000_000 + hour * anHour;
    await opened.projection.project([
      ...stored(history('alpha', whole, at(0))),
      ...stored(history('beta', [started('deploy'), requested('root', 'shipper')], at(1))),
      ...stored(history('gamma_1', [started('50%_off'), { type: 'WorkflowCompleted', data: { output: null } }], at(2))),
      ...stored(
        history('__proto__', [started('deploy'), { type: 'WorkflowCancelled', data: { reason: 'why not' } }], at(3)),
      ),
    ]);
    expect(await ids({})).toEqual(['__proto__', 'gamma_1', 'beta', 'alpha']);
    expect(await ids({ status: 'completed' })).toEqual(['gamma_1']);
    expect(await ids({ playbook: 'deploy' })).toEqual(['__proto__', 'beta']);
    expect(await ids({ agent: 'linter' })).toEqual(['alpha']);
    expect(await ids({ from: at(1), to: at(3) })).toEqual(['gamma_1', 'beta']);
    expect(await ids({ q: 'BROKE' })).toEqual(['alpha']);
    expect(await ids({ q: '%_' })).toEqual(['gamma_1']);
    expect(await ids({ q: 'gam' })).toEqual(['gamma_1']);
    expect(await ids({ q: `'; drop table braid.event; --` })).toEqual([]);
    expect(await ids({ q: 'a\0' })).toEqual([]);
    expect(await opened.summaries.counts()).toEqual(
      new Map([
        ['failed', 1],
        ['running', 1],
        ['completed', 1],
        ['cancelled', 1],
      ]),
    );
  });

  it('comes in pages, each starting where the one before ended', async () => {
    const workflows = Array.from({ length: 7 }, (_, index) => `w${index}`);
    // Several start in the same millisecond.
    await opened.projection.project(
      workflows.flatMap((id, index) => stored(history(id, [started('p')], 1000 + (index >> 1)))),
    );
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await opened.summaries.list({ limit: 2, ...(cursor === undefined ? {} : { cursor }) });
      seen.push(...page.workflows.map(({ id }) => id));
      cursor = page.next;
    } while (cursor !== undefined);
    expect(seen).toEqual(['w6', 'w5', 'w4', 'w3', 'w2', 'w1', 'w0']);
    for (const bad of [
      '',
      'x',
      Buffer.from('[1]').toString('base64url'),
      Buffer.from('["1","2"]').toString('base64url'),
    ]) {
      await expect(opened.summaries.list({ cursor: bad })).rejects.toThrow(InvalidCursorError);
    }
  });

  it('follows the log', async () => {
    const { store, leases, projection } = opened;
    await leases.acquire('me', 2, anHour);
    const follower = new LogFollower({
      store,
      name: 'summaries',
      handle: (events) => projection.project(events),
      pollEveryMs: 20,
    });
    await follower.assign([0, 1]);
    await store.append([
      { partition: 0, epoch: 1, events: history('w1', whole), workflows: [] },
      { partition: 1, epoch: 1, events: history('w2', whole.slice(0, 9)), workflows: [] },
    ]);
    const end = performance.now() + 10_000;
    while ((await ids({})).length < 2 && performance.now() < end) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    await follower.stop();
    expect((await opened.summaries.list({})).workflows).toMatchObject([{ id: 'w2', status: 'running' }, expected]);
    expect(await store.loadCheckpoints('summaries')).toEqual(
      new Map([
        [0, 14],
        [1, 9],
      ]),
    );
  });
});
