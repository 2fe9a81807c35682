import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type WorkflowView } from '@braid/contracts';
import { type JsonObject } from '@braid/events';
import { smallRepository } from './rig/small-repository';
import { showingLogs, Stack } from './rig/stack';

const folder = resolve(__dirname, '../../examples');
const names = readdirSync(folder).filter((name) => name.endsWith('.yaml'));
/** Those that others run; they must be published. */
const children = ['release-check.yaml', 'release-publish.yaml'];
const sourceOf = (name: string) => readFileSync(join(folder, name), 'utf8');

let stack: Stack;
let home: string;
let path: string;

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'braid-examples-'));
  const env = { BRAID_AGENTS_DIR: join(folder, 'agents'), BRAID_COMMAND_ALLOW: 'git,node' };
  [stack, path] = await Promise.all([
    Stack.start({ env }),
    smallRepository(join(home, 'repository'), [
      {
        message: 'Begin',
        files: { 'package.json': '{ "name": "small", "version": "1.0.0" }\n', 'README.md': '# Small\n' },
      },
      { message: 'Add', files: { 'src/add.js': 'const add = (a, b) => a + b;\n\nmodule.exports = { add };\n' } },
      {
        message: 'Double, with its test',
        files: { 'src/double.js': 'const double = (a) => 2 * a;\n', 'src/double.test.js': 'test("double");\n' },
      },
      { message: 'Configure', files: { 'src/config.test.js': 'const apiKey = "0123456789abcdef";\n' } },
    ]),
  ]);
  for (const name of children) await stack.client().publish(sourceOf(name));
}, 120_000);

afterAll(async () => {
  await stack.stop();
  await rm(home, { recursive: true, force: true });
}, 60_000);

const run = (name: string, variables: JsonObject = {}) => stack.run({ playbook: sourceOf(name), variables });

async function answered(variables: JsonObject, signals: JsonObject): Promise<WorkflowView> {
  const { id } = await stack.client().start({ playbook: sourceOf('approval-gate.yaml'), variables });
  for (const [name, payload] of Object.entries(signals)) await stack.client().signal(id, name, payload);
  return stack.ended(id);
}

const statuses = (workflow: WorkflowView) =>
  Object.fromEntries(workflow.branchStatus.map(({ branch, status }) => [branch, status]));

