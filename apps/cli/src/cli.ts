import { type ExitCode, exitCodes } from './exit-codes';
import { type Terminal } from './terminal';

/** What every command gets: its surroundings, and where it says how the process ends. */
export type Cli = {
  readonly terminal: Terminal;
  readonly environment: { readonly [name: string]: string | undefined };
  exitCode: ExitCode;
};

export function createCli(terminal: Terminal, environment: Cli['environment']): Cli {
  return { terminal, environment, exitCode: exitCodes.done };
}
