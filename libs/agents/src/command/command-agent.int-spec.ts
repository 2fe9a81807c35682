import { chmod, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { type Failure, type Json } from '@braid/events';
import { type AttemptContext } from '../agent';
import { toFailure } from '../to-failure';
import { contextOf, workOf } from '../work.fixture';
import { commandAgent, type CommandAgentOptions } from './command-agent';

let scratchDir: string;
beforeEach(async () => {
  scratchDir = await mkdtemp(join(tmpdir(), 'braid-command-'));
});
afterEach(() => rm(scratchDir, { recursive: true, force: true }));

const path = '/usr/local/bin:/usr/bin:/bin';
const node = process.execPath;
const allowed = [node, 'printf', 'cat', 'sh', 'env', 'pwd', 'sleep'];

const run = (input: Json, given: Partial<AttemptContext> = {}, options: Partial<CommandAgentOptions> = {}) =>
  commandAgent({ allow: allowed, maxBytes: 10_000, path, ...options }).run(
    workOf({ agent: 'command', input }),
    contextOf({ scratchDir, ...given }),
  );

const failureOf = (...args: Parameters<typeof run>): Promise<Failure> =>
  run(...args).then(
    (output) => Promise.reject(new Error(`completed with ${JSON.stringify(output)}`)),
    (error: unknown) => toFailure(error),
  );

async function eventually(check: () => Promise<boolean>): Promise<void> {
  for (const until = Date.now() + 5_000; !(await check()); await new Promise((resolve) => setTimeout(resolve, 10))) {
    if (Date.now() > until) throw new Error('did not happen');
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

describe('what a command gives', () => {
  test('JSON on its output becomes the output, other text comes with the exit code', async () => {
    await expect(run({ argv: ['printf', '{"a": [1]}'] })).resolves.toEqual({ a: [1] });
    await expect(run({ argv: ['printf', 'null'] })).resolves.toBeNull();
    await expect(run({ argv: ['printf', 'plain'] })).resolves.toEqual({ stdout: 'plain', stderr: '', exitCode: 0 });
  });

  // Seen to fail with the usage of failed commands left out.
  test('what it used is read from its output, also when it fails', async () => {
    const usage = { tokens: 'stats.tokens', calls: 'stats.calls.1', usd: 'stats.none' };
    const script = 'printf \'{"stats": {"tokens": 12, "calls": [0, 3]}}\'; exit ';
    for (const code of [0, 3]) {
      const ctx = contextOf();
      await run({ argv: ['sh', '-c', `${script}${code}`], usage }, ctx).catch(() => undefined);
      expect([ctx.usage, ctx.lines]).toEqual([
        [{ tokens: 12 }, { calls: 3 }],
        ['no usage at stats.none: the usage of usd must be a number from 0 on, not undefined'],
      ]);
    }
  });

  test('its input is written to it, as text or as JSON', async () => {
    await expect(run({ argv: ['cat'], stdin: 'as it is' })).resolves.toMatchObject({ stdout: 'as it is' });
    await expect(run({ argv: ['cat'], stdin: { n: 1 } })).resolves.toEqual({ n: 1 });
    await expect(run({ argv: ['printf', 'x'], stdin: 'y'.repeat(1_000_000) })).resolves.toMatchObject({ stdout: 'x' });
  });

  test('it runs in its scratch folder with a clean environment', async () => {
    process.env['BRAID_SECRET_CANARY'] = 'canary';
    const output = (await run({ argv: ['env'], env: { MINE: 'yes', COUNT: 3 } })) as { stdout: string };
    delete process.env['BRAID_SECRET_CANARY'];
    expect(output.stdout.trim().split('\n').sort()).toEqual(
      [`PATH=${path}`, 'LANG=C.UTF-8', `HOME=${scratchDir}`, `TMPDIR=${scratchDir}`, 'MINE=yes', 'COUNT=3'].sort(),
    );
    await expect(run({ argv: ['pwd'] })).resolves.toMatchObject({ stdout: `${scratchDir}\n` });
    await expect(run({ argv: ['pwd'], cwd: '/usr' })).resolves.toMatchObject({ stdout: '/usr\n' });
    await expect(failureOf({ argv: ['pwd'], cwd: '/no/such' })).resolves.toMatchObject({ code: 'invalid-input' });
  });

  test('a failed command tells exit code, signal and the end of its error output, whose lines are logged', async () => {
    const ctx = contextOf();
    const script = 'echo first >&2; echo the reason >&2; exit 3';
    await expect(failureOf({ argv: ['sh', '-c', script] }, { log: ctx.log })).resolves.toMatchObject({
      type: 'CommandError',
      message: 'sh exited with code 3: the reason',
      code: 'agent-error',
      retryable: true,
      details: { exitCode: 3, signal: null, stderr: 'first\nthe reason\n' },
    });
    expect(ctx.lines).toEqual(['first', 'the reason']);
    await expect(failureOf({ argv: ['sh', '-c', 'kill -9 $$'] })).resolves.toMatchObject({
      details: { exitCode: null, signal: 'SIGKILL' },
    });
  });

  test('too much output ends the command with the limit as its reason', async () => {
    await expect(failureOf({ argv: ['sh', '-c', 'yes | head -c 100000000; sleep 30'] })).resolves.toMatchObject({
      code: 'limit',
      retryable: false,
      message: expect.stringContaining('BRAID_MAX_OUTPUT_BYTES'),
    });
    const flood = await failureOf({ argv: ['sh', '-c', 'yes | head -c 300000 >&2; exit 1'] });
    expect(JSON.stringify(flood).length).toBeLessThan(40_000);
  });
});

describe('how a command ends', () => {
  test('a cancel ends the whole group: children too, and those that ignore SIGTERM', async () => {
    const script = `
      const { spawn } = require('node:child_process');
      process.on('SIGTERM', () => {});
      const child = spawn(process.execPath, ['-e', "process.on('SIGTERM', () => {}); setInterval(() => {}, 1000)"]);
      require('node:fs').writeFileSync('pids', process.pid + ' ' + child.pid);
      setInterval(() => {}, 1000);`;
    const stop = new AbortController();
    const running = failureOf({ argv: [node, '-e', script] }, { signal: stop.signal });
    await eventually(async () => (await readdir(scratchDir)).includes('pids'));
    const pids = (await readFile(join(scratchDir, 'pids'), 'utf8')).split(' ').map(Number);
    expect(pids.filter(isAlive)).toEqual(pids);
    stop.abort(new Error('cancelled'));
    await expect(running).resolves.toMatchObject({ message: 'cancelled' });
    await eventually(async () => !pids.some(isAlive));
  });

  test('what it leaves in the background ends with it', async () => {
    await run({ argv: ['sh', '-c', 'sleep 60 & echo $! > pid'] });
    const pid = Number(await readFile(join(scratchDir, 'pid'), 'utf8'));
    await eventually(async () => !isAlive(pid));
    expect(isAlive(pid)).toBe(false);
  });

  test('a process that fled the group and holds the pipes does not hold the attempt', async () => {
    const script = `
      const child = require('node:child_process').spawn('sleep', ['60'], { detached: true, stdio: 'inherit' });
      child.unref(); console.log(child.pid); process.exit(0);`;
    const pid = await run({ argv: [node, '-e', script] });
    expect(isAlive(Number(pid))).toBe(true);
    process.kill(Number(pid), 'SIGKILL');
  });

  test('one that is cancelled before it starts is never started', async () => {
    const signal = AbortSignal.abort(new Error('too late'));
    await expect(failureOf({ argv: ['sh', '-c', 'touch started'] }, { signal })).resolves.toMatchObject({
      message: 'too late',
    });
    await expect(readdir(scratchDir)).resolves.toEqual([]);
  });
});

describe('what may run', () => {
  test('nothing, unless the setting lists it', async () => {
    await expect(failureOf({ argv: ['cat'] }, {}, { allow: [] })).resolves.toMatchObject({
      code: 'invalid-input',
      message: expect.stringContaining('BRAID_COMMAND_ALLOW'),
    });
  });

  test('arguments reach the program as they are: there is no shell', async () => {
    const arguments_ = [
      '; touch pwned',
      '&& touch pwned',
      '| touch pwned',
      '|| touch pwned',
      '`touch pwned`',
      '$(touch pwned)',
      '> pwned',
      '\ntouch pwned',
      "'; touch pwned; '",
      '"; touch pwned; "',
      '${IFS}touch',
      '$HOME',
      '~',
      '*',
      '{a,b}',
      '<(touch pwned)',
      '\\',
      '%0Atouch',
      '& touch pwned &',
      '--',
      '-e',
      '!!',
      '#',
      '\r\ntouch pwned',
      '\u202Etouch',
      '$((1+1))',
      '[a-z]',
      '?',
      '2>&1',
      '%s %n %x',
    ];
    const script = 'console.log(JSON.stringify(process.argv.slice(1)))';
    await expect(run({ argv: [node, '-e', script, '--', ...arguments_] })).resolves.toEqual(arguments_);
    await expect(readdir(scratchDir)).resolves.toEqual([]);
  });

  test.each([
    'bash',
    'cat;id',
    'cat id',
    'cat\tid',
    'cat\n',
    'cat\u0000',
    ' cat',
    'CAT',
    './cat',
    '../bin/cat',
    '/bin/cat',
    '/usr/bin/cat',
    '/bin/../bin/cat',
    '//bin/cat',
    '/bin//cat',
    '/proc/self/exe',
    '/bin/sh',
    'C:\\cat',
    '..\\cat',
    '',
    '.',
    '..',
    '/',
    '-',
    '$(cat)',
    '`cat`',
    '${SHELL}',
    '~/cat',
    'cat&',
    'cat|sh',
    'cat>x',
    'https://x.example/cat',
    'file:///bin/cat',
    'node',
    '/bin/cat/',
    '/bin/cat\u0000.allowed',
    '/bin/./cat',
    'cat/../sh',
  ])('%j is refused', async (name) => {
    await expect(failureOf({ argv: [name] }, {}, { allow: ['cat', '/opt/tool'] })).resolves.toMatchObject({
      code: 'invalid-input',
      retryable: false,
    });
  });

  test.each([
    'PATH',
    'LD_PRELOAD',
    'ld_preload',
    'LD_LIBRARY_PATH',
    'LD_AUDIT',
    'DYLD_INSERT_LIBRARIES',
    'NODE_OPTIONS',
    'NODE_PATH',
    'BASH_ENV',
    'ENV',
    'IFS',
    'PYTHONPATH',
    'PYTHONSTARTUP',
    'PERL5OPT',
    'RUBYOPT',
    'JAVA_TOOL_OPTIONS',
    'GIT_SSH_COMMAND',
    'GIT_CONFIG_COUNT',
    'GCONV_PATH',
    'BASH_FUNC_cat%%',
    'A=B',
    '',
    'A B',
    'BRAID_SECRET',
    'PAGER',
    'EDITOR',
    'OPENSSL_CONF',
    'NPM_CONFIG_SCRIPT_SHELL',
  ])('the variable %j is refused', async (name) => {
    await expect(failureOf({ argv: ['cat'], env: { [name]: '/tmp/x' } })).resolves.toMatchObject({
      code: 'invalid-input',
    });
  });

  test('a program that lies in the scratch folder under an allowed name is not taken', async () => {
    await writeFile(join(scratchDir, 'cat'), '#!/bin/sh\necho pwned');
    await chmod(join(scratchDir, 'cat'), 0o755);
    await expect(run({ argv: ['cat'], stdin: 'ours' }, {}, { path: `.:${path}` })).resolves.toMatchObject({
      stdout: 'ours',
    });
  });

  test('links to one file are different commands', async () => {
    await symlink('/bin/sh', join(scratchDir, 'harmless'));
    const allow = [join(scratchDir, 'harmless')];
    await expect(run({ argv: [join(scratchDir, 'harmless'), '-c', 'echo 1'] }, {}, { allow })).resolves.toBe(1);
    await expect(failureOf({ argv: ['/bin/sh', '-c', 'echo 1'] }, {}, { allow })).resolves.toMatchObject({
      code: 'invalid-input',
    });
  });

  test.each<[Json, string]>([
    [{}, 'argv'],
    [{ argv: [] }, 'argv'],
    [{ argv: 'ls -l' }, 'argv'],
    [{ argv: [{}] }, 'argv'],
    [{ argv: ['cat', 'a\u0000b'] }, 'NUL'],
    [{ argv: ['cat'], shell: true }, 'shell'],
    [{ argv: ['cat'], env: { A: 'x\u0000' } }, 'NUL'],
    [{ argv: ['cat'], cwd: 'a\u0000b' }, 'NUL'],
  ])('%j is refused with the reason', async (input, reason) => {
    await expect(failureOf(input)).resolves.toMatchObject({
      code: 'invalid-input',
      message: expect.stringContaining(reason),
    });
  });
});
