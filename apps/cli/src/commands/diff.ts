import { Command } from 'commander';
import { type Cli } from '../cli';
import { gatewayClient } from '../gateway';
import { type GatewayOptions, wholeNumber, withGateway } from '../options';
import { differenceLines, differences } from '../view/differences';

export function diffCommand(cli: Cli): Command {
  const command = new Command('diff')
    .description('show what is different in a workflow between two of its versions')
    .argument('<id>', 'id of the workflow')
    .argument('<from>', 'as it stood after this event', wholeNumber(1))
    .argument('<to>', 'as it stood after this event', wholeNumber(1));
  return withGateway(command).action(async (id: string, from: number, to: number, options: GatewayOptions) => {
    const { terminal } = cli;
    const client = await gatewayClient(options, cli);
    const [before, after] = await Promise.all([client.get(id, { version: from }), client.get(id, { version: to })]);
    const found = differences(before, after);
    if (options.json === true) terminal.printJson({ workflow: id, from, to, differences: found });
    else if (found.length === 0) terminal.print('Nothing is different.');
    else terminal.print(differenceLines(found, terminal.colours).join('\n'));
  });
}
