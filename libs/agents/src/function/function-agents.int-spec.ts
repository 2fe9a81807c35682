import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type Failure, type Json } from '@braid/events';
import { type Agent } from '../agent';
import { toFailure } from '../to-failure';
import { contextOf, workOf } from '../work.fixture';
import { type FunctionAgents, loadFunctionAgents } from './load-function-agents';

const files = {
  'words.ts': `
    import { defineAgent, AgentError, NonRetryableError } from '@braid/sdk';
    type Input = { readonly text: string };
    export default defineAgent<Input>({
      name: 'text.words',
      description: 'Counts words',
      inputSchema: { type: 'object', required: ['text'], properties: { text: { type: 'string' } } },
      outputSchema: { type: 'object', required: ['words'] },
      run: ({ text }, ctx) => {
        ctx.log('counting');
        console.log('printed %d', 7);
        ctx.heartbeat({ done: 1 });
        return { words: text.split(' ').length, attempt: ctx.attempt, key: ctx.idempotencyKey };
      },
    });
    export const limited = defineAgent({
      name: 'text.limited',
      run: () => { throw new AgentError('slow down', { code: 'rate-limited', retryAfter: 1500, details: { quota: 3 } }); },
    });
    export const spender = defineAgent<{ readonly amounts: readonly Record<string, number>[]; readonly then?: string }>({
      name: 'text.spender',
      run: ({ amounts, then }, ctx) => {
        for (const each of amounts) ctx.reportUsage(each);
        if (then === 'fail') throw new Error('spent in vain');
        if (then === 'hang') for (;;);
        return 'done';
      },
    });
    export const final = defineAgent({ name: 'text.final', run: () => { throw new NonRetryableError('never'); } });
    export const broken = defineAgent({
      name: 'text.broken',
      run: () => { throw new RangeError('outer', { cause: new TypeError('inner') }); },
    });
    export const once = defineAgent({ name: 'text.once', idempotent: false, run: () => { throw new Error('half done'); } });
    export const map = defineAgent({ name: 'text.map', run: () => ({ a: [new Map()] }) as never });
    export const big = defineAgent({ name: 'text.big', run: () => 'x'.repeat(200_000) });
  `,
  'bad.ts': `
    import { defineAgent } from '@braid/sdk';
    const hog: number[][] = [];
    export const loop = defineAgent({ name: 'bad.loop', run: () => { for (;;); } });
    export const memory = defineAgent({ name: 'bad.memory', run: () => { for (;;) hog.push(new Array(100_000).fill(Math.random())); } });
    export const exits = defineAgent({ name: 'bad.exits', run: () => process.exit(3) });
    export const throwsLate = defineAgent({
      name: 'bad.throws-late',
      run: () => new Promise(() => { setTimeout(() => { throw new Error('late'); }, 5); }),
    });
    export const waits = defineAgent({
      name: 'bad.waits',
      run: (_input, ctx) => new Promise((resolve) => {
        ctx.signal.addEventListener('abort', () => resolve('tidied up'));
        ctx.heartbeat();
      }),
    });
    export const spies = defineAgent({ name: 'bad.spies', run: () => Object.keys(process.env).filter((n) => n.startsWith('BRAID_')) });
  `,
  'plain.mjs': `import { defineAgent } from '@braid/sdk'; export const agent = defineAgent({ name: 'plain.mjs', run: (x) => x });`,
  'plain.js': `const { defineAgent } = require('@braid/sdk'); exports.agent = defineAgent({ name: 'plain.js', run: (x) => x });`,
  'syntax.ts': `export default ((`,
  'throws.ts': `throw new Error('no database');`,
  'hangs.ts': `for (;;);`,
  'twice.ts': `import { defineAgent } from '@braid/sdk'; export default defineAgent({ name: 'plain.mjs', run: () => 1 });`,
  'nothing.ts': `export const x = 1;`,
  '_helper.ts': `export const y = 1;`,
  'words.spec.ts': `throw new Error('a test is no agent');`,
};

let dir: string;
let loaded: FunctionAgents;
const threadErrors: unknown[] = [];

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'braid-agents-'));
  await Promise.all(Object.entries(files).map(([name, text]) => writeFile(join(dir, name), text)));
  loaded = await loadFunctionAgents({
    dir,
    slots: 2,
    maxOutputBytes: 100_000,
    cacheDir: join(dir, '.compiled'),
    taken: new Set(['http']),
    loadTimeoutMs: 8_000,
    onError: (error) => threadErrors.push(error),
  });
}, 60_000);

afterAll(async () => {
  await Promise.all(loaded.agents.map(async (agent) => agent.close?.()));
  await rm(dir, { recursive: true, force: true });
});

function agent(name: string): Agent {
  const found = loaded.agents.find((one) => one.name === name);
  if (found === undefined) throw new Error(`no agent ${name}`);
  return found;
}

async function failureOf(name: string, input: Json, signal?: AbortSignal): Promise<Failure> {
  return agent(name)
    .run(workOf({ agent: name, input }), contextOf(signal === undefined ? {} : { signal }))
    .then(
      (output) => Promise.reject(new Error(`completed with ${JSON.stringify(output)}`)),
      (error: unknown) => toFailure(error),
    );
}

test('agents of TypeScript and JavaScript files are served, whatever their neighbours do', () => {
  const names = loaded.agents.map(({ name }) => name);
  expect(names).toEqual(expect.arrayContaining(['text.words', 'plain.mjs', 'plain.js', 'bad.loop']));
});

