import { defaultPartitions, partitionOf } from '@braid/contracts';
import { type RecordedEvent } from '@braid/events';
import { openEventStore, type OpenEventStore, runMigrations, setPartitions, summaryFollower } from '@braid/event-store';
import { agent, branch, freshDatabase, type FreshDatabase, graphOf, parallel, Scenario, wait } from '@braid/testing';
import { fold, isOpen, nextMoment } from '@braid/workflow';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Client } from 'pg';
import { WorkflowSnapshots } from '../workflow-snapshots';
import { type VerifyReport } from './report';
import { UnknownWorkflowError, verify, type VerifyOptions } from './verify';

const large = 'x'.repeat(300_000);
const now = Date.now();

let database: FreshDatabase;
let opened: OpenEventStore;
let client: Client;

beforeEach(async () => {
  database = await freshDatabase();
  await runMigrations(database.url);
  await setPartitions(database.url, defaultPartitions);
  opened = await openEventStore({ url: database.url });
  client = new Client({ connectionString: database.url });
  await client.connect();
  await opened.leases.acquire('test', defaultPartitions, 60_000);
  await record('finished', finished());
  await record('open', open());
  await record('large', finished(large));
});

afterEach(async () => {
  await client.end();
  await opened.close();
  await database.drop();
});

const graph = graphOf([
  parallel('fork', [branch('a', [agent('one')]), branch('b', [agent('two'), agent('three')])]),
  wait('rest', 3_600_000),
  agent('last'),
]);

function begun(): Scenario {
  const scenario = new Scenario();
  scenario.now = now;
  return scenario;
}

function run(scenario: Scenario, output: string): Scenario {
  const playbook = { name: graph.name };
  const more = { variables: {}, context: {}, executionMode: 'parallel', requestDigest: 'd' } as const;
  scenario.send({ type: 'start', workflow: 'w', start: { playbook, graph, ...more } });
  scenario.complete('fork/a', output);
  scenario.complete('fork/b', 'two');
  scenario.complete('fork/b', 'three');
  return scenario;
}

/** One that rests, and is due at the end of that. */
const open = () => run(begun(), 'small').events;

function finished(output = 'small'): readonly RecordedEvent[] {
  const scenario = run(begun(), output);
  scenario.now += 3_600_000;
  scenario.send({ type: 'tick', signs: new Map() });
  scenario.complete('root', 'done');
  return scenario.events;
}

/** Keeps a history with all that an installation keeps beside it. */
async function record(workflow: string, history: readonly RecordedEvent[]): Promise<void> {
  const events = history.map((event) => ({ ...event, workflow }));
  const state = fold(events);
  if (state.status === 'unborn') throw new Error('It has not begun');
  const row = isOpen(state)
    ? { id: workflow, open: true, dueAt: nextMoment(state) }
    : { id: workflow, open: false, ...(state.endedAt !== undefined && { endedAt: state.endedAt }) };
  const partition = partitionOf(workflow, defaultPartitions);
  const outcome = await opened.store.append([{ partition, epoch: 1, events, workflows: [row] }]);
  if (outcome.kind !== 'committed') throw new Error(outcome.kind);
  const half = fold(await opened.store.readStream(workflow, { upToVersion: 6 }));
  if (half.status !== 'unborn') await new WorkflowSnapshots(opened.store).save(half);
  await opened.projection.project(await opened.store.readStream(workflow));
  await opened.store.saveCheckpoints(summaryFollower, outcome.positions);
}

const wrongIn = ({ faults }: VerifyReport) => faults.map(({ check, workflow }) => `${check} ${workflow ?? ''}`.trim());
const checkOf = ({ checks }: VerifyReport, name: string) => checks.find((each) => each.name === name);

