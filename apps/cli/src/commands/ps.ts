import { type WorkflowStatus } from '@braid/contracts';
import { Command, Option } from 'commander';
import { type Cli } from '../cli';
import { gatewayClient } from '../gateway';
import { type GatewayOptions, wholeNumber, withGateway } from '../options';
import { workflowList } from '../view/workflow';

type Options = GatewayOptions & {
  readonly status?: WorkflowStatus;
  readonly playbook?: string;
  readonly q?: string;
  readonly limit: number;
  readonly quiet?: true;
};

export function psCommand(cli: Cli): Command {
  const statuses = ['running', 'paused', 'completed', 'failed', 'cancelled'] satisfies WorkflowStatus[];
  const command = new Command('ps')
    .description('list workflows, newest first')
    .addOption(new Option('--status <status>', 'only with this status').choices(statuses))
    .option('--playbook <name>', 'only of this playbook')
    .option('-q <text>', 'only with this text in them')
    .option('--limit <count>', 'how many at most', wholeNumber(1), 20)
    .option('--quiet', 'print only the ids');
  return withGateway(command).action(async (options: Options) => {
    const { status, playbook, q, limit } = options;
    const client = await gatewayClient(options, cli);
    const { workflows } = await client.list({
      limit,
      ...(status === undefined ? {} : { status }),
      ...(playbook === undefined ? {} : { playbook }),
      ...(q === undefined ? {} : { q }),
    });
    const { terminal } = cli;
    if (options.json === true) terminal.printJson(workflows);
    else if (options.quiet === true) for (const { id } of workflows) terminal.print(id);
    else terminal.print(workflowList(workflows, { colours: terminal.colours, now: Date.now() }));
  });
}
