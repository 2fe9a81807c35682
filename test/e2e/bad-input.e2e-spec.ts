import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { partitionOf, subjects } from '@braid/contracts';
import { type DeadLetterView } from '@braid/sdk';
import { showingLogs, Stack } from './rig/stack';
import { until } from './rig/until';

const agents = {
  'hostile.ts': `import { defineAgent } from '@braid/sdk';
    const cycle: Record<string, unknown> = {};
    cycle.self = cycle;
    let deep: unknown = 1;
    for (let depth = 0; depth < 10_000; depth++) deep = [deep];
    const outputs: Record<string, () => unknown> = {
      nul: () => 'a\\0b',
      nulKey: () => ({ 'a\\0b': 1 }),
      surrogate: () => 'a\\ud800b',
      pollution: () => JSON.parse('{"__proto__": {"polluted": true}}'),
      huge: () => 'x'.repeat(9_000_000),
      deep: () => deep,
      cycle: () => cycle,
      function: () => () => 1,
      bigint: () => 10n ** 30n,
      notANumber: () => Number.NaN,
      nothing: () => undefined,
      nulError: () => { throw new Error('bad\\0 \\ud800 news'); },
      hugeError: () => { throw new Error('x'.repeat(3_000_000)); },
      text: () => { throw 'just text'; },
      exit: () => process.exit(3),
      stray: () => { setTimeout(() => { throw new Error('later'); }, 1); return new Promise(() => undefined); },
    };
    export const hostile = defineAgent({ name: 'own.hostile', run: (input: { kind: string }) => outputs[input.kind]?.() });
    export const big = defineAgent({ name: 'own.big', run: () => 'x'.repeat(400_000) });`,
};

/** What each agent does, and how its branch ends. Those that end their thread stand among the others, who must not notice. */
const ends = {
  nul: 'invalid-output',
  exit: 'agent-error',
  nulKey: 'invalid-output',
  surrogate: 'invalid-output',
  stray: 'agent-error',
  pollution: 'invalid-output',
  huge: 'limit',
  deep: 'invalid-output',
  cycle: 'invalid-output',
  function: 'invalid-output',
  bigint: 'invalid-output',
  notANumber: 'invalid-output',
  nothing: 'completed',
  nulError: 'agent-error',
  hugeError: 'agent-error',
  text: 'agent-error',
};

jest.setTimeout(60_000);

let stack: Stack;

beforeAll(async () => {
  stack = await Stack.start({ agents, env: { BRAID_MAX_BODY_BYTES: '100000', BRAID_SLOTS: '2' } });
}, 120_000);

afterAll(async () => {
  await stack.stop();
});

const healthy = () => stack.run('{ name: healthy, steps: [{ id: a, agent: builtin.echo, with: fine }] }');