describe('verify', () => {
  it('finds nothing wrong with a store that is well, and says how much it looked at', async () => {
    const report = await verify(opened);
    expect(report).toMatchObject({ ok: true, faults: [], more: 0 });
    const events = finished().length * 2 + open().length;
    const looked = Object.fromEntries(report.checks.map(({ name, checked }) => [name, checked]));
    expect(looked).toEqual({
      positions: events,
      versions: events,
      events,
      history: 3,
      rows: 3,
      list: 3,
      snapshots: 3,
      payloads: 3,
      leftovers: 1,
      orphans: 0,
    });
  });

  const digestAgain = `update braid.event set digest = braid.event_digest(stream, version, type, schema_version, at, data)`;

  it.each<[string, string, readonly string[], RegExp, RegExp]>([
    [
      'a gap in a history',
      `delete from braid.event where stream = 'finished' and version = 4`,
      ['positions', 'versions finished'],
      /1 events are missing after version 3/,
      /Restore the missing rows/,
    ],
    [
      'the lost end of a history',
      `delete from braid.event where stream = 'open' and version > 5`,
      ['positions', 'versions open', 'versions open'],
      /its history ends at version 5, and its line in the list is of version/,
      /from a backup/,
    ],
    [
      'a changed event',
      `update braid.event set data = replace(data::text, '"two"', '"ten"')::json where stream = 'finished' and type = 'BranchAdvanced'`,
      ['events finished'],
      /event \d+ \(BranchAdvanced\) is not what was appended/,
      /Restore this row/,
    ],
    [
      'a change of an event that somebody covered up',
      `update braid.event set data = replace(data::text, '"small"', '"smaller"')::json where stream = 'open' and version = 5; ${digestAgain}`,
      ['snapshots open'],
      /its snapshot of version 6 is not what its events add up to/,
      /delete from braid.snapshot where stream = 'open'/,
    ],
    [
      'a history that the rules cannot make',
      `update braid.event set data = replace(data::text, 'fork/b', 'fork/c')::json where stream = 'finished' and version = 6; ${digestAgain}`,
      ['history finished'],
      /event 6 \(\w+\) cannot follow: .*fork\/c/,
      /report it/,
    ],
    [
      'an event of a release that is newer',
      `update braid.event set schema_version = 99 where stream = 'finished' and version = 6; ${digestAgain}`,
      ['events finished'],
      /event 6 cannot be read: .*version 99/,
      /the release that wrote it/,
    ],
    [
      'a line of the list that was changed',
      `update braid.workflow_summary set status = 'running', branches_completed = 1 where workflow = 'finished'`,
      ['list finished'],
      /status is "running" in the list and "completed" by its history; branchesCompleted is 1 in the list and 2/,
      /braid replay projections/,
    ],
    [
      'a line of the list that is left behind',
      `update braid.workflow_summary set version = 1, agents = '{}', branches_total = 0, branches_completed = 0 where workflow = 'open'`,
      ['list open'],
      /its line stands at version 1, and the list has passed version 2/,
      /braid replay projections/,
    ],
    [
      'a line that is missing in the list',
      `delete from braid.workflow_summary where workflow = 'open'`,
      ['list open'],
      /its line is missing/,
      /braid replay projections/,
    ],
    [
      'a wrong snapshot',
      `update braid.snapshot set state = replace(state::text, '"attempts":1', '"attempts":2')::json where stream = 'open'`,
      ['snapshots open'],
      /its snapshot of version 6 is not what its events add up to: .*attempts: [12] and [12]/,
      /delete from braid.snapshot/,
    ],
    [
      'a snapshot that cannot be read',
      `update braid.snapshot set state = '{"forks": [], "branches": [], "workflow": {"id": "open"}}' where stream = 'open'`,
      ['snapshots open'],
      /its snapshot of version 6 cannot be read/,
      /delete from braid.snapshot/,
    ],
    [
      'an orphan',
      `update braid.workflow set due_at = ${now - 120_000} where id = 'open'`,
      ['orphans'],
      /1 workflows were due more than a minute ago/,
      /braid doctor/,
    ],
    [
      'an open workflow that nobody will look at',
      `update braid.workflow set open = false, due_at = null where id = 'open'`,
      ['rows open'],
      /its row is closed, and by its history it is running/,
      /set open = true, due_at = 0 where id = 'open'/,
    ],
    [
      'an ended workflow that is looked at for ever',
      `update braid.workflow set open = true, due_at = ${now + 3_600_000} where id = 'finished'`,
      ['rows finished'],
      /its row is open, and by its history it is completed/,
      /set open = false, due_at = \d+ where id = 'finished'/,
    ],
    [
      'a moment that is missed',
      `update braid.workflow set due_at = due_at + 1000 where id = 'open'`,
      ['rows open'],
      /its row is due at .*, and something must happen at /,
      /set open = true, due_at = \d+/,
    ],
    [
      'an age by which it would be removed too early',
      `update braid.workflow set due_at = 5 where id = 'finished'`,
      ['rows finished'],
      /its row says that it ended at 1970/,
      /set open = false/,
    ],
    [
      'a row of another partition',
      `update braid.workflow set p = (p + 1) % ${defaultPartitions} where id = 'open'`,
      ['rows open'],
      /its row names partition \d+, and its id belongs to \d+/,
      /update braid.workflow set p = /,
    ],
    [
      'a history in another partition',
      `update braid.event set p = (p + 1) % ${defaultPartitions}, seq = seq + 1000 where stream = 'open'`,
      ['positions', 'positions', 'positions open'],
      /event 1 is in partition \d+, and its workflow belongs to \d+/,
      /number of partitions/,
    ],
    [
      'a history without a row',
      `delete from braid.workflow where id = 'open'`,
      ['rows open', 'leftovers open', 'leftovers open'],
      /it has a history, and no row by which it would be found/,
      /Restore the row of braid.workflow/,
    ],
    [
      'a row without a history',
      `insert into braid.workflow (id, p, open) values ('nothing', ${partitionOf('nothing', defaultPartitions)}, false)`,
      ['versions nothing'],
      /it has a row and no history/,
      /Restore/,
    ],
    [
      'a lost payload',
      `delete from braid.payload`,
      ['payloads large', 'payloads large'],
      /event \d+ refers to the large value with SHA-256 [0-9a-f]{64}, which is not there/,
      /Restore this row of braid.payload/,
    ],
    [
      'a changed payload',
      `update braid.payload set body = '"y"'`,
      ['payloads large', 'payloads large'],
      /what is stored under it has another/,
      /Restore this row of braid.payload/,
    ],
    [
      'a payload that would be collected though it is used',
      `delete from braid.payload_use`,
      ['payloads large'],
      /nothing notes that it uses the large value/,
      /insert into braid.payload_use/,
    ],
    [
      'a payload that nothing refers to any more',
      `insert into braid.payload (hash, body, used_at) values ('abc', '1', now() - interval '3 hours')`,
      ['leftovers'],
      /1 large values are kept that nothing refers to/,
      /an orchestrator runs/,
    ],
    [
      'what is left of a workflow that is gone',
      `insert into braid.snapshot (stream, version, state_schema, state) values ('gone', 1, 1, '{}')`,
      ['leftovers gone'],
      /a snapshot is kept of a workflow that is not there/,
      /Delete it/,
    ],
  ])('finds %s, names it and says what to do', async (_, damage, wrong, message, whatToDo) => {
    await client.query(damage);
    const report = await verify(opened);
    expect(report.ok).toBe(false);
    expect(wrongIn(report).toSorted()).toEqual(wrong.toSorted());
    expect(report.faults.map((fault) => fault.message).join('\n')).toMatch(message);
    expect(report.faults.map((fault) => fault.advice).join('\n')).toMatch(whatToDo);
  });

  it('names the positions that are missing', async () => {
    const { rows } = await client.query<{ p: number; seq: string }>(
      `delete from braid.event where stream = 'finished' and version in (3, 4) returning p, seq`,
    );
    const [fault] = (await verify(opened)).faults.filter(({ check }) => check === 'positions');
    expect(fault).toMatchObject({ partition: rows[0]?.p });
    expect(fault?.message).toContain(`missing: ${rows[0]?.seq} to ${rows[1]?.seq}`);
  });

  it('takes nothing for a gap that was removed by its age', async () => {
    const followers = [summaryFollower];
    expect((await opened.retention.condemn(now + 9e6, followers, 10)).toSorted()).toEqual(['finished', 'large']);
    expect(await verify(opened)).toMatchObject({ ok: true });
    expect(await opened.retention.remove('finished')).toBe(true);
    expect(await opened.retention.remove('large')).toBe(true);
    expect(await verify(opened)).toMatchObject({ ok: true });
    await client.query(`delete from braid.event where stream = 'open' and version = 2`);
    expect(wrongIn(await verify(opened))).toContain('positions');
  });

  it.each<[string, VerifyOptions, number]>([
    ['one workflow', { workflow: 'open' }, 1],
    ['a playbook', { playbook: graph.name }, 3],
    ['another playbook', { playbook: 'other' }, 0],
    ['a sample', { sample: 2 }, 2],
    ['a sample of a playbook', { sample: 2, playbook: graph.name }, 2],
  ])('looks at no more than %s when told so', async (_, options, workflows) => {
    const report = await verify(opened, options);
    expect(report.ok).toBe(true);
    expect(checkOf(report, 'history')?.checked ?? 0).toBe(workflows);
    expect(checkOf(report, 'positions')).not.toHaveProperty('checked');
  });

  it('knows a workflow that is not there from one that is well', async () => {
    await expect(verify(opened, { workflow: 'nobody' })).rejects.toThrow(UnknownWorkflowError);
  });

  it('goes through histories that are longer than a page, many at once, and tells how far it is', async () => {
    const playbook = { name: 'wide' };
    const names = Array.from({ length: 400 }, (_, n) => branch(`b${n}`, [agent('one')]));
    const wide = begun();
    const start = { playbook, graph: graphOf([parallel('fork', names)]), variables: {}, context: {} } as const;
    wide.send({
      type: 'start',
      workflow: 'w',
      start: { ...start, executionMode: 'parallel', requestDigest: 'd' },
    });
    for (let n = 0; n < 400; n++) wide.complete(`fork/b${n}`, n);
    for (const id of ['wide-1', 'wide-2', 'wide-3']) await record(id, wide.events);
    for (let n = 0; n < 150; n++) await record(`more-${n}`, open());
    const seen: number[] = [];
    const report = await verify(opened, {
      onProgress: ({ of, done, total }) => of === 'workflows' && total === 156 && seen.push(done),
    });
    expect(report).toMatchObject({ ok: true });
    expect(checkOf(report, 'history')?.checked).toBe(156);
    expect(seen).toEqual([100, 156]);
  });

  it('keeps the first faults and counts the others', async () => {
    await client.query(`update braid.workflow set open = not open, due_at = 0`);
    const report = await verify(opened, { mostFaults: 1 });
    expect(report.faults).toHaveLength(1);
    expect(report.more).toBe(3);
    expect(checkOf(report, 'rows')).toMatchObject({ faults: 3 });
  });
});
