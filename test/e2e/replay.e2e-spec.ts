import { setTimeout as sleep } from 'node:timers/promises';
import { spawn } from 'node:child_process';
import { resolve } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { type RebuildReport } from '@braid/event-store';
import { type VerifyReport } from '@braid/history';
import { Client } from 'pg';
import { braid, braidWith } from './rig/braid';
import { showingLogs, Stack } from './rig/stack';
import { until } from './rig/until';

jest.setTimeout(60_000);

const playbook = `
name: replayed
steps:
  - id: fork
    parallel:
      branches:
        a: { agent: builtin.echo, with: a }
        b: { steps: [{ id: first, agent: builtin.echo, with: b }, { id: second, agent: builtin.echo, with: c }] }
`;

let stack: Stack;
let database: Client;

beforeAll(async () => {
  stack = await Stack.start({ orchestrators: 1, runners: 1 });
  database = new Client({ connectionString: stack.database.url });
  await database.connect();
}, 120_000);

afterEach(() => endTraffic?.());

afterAll(async () => {
  await database.end();
  await stack.stop();
});

const operator = (...args: readonly string[]) => braidWith({ DATABASE_URL: stack.database.url }, ...args);

async function replay(...args: readonly string[]): Promise<RebuildReport & { readonly code: number | null }> {
  const { code, out, err } = await operator('replay', 'projections', '--json', ...args);
  if (out === '') throw new Error(err);
  return { ...(JSON.parse(out) as RebuildReport), code };
}

async function rowsOf(table: string): Promise<number> {
  const { rows } = await database.query<{ there: boolean }>('select to_regclass($1) is not null as there', [table]);
  if (rows[0]?.there !== true) return 0;
  return Number((await database.query<{ count: string }>(`select count(*) from ${table}`)).rows[0]?.count);
}

async function indexes(): Promise<readonly string[]> {
  const { rows } = await database.query<{ definition: string }>(
    `select indexdef as definition from pg_indexes where schemaname = 'braid' and tablename = 'workflow_summary'`,
  );
  return rows.map(({ definition }) => definition).toSorted();
}

let endTraffic: (() => Promise<void>) | undefined;

/** Reads the list and starts workflows until it is told to stop; notes what was refused. */
function traffic() {
  let isOn = true;
  const figures = { reads: 0, starts: 0, failed: [] as string[] };
  const count = async (of: 'reads' | 'starts', act: () => Promise<unknown>) => {
    while (isOn) {
      await act().then(
        () => (figures[of] += 1),
        (error: unknown) => {
          figures.failed.push(String(error));
          isOn = false;
        },
      );
    }
  };
  const running = Promise.all([
    count('reads', () => stack.client().list({ limit: 100 })),
    count('reads', () => stack.client().list({ status: 'completed', q: 'replayed' })),
    count('starts', async () => {
      await stack.client().start({ playbook });
      await sleep(20);
    }),
  ]);
  endTraffic = async () => {
    isOn = false;
    await running;
  };
  return figures;
}