test('each file that cannot be served is reported with what is wrong', () => {
  const messages = Object.fromEntries(
    loaded.problems.map(({ file, message }) => [file.slice(dir.length + 1), message]),
  );
  expect(messages).toEqual({
    'syntax.ts': expect.stringMatching(/SyntaxError|ParseError/),
    'throws.ts': expect.stringContaining('no database'),
    'hangs.ts': expect.stringContaining('8000 ms'),
    'twice.ts': expect.stringContaining('"plain.mjs" exists already'),
    'nothing.ts': expect.stringContaining('defineAgent'),
  });
});

test('an agent gets its input and what it may know, and its lines are heard', async () => {
  const ctx = contextOf();
  const work = workOf({ agent: 'text.words', input: { text: 'a b c' }, attempt: 2 });
  await expect(agent('text.words').run(work, ctx)).resolves.toEqual({ words: 3, attempt: 2, key: work.idempotencyKey });
  expect(ctx.lines).toEqual(['counting', 'printed 7']);
  expect(ctx.beats).toEqual([{ done: 1 }]);
});

// Seen to fail, for the agent that hangs, with the messages of its thread not heard.
test('what an agent has used is told, however it ends', async () => {
  const amounts = [{ tokens: 5, usd: 0.25 }, { tokens: 7 }];
  for (const then of ['return', 'fail', 'hang']) {
    const signal = then === 'hang' ? AbortSignal.timeout(300) : new AbortController().signal;
    const ctx = contextOf({ signal });
    await agent('text.spender')
      .run(workOf({ input: { amounts, then } }), ctx)
      .catch(() => undefined);
    expect([then, ctx.usage]).toEqual([then, [{ tokens: 12, usd: 0.25 }]]);
  }
});

test.each([
  [{ tokens: -1 }, 'the usage of tokens must be a number from 0 on, not -1'],
  [{ tokens: null }, 'the usage of tokens must be a number from 0 on, not null'],
  [{ attempts: 1 }, 'attempts are counted by Braid'],
  [{ 'a b': 1 }, '"a b" is no unit'],
])('an agent that reports %j hears what is wrong with it', async (amounts, message) => {
  await expect(failureOf('text.spender', { amounts: [amounts] })).resolves.toMatchObject({
    type: 'TypeError',
    message: expect.stringContaining(message),
  });
});

test('an input that does not match its schema is refused for good', async () => {
  const failure = await failureOf('text.words', { text: 5 });
  expect(failure).toMatchObject({
    code: 'invalid-input',
    retryable: false,
    message: expect.stringContaining('text must be string'),
  });
});

test('errors keep type, message, stack and cause; an agent error says how to go on', async () => {
  await expect(failureOf('text.broken', {})).resolves.toMatchObject({
    type: 'RangeError',
    message: 'outer',
    code: 'agent-error',
    retryable: true,
    stack: expect.stringContaining('words.ts'),
    cause: { type: 'TypeError', message: 'inner', stack: expect.stringContaining('words.ts') },
  });
  await expect(failureOf('text.limited', {})).resolves.toMatchObject({
    type: 'AgentError',
    code: 'rate-limited',
    retryable: true,
    retryAfter: 1500,
    details: { quota: 3 },
  });
  await expect(failureOf('text.final', {})).resolves.toMatchObject({ type: 'NonRetryableError', retryable: false });
  await expect(failureOf('text.once', {})).resolves.toMatchObject({ type: 'Error', retryable: false });
});

test('an output that is not JSON or is too large is a failure that says where and which limit', async () => {
  await expect(failureOf('text.map', {})).resolves.toMatchObject({
    code: 'invalid-output',
    message: expect.stringMatching(/\$\.a\[0\].*Map/),
  });
  await expect(failureOf('text.big', {})).resolves.toMatchObject({
    code: 'limit',
    message: expect.stringContaining('BRAID_MAX_OUTPUT_BYTES'),
  });
});

test('an endless loop is ended when its time is over, and its sibling completes meanwhile', async () => {
  const loop = failureOf('bad.loop', {}, AbortSignal.timeout(300));
  const work = workOf({ agent: 'text.words', input: { text: 'x y' } });
  await expect(agent('text.words').run(work, contextOf())).resolves.toMatchObject({ words: 2 });
  await expect(loop).resolves.toMatchObject({ type: 'TimeoutError' });
});

test('an agent that hears the signal may tidy up', async () => {
  const stop = new AbortController();
  const ctx = contextOf({ signal: stop.signal, heartbeat: () => stop.abort() });
  await expect(agent('bad.waits').run(workOf({ agent: 'bad.waits' }), ctx)).resolves.toBe('tidied up');
});

test('a thread that eats memory, exits or throws ends alone', async () => {
  await expect(failureOf('bad.memory', {})).resolves.toMatchObject({ type: 'OutOfMemory', code: 'limit' });
  await expect(failureOf('bad.exits', {})).resolves.toMatchObject({ type: 'ThreadEnded' });
  await expect(failureOf('bad.throws-late', {})).resolves.toMatchObject({
    type: 'ThreadEnded',
    cause: { message: 'late' },
  });
  await expect(agent('plain.js').run(workOf({ agent: 'plain.js', input: 1 }), contextOf())).resolves.toBe(1);
}, 60_000);

test("a thread does not see the runner's settings and secrets", async () => {
  process.env['BRAID_SECRET_CANARY'] = 'canary-value';
  try {
    await expect(agent('bad.spies').run(workOf({ agent: 'bad.spies' }), contextOf())).resolves.toEqual([]);
  } finally {
    delete process.env['BRAID_SECRET_CANARY'];
  }
});
