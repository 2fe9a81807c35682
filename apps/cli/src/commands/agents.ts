import { Command } from 'commander';
import { type Cli } from '../cli';
import { gatewayClient } from '../gateway';
import { type GatewayOptions, withGateway } from '../options';
import { table } from '../view/table';

export function agentsCommand(cli: Cli): Command {
  const command = new Command('agents').description('list the agents that runners have now');
  return withGateway(command).action(async (options: GatewayOptions) => {
    const { terminal } = cli;
    const { agents } = await (await gatewayClient(options, cli)).agents();
    if (options.json === true) {
      terminal.printJson(agents);
      return;
    }
    const rows = agents.map(({ agent, slots, busy, runners }) => [agent, `${busy}/${slots}`, runners.join(', ')]);
    if (rows.length === 0) terminal.print('No runner was heard lately.');
    else terminal.print(table(['AGENT', 'BUSY', 'RUNNERS'], rows, terminal.colours));
  });
}