describe('braid replay projections', () => {
  it(
    'makes the list anew while it is served, goes on after it was killed half-way, and leaves it equal by hash',
    showingLogs(async () => {
      const ids = await Promise.all(
        Array.from({ length: 150 }, async () => (await stack.client().start({ playbook })).id),
      );
      await Promise.all(ids.map((id) => stack.ended(id)));
      await until('the list knows all ends', async () => {
        return (await operator('replay', 'projections', '--verify')).code === 0;
      });
      const before = await indexes();
      const [changed = '', gone = ''] = ids;
      await database.query(`update braid.workflow_summary set status = 'failed', error = 'x' where workflow = $1`, [
        changed,
      ]);
      await database.query('delete from braid.workflow_summary where workflow = $1', [gone]);
      const told = await replay('--verify');
      expect(told).toMatchObject({ code: 1, differing: 1, switched: false });
      expect(told.wrong.map(({ workflow }) => workflow).toSorted()).toEqual([changed, gone].toSorted());
      expect(told.before).not.toBe(told.after);

      const figures = traffic();
      const main = resolve(__dirname, '../../dist/apps/cli/src/main.js');
      const first = spawn(process.execPath, [main, 'replay', 'projections', '--rate', '150'], {
        env: { PATH: process.env['PATH'] ?? '', DATABASE_URL: stack.database.url },
        stdio: 'ignore',
      });
      const ended = new Promise((done) => first.on('close', (_, signal) => done(signal)));
      await until('half of it is made', async () => (await rowsOf('braid.workflow_summary_next')) > 50);
      const second = await operator('replay', 'projections');
      expect([second.code, second.err]).toEqual([1, expect.stringContaining('Somebody else rebuilds the list now')]);
      first.kill('SIGKILL');
      expect(await ended).toBe('SIGKILL');
      const half = await rowsOf('braid.workflow_summary_next');
      expect(half).toBeGreaterThan(50);
      const mended = await replay();
      expect(mended).toMatchObject({ code: 0, resumed: true, switched: true });
      expect(mended.wrong.map(({ workflow }) => workflow)).toEqual(expect.arrayContaining([changed, gone]));
      await sleep(500);
      await endTraffic?.();
      expect(figures.failed).toEqual([]);
      expect(Math.min(figures.reads, figures.starts)).toBeGreaterThan(10);

      const all = (await database.query<{ id: string }>('select id from braid.workflow')).rows;
      await Promise.all(all.map(({ id }) => stack.ended(id)));
      const last = await until('the list has caught up', async () => {
        const report = await replay('--verify');
        return report.code === 0 && report.compared === all.length && report;
      });
      expect(last).toMatchObject({ differing: 0, wrong: [], resumed: false });
      expect(last.before).toBe(last.after);
      expect(await indexes()).toEqual(before);
      const { code, out } = await operator('verify', '--json');
      expect([code, (JSON.parse(out) as VerifyReport).faults]).toEqual([0, []]);
    }),
    180_000,
  );
});

describe('a workflow in the past', () => {
  it('is shown at any version, compared between two, and told step by step', async () => {
    const { id, version } = await stack.run(playbook);
    const gateway = stack.service('gateway-1').address;
    const at = JSON.parse((await braid(gateway, 'show', id, '--at', '2', '--json')).out) as { branchStatus: unknown[] };
    expect(at).toMatchObject({ version: 2, status: 'running' });
    const diff = await braid(gateway, 'diff', id, '2', String(version));
    expect(diff.code).toBe(0);
    expect(diff.out).toMatch(/^status\n {2}- "running"\n {2}\+ "completed"$/m);
    expect(diff.out).toMatch(/^branches\.fork\/a\.status\n {2}- "pending"\n {2}\+ "completed"$/m);
    expect((await braid(gateway, 'diff', id, '2', '2')).out).toBe('Nothing is different.\n');
    const far = await braid(gateway, 'diff', id, '2', '999');
    expect([far.code, far.err]).toEqual([1, expect.stringContaining(`the last is ${version}`)]);

    const told = await braid(gateway, 'replay', 'stream', id);
    expect(told.out).toMatch(/WorkflowStarted.*\n +starts replayed in parallel mode/);
    expect(told.out).toMatch(/BranchRequested {2}fork\/a\n +asks builtin\.echo for step a/);
    expect(told.out).toMatch(/the fork fork is met, because all-must-complete: /);
    expect(told.out).toMatch(/WorkflowCompleted\n +has completed.*\n +→ completed, 0 open, 3 ended\n$/);
    const lines = (await braid(gateway, 'replay', 'stream', id, '--follow', '--json')).out.trimEnd().split('\n');
    expect(lines).toHaveLength(version);
    expect(JSON.parse(lines.at(-1) ?? '')).toMatchObject({ version, status: 'completed', open: [] });
  });

  it('is told while it goes on', async () => {
    const { id } = await stack.client().start({
      playbook: '{ name: asked, steps: [{ id: gate, signal: { name: approve } }, { id: after, agent: builtin.echo }] }',
    });
    const following = braid(stack.service('gateway-1').address, 'replay', 'stream', id, '--follow');
    await stack.client().signal(id, 'approve');
    const { code, out } = await following;
    expect(code).toBe(0);
    expect(out).toMatch(/waits for the signal approve/);
    expect(out).toMatch(/takes in the signal approve/);
    expect(out).toMatch(/→ completed/);
  });
});
