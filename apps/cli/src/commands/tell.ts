import { type WorkflowView } from '@braid/contracts';
import { Command } from 'commander';
import { type Cli } from '../cli';
import { gatewayClient } from '../gateway';
import { type GatewayOptions, withGateway } from '../options';
import { statusText } from '../view/workflow';

const words = {
  cancel: 'cancel a workflow; branches that run are stopped',
  pause: 'start nothing new in a workflow until it is resumed',
  resume: 'let a paused workflow go on',
  retry: 'let a failed workflow go on where it failed',
} as const;

/** A command to a workflow that needs nothing but a reason. */
function tellCommand(cli: Cli, word: keyof typeof words): Command {
  const command = new Command(word)
    .description(words[word])
    .argument('<id>', 'id of the workflow')
    .option('--reason <text>', 'kept on record');
  return withGateway(command).action(async (id: string, options: GatewayOptions & { readonly reason?: string }) => {
    const client = await gatewayClient(options, cli);
    printOutcome(cli, await client[word](id, options.reason === undefined ? {} : { reason: options.reason }), options);
  });
}

export const cancelCommand = (cli: Cli): Command => tellCommand(cli, 'cancel');
export const pauseCommand = (cli: Cli): Command => tellCommand(cli, 'pause');
export const resumeCommand = (cli: Cli): Command => tellCommand(cli, 'resume');
export const retryCommand = (cli: Cli): Command => tellCommand(cli, 'retry');

/** How a workflow stands after a command. */
export function printOutcome({ terminal }: Cli, view: WorkflowView, { json }: GatewayOptions): void {
  if (json === true) terminal.printJson(view);
  else terminal.print(`${view.id}  ${statusText(view.status, terminal.colours)}`);
}
