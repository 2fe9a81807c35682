import { Command } from 'commander';
import { type Cli } from '../cli';
import { exitCodes } from '../exit-codes';
import { type GatewayOptions, withGateway } from '../options';

export function doctorCommand(cli: Cli): Command {
  const command = new Command('doctor').description(
    'check that everything Braid needs is there and well, and say what to do',
  );
  return withGateway(command).action(async (options: GatewayOptions) => {
    const { terminal } = cli;
    // Loaded when asked for: it brings the clients of all servers.
    const { diagnose } = await import('../doctor/diagnose.js');
    const findings = await diagnose(options, cli);
    if (findings.some(({ state }) => state === 'bad')) cli.exitCode = exitCodes.failed;
    if (options.json === true) {
      terminal.printJson(findings);
      return;
    }
    const { green, yellow, red, bold } = terminal.colours;
    const signs = { good: green('✔'), doubtful: yellow('!'), bad: red('✖') };
    for (const { state, subject, message, advice } of findings) {
      terminal.print(`${signs[state]} ${bold(subject)}: ${message}`);
      if (advice !== undefined) terminal.print(`    ${advice}`);
    }
  });
}
