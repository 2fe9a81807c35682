import { Command } from 'commander';
import { type Cli } from '../cli';
import { gatewayClient } from '../gateway';
import { type GatewayOptions, withGateway } from '../options';
import { table } from '../view/table';
import { took } from '../view/time';

export function runnersCommand(cli: Cli): Command {
  const command = new Command('runners').description('list the runners that were heard lately');
  return withGateway(command).action(async (options: GatewayOptions) => {
    const { terminal } = cli;
    const { runners } = await (await gatewayClient(options, cli)).runners();
    if (options.json === true) {
      terminal.printJson(runners);
      return;
    }
    const now = Date.now();
    const rows = runners.map(({ runner, host, pid, draining, agents, startedAt, heardAt }) => [
      runner,
      host,
      String(pid),
      draining ? 'draining' : 'ready',
      String(agents.length),
      String(agents.reduce((sum, { busy }) => sum + busy, 0)),
      took(startedAt, undefined, now),
      `${took(heardAt, undefined, now)} ago`,
    ]);
    const head = ['RUNNER', 'HOST', 'PID', 'STATE', 'AGENTS', 'BUSY', 'UP', 'HEARD'];
    terminal.print(rows.length === 0 ? 'No runner was heard lately.' : table(head, rows, terminal.colours));
  });
}
