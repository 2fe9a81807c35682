import { ConfigError } from '@braid/contracts';
import { BraidError } from '@braid/sdk';
import { CliError } from './cli-error';
import { type ExitCode, exitCodes } from './exit-codes';
import { type Colours } from './terminal';
import { problemLines } from './view/problems';

/**
 * Errors whose message says what to change, by name: importing their classes would load the servers' libraries into every
 * command.
 */
const explained: ReadonlySet<string> = new Set([
  'EmbeddedError',
  'StoreSetupError',
  'ProvisionError',
  'RebuildUnderWayError',
  'UnknownWorkflowError',
]);

/** Answers of a gateway or proxy that stand for a service that is not there. */
const away: ReadonlySet<number> = new Set([0, 502, 503, 504]);

/** An error as a person reads it, and how the process ends. Only a bug of ours shows its stack. */
export function explain(
  error: unknown,
  colours: Colours,
  file?: string,
): { readonly text: string; readonly exitCode: ExitCode } {
  if (error instanceof BraidError) {
    return {
      text: refusal(error, colours, file),
      exitCode: away.has(error.status) ? exitCodes.unreachable : exitCodes.failed,
    };
  }
  if (error instanceof CliError) return { text: headline(error.message, colours), exitCode: error.exitCode };
  if (error instanceof ConfigError) {
    const text = `the configuration cannot be used\n${error.message}`;
    return { text: headline(text, colours), exitCode: exitCodes.usage };
  }
  if (error instanceof Error && error.name === 'StoreUnavailableError') {
    const text = `${error.message}\nStart it, or correct DATABASE_URL.`;
    return { text: headline(text, colours), exitCode: exitCodes.unreachable };
  }
  if (error instanceof Error && explained.has(error.name)) {
    return { text: headline(error.message, colours), exitCode: exitCodes.failed };
  }
  const bug = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { text: headline(bug, colours), exitCode: exitCodes.failed };
}

function refusal(error: BraidError, colours: Colours, file: string | undefined): string {
  const lines = [headline(error.title, colours)];
  if (error.message !== error.title && error.problems.length === 0) lines.push(error.message);
  lines.push(...problemLines(error.problems, { colours, ...(file === undefined ? {} : { file }) }));
  if (error.status === 0) lines.push('Start it with "npm start", or name another address with --url or BRAID_URL.');
  return lines.join('\n');
}

const headline = (text: string, colours: Colours) => `${colours.red('braid:')} ${text}`;
