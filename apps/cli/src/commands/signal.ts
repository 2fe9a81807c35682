import { type Json } from '@braid/events';
import { Command } from 'commander';
import { type Cli } from '../cli';
import { gatewayClient } from '../gateway';
import { type GatewayOptions, jsonOrText, withGateway } from '../options';
import { printOutcome } from './tell';

type Options = GatewayOptions & { readonly payload?: Json; readonly id?: string };

export function signalCommand(cli: Cli): Command {
  const command = new Command('signal')
    .description('send a signal to a workflow; one that comes before a step waits for it is kept')
    .argument('<id>', 'id of the workflow')
    .argument('<name>', 'what a step of the workflow waits for')
    .option('--payload <json>', 'output of the step that waits; JSON if it parses, else text', jsonOrText)
    .option('--id <id>', 'id of the signal: the same again counts once');
  return withGateway(command).action(async (workflow: string, name: string, options: Options) => {
    const client = await gatewayClient(options, cli);
    const { payload = null, id } = options;
    printOutcome(
      cli,
      await client.signal(workflow, name, payload, id === undefined ? {} : { idempotencyKey: id }),
      options,
    );
  });
}
