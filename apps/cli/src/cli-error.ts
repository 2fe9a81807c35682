import { type ExitCode, exitCodes } from './exit-codes';

/** Something that a person has to change; shown without a stack. */
export class CliError extends Error {
  override readonly name = 'CliError';

  constructor(
    message: string,
    readonly exitCode: ExitCode = exitCodes.usage,
  ) {
    super(message);
  }
}
