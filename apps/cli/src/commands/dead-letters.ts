import { type DeadLetterView } from '@braid/sdk';
import { Command } from 'commander';
import { type Cli } from '../cli';
import { gatewayClient } from '../gateway';
import { type GatewayOptions, wholeNumber, withGateway } from '../options';
import { table } from '../view/table';
import { moment } from '../view/time';

type ListOptions = GatewayOptions & { readonly after: number; readonly limit: number };

export function deadLettersCommand(cli: Cli): Command {
  return new Command('dead-letters')
    .description('messages that were set aside because nothing could handle them')
    .addCommand(listCommand(cli), { isDefault: true })
    .addCommand(actCommand(cli, 'retry', 'send messages again to where they came from', 'sent again'))
    .addCommand(actCommand(cli, 'drop', 'delete messages', 'deleted'));
}

function listCommand(cli: Cli): Command {
  const command = new Command('list')
    .description('list them, oldest first')
    .option('--after <id>', 'only later ones', wholeNumber(0), 0)
    .option('--limit <count>', 'how many at most', wholeNumber(1), 50);
  return withGateway(command).action(async (options: ListOptions) => {
    const { terminal } = cli;
    const { after, limit } = options;
    const page = await (await gatewayClient(options, cli)).deadLetters({ after, limit });
    if (options.json === true) {
      terminal.printJson(page);
      return;
    }
    const rows = page.deadLetters.map(({ id, at, subject, reason }) => [id, moment(at), subject, reason.slice(0, 100)]);
    const { colours } = terminal;
    terminal.print(
      rows.length === 0 ? 'There are none.' : table(['ID', 'SINCE (UTC)', 'SUBJECT', 'REASON'], rows, colours),
    );
    if (page.next !== undefined) terminal.print(colours.dim(`more: --after ${page.next}`));
  });
}

function actCommand(cli: Cli, name: 'retry' | 'drop', description: string, done: string): Command {
  const command = new Command(name).description(description).argument('<id...>', 'ids of dead letters');
  return withGateway(command).action(async (ids: readonly DeadLetterView['id'][], options: GatewayOptions) => {
    const client = await gatewayClient(options, cli);
    for (const id of ids) {
      await (name === 'retry' ? client.retryDeadLetter(id) : client.dropDeadLetter(id));
      if (options.json !== true) cli.terminal.print(`${id} ${done}`);
    }
    if (options.json === true) cli.terminal.printJson({ ids, done: name });
  });
}
