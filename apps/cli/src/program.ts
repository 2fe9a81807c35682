import { Command, CommanderError } from 'commander';
import { type Cli } from './cli';
import { agentsCommand } from './commands/agents';
import { configCommand } from './commands/config';
import { deadLettersCommand } from './commands/dead-letters';
import { diffCommand } from './commands/diff';
import { doctorCommand } from './commands/doctor';
import { eventsCommand } from './commands/events';
import { graphCommand } from './commands/graph';
import { migrateCommand } from './commands/migrate';
import { psCommand } from './commands/ps';
import { publishCommand } from './commands/publish';
import { replayCommand } from './commands/replay';
import { runCommand } from './commands/run';
import { runnersCommand } from './commands/runners';
import { showCommand } from './commands/show';
import { signalCommand } from './commands/signal';
import { cancelCommand, pauseCommand, resumeCommand, retryCommand } from './commands/tell';
import { upCommand } from './commands/up';
import { validateCommand } from './commands/validate';
import { verifyCommand } from './commands/verify';
import { whatIfCommand } from './commands/what-if';
import { exitCodes } from './exit-codes';
import { explain } from './explain';

const commands = [
  upCommand,
  runCommand,
  psCommand,
  showCommand,
  diffCommand,
  eventsCommand,
  graphCommand,
  signalCommand,
  pauseCommand,
  resumeCommand,
  retryCommand,
  cancelCommand,
  whatIfCommand,
  validateCommand,
  publishCommand,
  agentsCommand,
  runnersCommand,
  deadLettersCommand,
  configCommand,
  migrateCommand,
  doctorCommand,
  verifyCommand,
  replayCommand,
];

/** Everything that `braid` understands. */
export function createProgram(cli: Cli): Command {
  const program = new Command('braid')
    .description('Runs playbooks whose agents work in parallel branches and converge.')
    .helpCommand(false)
    .showHelpAfterError('(--help shows what there is)')
    .configureHelp({ showGlobalOptions: true })
    .addHelpText('after', '\nExit codes: 0 done, 1 failed, 2 usage, 3 the service cannot be reached.');
  for (const create of commands) program.addCommand(create(cli));
  for (const command of [program, ...program.commands, ...program.commands.flatMap((each) => each.commands)]) {
    command.exitOverride().configureOutput({
      writeOut: (text) => cli.terminal.print(text.replace(/\n$/, '')),
      writeErr: (text) => cli.terminal.note(text.replace(/\n$/, '')),
    });
  }
  return program;
}

/** Runs one command line. Never throws: how it ended is `cli.exitCode`. */
export async function run(cli: Cli, argv: readonly string[]): Promise<void> {
  try {
    await createProgram(cli).parseAsync(argv, { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) {
      // Asking for help is no mistake; commander itself has said what is wrong otherwise.
      cli.exitCode = error.exitCode === 0 ? exitCodes.done : exitCodes.usage;
      return;
    }
    const { text, exitCode } = explain(error, cli.terminal.colours);
    cli.terminal.note(text);
    cli.exitCode = exitCode;
  }
}
