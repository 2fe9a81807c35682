import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { type Json } from '@braid/events';
import { AgentError } from '@braid/sdk';
import { type Agent } from '../agent';
import { inputReader, invalidInput } from '../input';
import { outputTooLarge } from '../output';
import { reportUsageIn, type UsagePaths, usagePathsField } from '../usage';
import { allowedBinary } from './allowed-binary';
import { commandEnvironment } from './environment';
import { type GroupResult, runGroup } from './process-group';

export type CommandAgentOptions = {
  /** Binaries that may run, by name or absolute path. Empty: none. */
  readonly allow: readonly string[];
  /** Largest standard output. */
  readonly maxBytes: number;
  /** Where names are looked up; also the PATH of the commands. */
  readonly path: string;
  readonly lang?: string;
};

type Text = string | number | boolean;
type Input = {
  readonly argv: readonly [Text, ...Text[]];
  readonly stdin?: Json;
  readonly env?: { readonly [name: string]: Text };
  readonly cwd?: string;
  /** Where in the JSON on its standard output the amounts stand that it used. */
  readonly usage?: UsagePaths;
};

const text = { type: ['string', 'number', 'boolean'] };
const read = inputReader<Input>('command', {
  type: 'object',
  required: ['argv'],
  additionalProperties: false,
  properties: {
    argv: { type: 'array', minItems: 1, maxItems: 10_000, items: text },
    stdin: {},
    env: { type: 'object', additionalProperties: text },
    cwd: { type: 'string', minLength: 1 },
    ...usagePathsField,
  },
});

const stderrTailBytes = 8_192;

/**
 * Runs an allowed program, without a shell: `{argv, stdin, env, cwd, usage}`. JSON on its standard output becomes the output,
 * else `{stdout, stderr, exitCode}`. It runs in the scratch folder of the attempt unless `cwd` names another folder (a
 * relative one lies in the scratch folder; an absolute one may be any that exists). Lines on standard error are logged.
 */
export function commandAgent(options: CommandAgentOptions): Agent {
  return {
    name: 'command',
    async run(work, ctx) {
      const input = read(work.input);
      const argv = input.argv.map(String);
      if (argv.some((part) => part.includes('\0'))) throw invalidInput('argv holds a NUL character');
      const file = allowedBinary(argv[0] ?? '', options.allow, options.path);
      const given = Object.fromEntries(Object.entries(input.env ?? {}).map(([name, value]) => [name, String(value)]));
      const env = commandEnvironment(given, {
        path: options.path,
        lang: options.lang ?? 'C.UTF-8',
        scratchDir: ctx.scratchDir,
      });
      const cwd = await folder(input.cwd, ctx.scratchDir);
      ctx.signal.throwIfAborted();
      const result = await runGroup({
        file,
        argv,
        cwd,
        env,
        stdin: stdinText(input.stdin),
        signal: ctx.signal,
        maxStdoutBytes: options.maxBytes,
        stderrTailBytes,
        onStderrLine: (line) => ctx.log(line),
      }).catch((cause: unknown) => {
        throw new AgentError(`${file} could not be started`, { type: 'CommandError', retryable: false, cause });
      });
      if (input.usage) reportUsageIn(jsonIn(result.stdout.toString('utf8')), input.usage, ctx);
      ctx.signal.throwIfAborted();
      return outputOf(argv[0] ?? file, result, options.maxBytes);
    },
  };
}

async function folder(cwd: string | undefined, scratchDir: string): Promise<string> {
  if (cwd === undefined) return scratchDir;
  if (cwd.includes('\0')) throw invalidInput('cwd holds a NUL character');
  const path = resolve(scratchDir, cwd);
  const found = await stat(path).catch(() => undefined);
  if (!found?.isDirectory()) throw invalidInput(`cwd "${cwd}" is not a folder on this runner`);
  return path;
}

function stdinText(stdin: Json | undefined): string {
  if (stdin === undefined || stdin === null) return '';
  return typeof stdin === 'string' ? stdin : JSON.stringify(stdin);
}

function outputOf(name: string, result: GroupResult, maxBytes: number): Json {
  const { exitCode, signal, stderrTail } = result;
  if (result.stdoutTooLong) throw outputTooLarge(`${name} wrote more than ${maxBytes} bytes to its output`, maxBytes);
  const stdout = result.stdout.toString('utf8');
  if (exitCode !== 0) {
    const lastLine = stderrTail.trimEnd().split('\n').at(-1) ?? '';
    const how = signal === null ? `exited with code ${exitCode}` : `was ended by ${signal}`;
    throw new AgentError(`${name} ${how}${lastLine === '' ? '' : `: ${lastLine}`}`, {
      type: 'CommandError',
      details: { exitCode, signal, stderr: stderrTail, stdout: stdout.slice(-2_000) },
    });
  }
  const parsed = jsonIn(stdout);
  return parsed === undefined ? { stdout, stderr: stderrTail, exitCode } : parsed;
}

function jsonIn(stdout: string): Json | undefined {
  try {
    return JSON.parse(stdout) as Json;
  } catch {
    return undefined;
  }
}
