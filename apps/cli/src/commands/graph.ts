import { Command, Option } from 'commander';
import { type Cli } from '../cli';
import { gatewayClient } from '../gateway';
import { type GatewayOptions, withGateway } from '../options';

export function graphCommand(cli: Cli): Command {
  const command = new Command('graph')
    .description('print the graph of a workflow as text that tools draw')
    .argument('<id>', 'id of the workflow')
    .addOption(new Option('--format <format>', 'language of the text').choices(['mermaid', 'dot']).default('mermaid'));
  return withGateway(command).action(
    async (id: string, options: GatewayOptions & { readonly format: 'mermaid' | 'dot' }) => {
      const client = await gatewayClient(options, cli);
      if (options.json === true) cli.terminal.printJson(await client.graph(id));
      else cli.terminal.print((await client.picture(id, options.format)).trimEnd());
    },
  );
}
