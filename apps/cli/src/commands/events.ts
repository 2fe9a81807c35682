import { Command } from 'commander';
import { type Cli } from '../cli';
import { gatewayClient } from '../gateway';
import { history } from '../history';
import { type GatewayOptions, wholeNumber, withGateway } from '../options';
import { eventLine } from '../view/history';

type Options = GatewayOptions & { readonly follow?: true; readonly after: number };

export function eventsCommand(cli: Cli): Command {
  const command = new Command('events')
    .description('print the history of a workflow; with --json one event per line')
    .argument('<id>', 'id of the workflow')
    .option('--after <version>', 'only later events', wholeNumber(0), 0)
    .option('-f, --follow', 'go on until the workflow ends');
  return withGateway(command).action(async (id: string, options: Options) => {
    const { terminal } = cli;
    const client = await gatewayClient(options, cli);
    const events = options.follow === true ? client.stream(id, options) : history(client, id, options.after);
    for await (const event of events) {
      terminal.print(options.json === true ? JSON.stringify(event) : eventLine(event, terminal));
    }
  });
}
