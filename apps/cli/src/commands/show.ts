import { Command } from 'commander';
import { type Cli } from '../cli';
import { gatewayClient } from '../gateway';
import { type GatewayOptions, wholeNumber, withGateway } from '../options';
import { workflowDetails } from '../view/workflow';

export function showCommand(cli: Cli): Command {
  const command = new Command('show')
    .description('show a workflow as it stands, or as it stood')
    .argument('<id>', 'id of the workflow')
    .option('--at <version>', 'as it stood after this event', wholeNumber(1));
  return withGateway(command).action(async (id: string, options: GatewayOptions & { readonly at?: number }) => {
    const client = await gatewayClient(options, cli);
    const view = await client.get(id, options.at === undefined ? {} : { version: options.at });
    const { terminal } = cli;
    if (options.json === true) terminal.printJson(view);
    else terminal.print(workflowDetails(view, { colours: terminal.colours, now: Date.now() }));
  });
}
