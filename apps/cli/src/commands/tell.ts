import { type WorkflowView } from '@braid/contracts';
import { type Amounts } from '@braid/events';
import { Command } from 'commander';
import { type Cli } from '../cli';
import { gatewayClient } from '../gateway';
import { allowance, type GatewayOptions, withGateway } from '../options';
import { workflowStatus } from '../view/workflow';

const words = {
  pause: 'start nothing new in a workflow until it is resumed',
  resume: 'let a paused workflow go on',
  retry: 'let a failed workflow go on where it failed',
} as const;

function commandOf(word: keyof typeof words): Command {
  return new Command(word)
    .description(words[word])
    .argument('<id>', 'id of the workflow')
    .option('--reason <text>', 'kept on record');
}

type Reasoned = GatewayOptions & { readonly reason?: string };

const reasonOf = ({ reason }: Reasoned) => (reason === undefined ? {} : { reason });

/** A command to a workflow that needs nothing but a reason. */
function tellCommand(cli: Cli, word: Exclude<keyof typeof words, 'retry'>): Command {
  return withGateway(commandOf(word)).action(async (id: string, options: Reasoned) => {
    const client = await gatewayClient(options, cli);
    printOutcome(cli, await client[word](id, reasonOf(options)), options);
  });
}

export function cancelCommand(cli: Cli): Command {
  const command = new Command('cancel')
    .description('cancel a workflow; branches that run are stopped')
    .argument('<id>', 'id of the workflow')
    .option('--reason <text>', 'kept on record')
    .option('--compensate', 'undo the steps that have completed before it ends');
  type Options = GatewayOptions & { readonly reason?: string; readonly compensate?: true };
  return withGateway(command).action(async (id: string, options: Options) => {
    const client = await gatewayClient(options, cli);
    const { reason, compensate } = options;
    const asked = { ...(reason === undefined ? {} : { reason }), ...(compensate ? { compensate } : {}) };
    printOutcome(cli, await client.cancel(id, asked), options);
  });
}

export const pauseCommand = (cli: Cli): Command => tellCommand(cli, 'pause');
export const resumeCommand = (cli: Cli): Command => tellCommand(cli, 'resume');

export function retryCommand(cli: Cli): Command {
  const text = 'what it may use from now on, in all, as tokens=1000; repeatable';
  const command = commandOf('retry').option('--budget <unit=amount>', text, allowance);
  return withGateway(command).action(async (id: string, options: Reasoned & { readonly budget?: Amounts }) => {
    const client = await gatewayClient(options, cli);
    const { budget } = options;
    const view = await client.retry(id, { ...reasonOf(options), ...(budget === undefined ? {} : { budget }) });
    printOutcome(cli, view, options);
  });
}

/** How a workflow stands after a command. */
export function printOutcome({ terminal }: Cli, view: WorkflowView, { json }: GatewayOptions): void {
  if (json === true) terminal.printJson(view);
  else terminal.print(`${view.id}  ${workflowStatus(view, terminal.colours)}`);
}
