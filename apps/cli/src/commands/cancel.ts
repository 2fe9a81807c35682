import { Command } from 'commander';
import { type Cli } from '../cli';
import { gatewayClient } from '../gateway';
import { type GatewayOptions, withGateway } from '../options';
import { statusText } from '../view/workflow';

export function cancelCommand(cli: Cli): Command {
  const command = new Command('cancel')
    .description('cancel a workflow; branches that run are stopped')
    .argument('<id>', 'id of the workflow')
    .option('--reason <text>', 'kept on record');
  return withGateway(command).action(async (id: string, options: GatewayOptions & { readonly reason?: string }) => {
    const client = await gatewayClient(options, cli);
    const view = await client.cancel(id, options.reason === undefined ? {} : { reason: options.reason });
    const { terminal } = cli;
    if (options.json === true) terminal.printJson(view);
    else terminal.print(`${view.id}  ${statusText(view.status, terminal.colours)}`);
  });
}