/** What each example does; the first test sees to it that none is missing. */
const stories: Readonly<Record<string, () => Promise<void>>> = {
  'first.yaml': async () => {
    const workflow = await run('first.yaml');
    expect(workflow).toMatchObject({ status: 'completed', output: { reviews: { quick: {}, slow: {} } } });
    expect(statuses(workflow)).toMatchObject({ broken: 'failed' });
  },

  'repo-audit.yaml': async () => {
    const workflow = await run('repo-audit.yaml', { path });
    expect(workflow).toMatchObject({ status: 'completed', output: expect.stringContaining('The last 4 commits') });
    expect(Object.values(statuses(workflow))).not.toContain('failed');
  },

  'review-by-majority.yaml': async () => {
    const review = (commit: string) => run('review-by-majority.yaml', { path, commit });
    const [untested, tested, leaking] = await Promise.all([review('HEAD~2'), review('HEAD~1'), review('HEAD')]);
    const approved = { verdict: 'approve', because: 'no key in sight' };
    expect(untested).toMatchObject({ status: 'completed', output: approved });
    expect(tested).toMatchObject({ status: 'completed', output: approved });
    expect(leaking).toMatchObject({
      status: 'completed',
      output: { verdict: 'ask a person', because: 'the reviewers do not agree' },
    });
  },

  'race.yaml': async () => {
    const workflow = await run('race.yaml', { question: 'Why?' });
    expect(workflow).toMatchObject({ status: 'completed', output: { model: 'medium', text: 'Medium on: Why?' } });
    expect(statuses(workflow)).toMatchObject({ small: 'completed', medium: 'completed', large: 'cancelled' });
    const budget = { tokens: 4000 };
    expect(workflow.cost).toMatchObject({ budget, usage: { tokens: 860 }, remaining: { tokens: 640 } });
    const playbook = sourceOf('race.yaml');
    const [narrow, empty] = await Promise.all([
      stack.run({ playbook, budget: { tokens: 1500 } }),
      stack.run({ playbook, budget: { tokens: 100 } }),
    ]);
    expect(narrow).toMatchObject({
      status: 'completed',
      output: { model: 'medium' },
      cost: { usage: { tokens: 860 } },
    });
    expect(statuses(narrow)).toMatchObject({ medium: 'completed', large: 'failed' });
    expect(empty).toMatchObject({ status: 'failed', error: { cause: { code: 'budget' } }, cost: { attempts: 0 } });
  },

  'map-reduce.yaml': async () => {
    const workflow = await run('map-reduce.yaml', { path });
    const longest = { file: 'src/add.js', lines: 3 };
    expect(workflow).toMatchObject({ status: 'completed', output: { files: 6, lines: 8, longest } });
  },

  'approval-gate.yaml': async () => {
    const answer = (decision: string) => answered({ version: '1.2.3' }, { approve: { by: 'Ada', decision } });
    const [released, held] = await Promise.all([answer('release'), answer('hold')]);
    expect(released).toMatchObject({ status: 'completed', output: 'Release 1.2.3 went out, approved by Ada' });
    expect(held).toMatchObject({
      status: 'failed',
      error: { type: 'NotApproved', code: 'failed-by-playbook', message: 'held back by Ada' },
    });
  },

  'release-check.yaml': async () => {
    const workflow = await run('release-check.yaml', { package: 'docs', version: '1.2.3' });
    expect(workflow).toMatchObject({ status: 'failed', error: { type: 'LicenceMissing' } });
  },

  'release-publish.yaml': async () => {
    const workflow = await run('release-publish.yaml', { version: '1.2.3', packages: ['core'], by: 'Ada' });
    expect(workflow).toMatchObject({ executionMode: 'sequential', output: { published: ['core@1.2.3'], by: 'Ada' } });
  },

  'release.yaml': async () => {
    const client = stack.client();
    const { id } = await client.start({ playbook: sourceOf('release.yaml'), variables: { version: '1.2.3' } });
    await client.signal(id, 'release', { by: 'Ada' });
    const workflow = await stack.ended(id);
    const published = ['core@1.2.3', 'cli@1.2.3'];
    expect(workflow).toMatchObject({ status: 'completed', output: { published, by: 'Ada' } });
    const failed = workflow.branchStatus.filter(({ status }) => status === 'failed');
    expect(failed).toMatchObject([{ child: { playbook: 'release-check' }, error: { code: 'child-failed' } }]);
    expect(await client.get(failed[0]?.child?.workflow ?? '')).toMatchObject({
      parent: { workflow: id, branch: 'checks/2', step: failed[0]?.step },
      error: { type: 'LicenceMissing' },
    });
  },

  'dag-build.yaml': async () => {
    const broken = ['node', '-e', 'process.exit(1)'];
    const [built, failed] = await Promise.all([run('dag-build.yaml'), run('dag-build.yaml', { lint: broken })]);
    expect(built).toMatchObject({ status: 'completed', output: { packed: 'app.tgz', tests: 310 } });
    expect(failed).toMatchObject({ status: 'failed', error: { code: 'convergence-unmet' } });
    expect(statuses(failed)).toMatchObject({ lint: 'failed', test: 'completed', pack: 'skipped' });
  },

  'nested-research.yaml': async () => {
    const workflow = await run('nested-research.yaml', { path, terms: ['double', 'README', 'nowhere'] });
    expect(workflow).toMatchObject({ status: 'completed' });
    expect(workflow.output).toEqual([
      {
        term: 'double',
        code: 'src/double.js\nsrc/double.test.js',
        history: 'Double, with its test',
        names: 'src/double.js\nsrc/double.test.js',
      },
      { term: 'README', code: '', history: '', names: 'README.md' },
      { term: 'nowhere', code: '', history: '', names: '' },
    ]);
  },

  'best-of.yaml': async () => {
    const workflow = await run('best-of.yaml', { text: 'again and again and again and again. '.repeat(20) });
    expect(workflow).toMatchObject({ status: 'completed', output: { way: 'brotli', bytes: expect.any(Number) } });
  },

  'judge.yaml': async () => {
    const text =
      'Once upon a time, somewhere or other, this is what happened to some of them.\n\nSo it was. The river rose over the ' +
      'bridge, and then the river closed the bridge.\n\nWell, well. People waited at the river for the bridge.';
    const [chosen, tooShort] = await Promise.all([
      run('judge.yaml', { text, words: 24 }),
      run('judge.yaml', { text: 'This one sentence has far too many words for it', words: 5 }),
    ]);
    expect(chosen).toMatchObject({
      status: 'completed',
      output: { best: 'weight', summary: expect.stringContaining('river') },
      convergencePoints: [{ strategy: 'judge', counted: 'all', decidedBy: 'judge', tally: { total: 3, completed: 3 } }],
    });
    expect(statuses(chosen)).toMatchObject({ judge: 'completed' });
    expect(tooShort).toMatchObject({ status: 'failed', error: { code: 'convergence-unmet' } });
    expect(statuses(tooShort)).toMatchObject({ judge: 'skipped' });
  },

  'fallback.yaml': async () => {
    const [healed, cached] = await Promise.all([run('fallback.yaml'), run('fallback.yaml', { failures: 9 })]);
    expect(healed).toMatchObject({ status: 'completed', output: { price: 42, from: 'service' } });
    expect(cached).toMatchObject({ status: 'completed', output: { price: 40, from: 'cache' } });
    expect(cached.cost.attempts).toBe(4);
  },

  'saga.yaml': async () => {
    const ledgers = ['declined', 'paid'].map((name) => join(home, `${name}.jsonl`));
    const [declined, paid] = await Promise.all([
      run('saga.yaml', { ledger: ledgers[0] ?? '' }),
      run('saga.yaml', { ledger: ledgers[1] ?? '', card: 'valid' }),
    ]);
    expect(declined).toMatchObject({ status: 'failed', error: { type: 'CardDeclined' } });
    expect(declined.compensation).toMatchObject({
      ...{ state: 'compensated', because: 'failed', steps: { total: 3, undone: 3, failed: 0 } },
    });
    expect(paid).toMatchObject({ status: 'completed', output: { paid: 980 } });
    const [undone = [], kept = []] = ledgers.map((path) =>
      readFileSync(path, 'utf8')
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as { readonly did: string; readonly what: string })
        .map(({ did, what }) => `${did} ${what.split('-')[0]}`),
    );
    const booked = undone.slice(0, 3);
    expect(booked[0]).toBe('book flight');
    expect(booked.toSorted()).toEqual(['book car', 'book flight', 'book hotel']);
    expect(undone).toHaveLength(6);
    expect(undone[5]).toBe('cancel flight');
    expect(undone.toSorted()).toEqual([...booked, ...booked.map((line) => line.replace('book', 'cancel'))].toSorted());
    expect(kept).toHaveLength(4);
    expect(kept.filter((line) => line.startsWith('cancel'))).toEqual([]);
  },
};

describe('the examples', () => {
  it('each has a test here, a line in README.md, and the schema for editors', () => {
    expect(names.sort()).toEqual(Object.keys(stories).sort());
    const readme = readFileSync(join(folder, 'README.md'), 'utf8');
    for (const name of names) {
      expect(readme).toContain(`[${name}](${name})`);
      const [first, second] = sourceOf(name).split('\n');
      expect(first).toBe('# yaml-language-server: $schema=../schemas/playbook.schema.json');
      expect([name, second]).toEqual([name, expect.stringMatching(/^# \w/)]);
    }
  });

  it.each(names)('%s is valid', async (name) => {
    const { problems } = await stack.client().validate(sourceOf(name));
    expect(problems).toEqual([]);
  });

  it.each(Object.entries(stories))(
    '%s does what it is for',
    async (_name, story) => {
      await expect(showingLogs(story)()).resolves.toBeUndefined();
    },
    90_000,
  );
});