async function post(path: string, body: string, type = 'application/json') {
  const response = await fetch(`${stack.service('gateway-1').address}${path}`, {
    method: 'POST',
    headers: { 'content-type': type },
    body,
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

describe('requests that cannot be used', () => {
  const mistaken = `name: mistaken
stepz: []
steps:
  - id: twice
    agent: builtin.echo
    timeout: soon
  - id: twice
    agent: builtin.echo
  - id: fork
    parallel:
      branches:
        a: { needs: [b], agent: builtin.echo }
        b: { needs: [a], agent: builtin.echo }
    converge: { strategy: best-guess }
  - id: late
    agent: builtin.echo
    with: \${{ steps.nowhere.output }}
`;

  // Seen to fail with one of the mistakes corrected.
  it.each([
    ['validation', '/v1/playbooks/validate', 200],
    ['a start', '/v1/workflows', 422],
    ['a publication', '/v1/playbooks', 422],
  ])('six mistakes give six problems with their paths and lines in one answer of %s', async (_, path, status) => {
    const answer = await post(path, mistaken, 'application/yaml');
    expect(answer.status).toBe(status);
    const problems = answer.body['problems'] as { path: string; line: number; column: number; message: string }[];
    const found = problems.map(({ path: at, line }) => `${line}: ${at}`);
    expect(found.sort()).toEqual([
      '12: steps[2].parallel.branches.a.needs',
      '14: steps[2].converge.strategy',
      '17: steps[3].with',
      '2: stepz',
      '6: steps[0].timeout',
      '7: steps[1].id',
    ]);
    for (const problem of problems) expect(problem).toMatchObject({ column: expect.any(Number), severity: 'error' });
  });

  it('each says what is wrong with the fitting status', async () => {
    const typed = '{ name: typed, variables: { n: { type: integer } }, steps: [{ agent: builtin.echo }] }';
    const wrong = await post('/v1/workflows', JSON.stringify({ playbook: typed, variables: { n: 'x', extra: 1 } }));
    expect(wrong).toMatchObject({ status: 422, body: { code: 'variables.invalid' } });
    expect(wrong.body['problems']).toHaveLength(2);
    expect(await post('/v1/workflows', '{"playbook":')).toMatchObject({
      status: 400,
      body: { code: 'body.malformed' },
    });
    expect(await post('/v1/workflows', JSON.stringify({ playbook: 'x'.repeat(200_000) }))).toMatchObject({
      status: 413,
      body: { code: 'body.too-large' },
    });
    for (const id of [randomUUID(), 'no-id-at-all']) {
      const found = stack.client().get(id);
      await expect(found).rejects.toMatchObject({ status: 404, code: 'workflow.not-found' });
      await expect(stack.client().cancel(id)).rejects.toMatchObject({ status: 404, code: 'workflow.not-found' });
    }
    expect((await healthy()).output).toBe('fine');
  });
});

describe('garbage on the bus', () => {
  const workflow = randomUUID();
  const home = partitionOf(workflow, 32);
  const report = { workflow, branch: 'root', step: 'a', attempt: 1, token: 't', runner: 'r', startedAt: 1, endedAt: 2 };
  const garbage: readonly (readonly [string, string | Uint8Array])[] = [
    [subjects.start(home, workflow), 'not JSON'],
    [subjects.start(home, workflow), ''],
    [subjects.start(home, workflow), Uint8Array.from([0xff, 0xfe, 0x00])],
    [subjects.start(home, workflow), '{"workflow": 1}'],
    [subjects.start(home, workflow), '['.repeat(50_000)],
    [subjects.start((home + 1) % 32, workflow), JSON.stringify({ workflow, graph: {} })],
    [subjects.report(home, workflow), JSON.stringify({ ...report, type: 'BranchCompleted', output: 1 })],
    [subjects.report(home, workflow), JSON.stringify({ ...report, type: 'BranchMaybe' })],
    [subjects.command(home, workflow), JSON.stringify({ type: 'explode' })],
    [subjects.command(home, 'no-id'), JSON.stringify({ type: 'cancel' })],
    [`braid.in.${home}.nonsense.${workflow}`, '{}'],
    [`braid.in.${home}.start`, '{}'],
  ];

  // Seen to fail with a well-formed message among them: it never reaches the dead letters.
  it(
    'goes to the dead letters with its body and its reason, and nothing else notices',
    showingLogs(async () => {
      for (const [subject, body] of garbage) await stack.bus.publisher.publish(subject, body);
      const letters = await until('all of it has been set aside', async () => {
        const { deadLetters } = await stack.client().deadLetters({ limit: 100 });
        return deadLetters.length >= garbage.length && deadLetters;
      });
      const sent = garbage.map(([subject, body]) => `${subject} ${Buffer.from(body).toString('base64')}`);
      expect(letters.map(asSent).sort()).toEqual(sent.sort());
      for (const letter of letters) expect(letter.reason).not.toBe('');
      expect((await healthy()).output).toBe('fine');
      await expect(stack.client().get(workflow)).rejects.toMatchObject({ status: 404 });
      for (const { app, running, log } of stack.services) {
        expect([app, running, log.includes('"level":"fatal"')]).toEqual([app, true, false]);
      }
    }),
  );

  const asSent = ({ subject, body, encoding }: DeadLetterView) =>
    `${subject} ${encoding === 'base64' ? body : Buffer.from(body).toString('base64')}`;
});

describe('agents whose outputs cannot be used', () => {
  it(
    'each is a result or a failure of its own branch',
    showingLogs(async () => {
      const branches = Object.keys(ends).map(
        (kind) => `${kind}: { agent: own.hostile, retry: false, with: { kind: ${kind} } }`,
      );
      const workflow = await stack.run(`
name: hostile
steps:
  - id: fork
    parallel: { branches: { fine: { agent: builtin.echo, with: 1 }, ${branches.join(', ')} } }
    converge: { strategy: all-settled, require: 1 }
output: \${{ steps.fork.output.fine }}
`);
      expect(workflow).toMatchObject({ status: 'completed', output: 1 });
      const found = workflow.branchStatus.map(({ branch, status, error }) => [branch, error?.code ?? status]);
      expect(Object.fromEntries(found)).toEqual({ root: 'completed', fine: 'completed', ...ends });
      const messages = workflow.branchStatus.map(({ error }) => error?.message ?? '');
      expect(messages.filter((message) => message.length > 20_000)).toEqual([]);
      expect((await healthy()).output).toBe('fine');
    }),
  );

  // Seen to fail while work that no message can carry was never sent, and such an event held up the feed.
  it.each([
    ['the input of the next agent', '- { id: next, agent: builtin.echo, with: "${{ steps.each.output }}" }'],
    ['the context of the next agent', '- { id: next, agent: builtin.echo, with: 1 }'],
    ['the output of the workflow', ''],
  ])('outputs that are too large for a message together reach %s, and the feed goes on', (what, steps) =>
    showingLogs(async () => {
      const seen: string[] = [];
      const end = stack.bus.listen('braid.events.*.*.*', ({ subject, value }) => {
        if (/\.Workflow(Completed|Failed)\./.test(subject)) seen.push((value as { subject: string }).subject);
      });
      const kept = what.includes('context') ? "export: { all: '${{ output }}' }" : '';
      const workflow = await stack.run(`
name: large
steps:
  - { id: each, map: { over: [1, 2, 3, 4] }, agent: own.big${kept && `, ${kept}`} }
  ${steps}
`);
      expect(workflow.status).toBe('completed');
      await until('the feed has told the end', () => seen.includes(workflow.id));
      end();
      expect((await healthy()).output).toBe('fine');
    })(),
  );
});
