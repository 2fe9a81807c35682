import { type Amounts, type ExecutionMode, type JsonObject } from '@braid/events';
import { type StartRequest } from '@braid/sdk';
import { Command, Option } from 'commander';
import { randomUUID } from 'node:crypto';
import { type Cli } from '../cli';
import { exitCodes } from '../exit-codes';
import { explain } from '../explain';
import { gatewayClient } from '../gateway';
import { allowance, assignment, type GatewayOptions, withGateway } from '../options';
import { readPlaybook } from '../playbook-file';
import { liveDisplay } from '../view/live-display';
import { statusText, workflowDetails } from '../view/workflow';
import { watchWorkflow } from '../watch-workflow';

type Options = GatewayOptions & {
  readonly var?: JsonObject;
  readonly context?: JsonObject;
  readonly mode?: ExecutionMode;
  readonly budget?: Amounts;
  readonly key?: string;
  readonly watch?: true;
};

export function runCommand(cli: Cli): Command {
  const command = new Command('run')
    .description('start a workflow from a playbook file, or from the name of a published playbook')
    .argument('<file>', 'file with a playbook (- for standard input), or name[@version]')
    .option('--var <name=value>', 'a variable; the value is JSON if it parses, else text; repeatable', assignment)
    .option('--context <name=value>', 'a value of the context at the start; repeatable', assignment)
    .addOption(new Option('--mode <mode>', 'how branches run').choices(['parallel', 'sequential']))
    .option('--budget <unit=amount>', 'what all attempts may use at most, as tokens=1000; repeatable', allowance)
    .option('--key <key>', 'idempotency key: the same key and request is the same workflow')
    .option('--watch', 'show it until it ends; exit code 0 only if it completed');
  return withGateway(command).action((file: string, options: Options) => run(cli, file, options));
}

async function run(cli: Cli, file: string, options: Options): Promise<void> {
  const { terminal } = cli;
  const client = await gatewayClient(options, cli);
  const { json, watch, key } = options;
  const request = await startRequest(file, options);
  const started = await client.start(request, { idempotencyKey: key ?? randomUUID() }).catch((error: unknown) => {
    const { text, exitCode } = explain(error, terminal.colours, file);
    terminal.note(text);
    cli.exitCode = exitCode;
  });
  if (started === undefined) return;
  if (watch !== true) {
    if (json === true) terminal.printJson(started);
    else terminal.print(`${started.id}  ${statusText(started.status, terminal.colours)}`);
    return;
  }
  const display = json === true ? undefined : await liveDisplay(terminal);
  let view;
  try {
    view = await watchWorkflow(client, started.id, (each) => display?.update(each));
  } finally {
    display?.done();
  }
  if (json === true) terminal.printJson(view);
  else terminal.print(`\n${workflowDetails(view, { colours: terminal.colours, now: Date.now() })}`);
  if (view.status !== 'completed') cli.exitCode = exitCodes.failed;
}

async function startRequest(file: string, { var: variables, context, mode, budget }: Options): Promise<StartRequest> {
  return {
    playbook: isPublishedName(file) ? file : await readPlaybook(file),
    ...(variables === undefined ? {} : { variables }),
    ...(context === undefined ? {} : { context }),
    ...(mode === undefined ? {} : { executionMode: mode }),
    ...(budget === undefined ? {} : { budget }),
  };
}

/** `name` or `name@version`; files have an ending or a slash, as in `./audit`. */
const isPublishedName = (text: string) =>
  /^[A-Za-z0-9_][\w.-]*(@[\w.+-]+)?$/.test(text) && !/\.(ya?ml|json)$/.test(text);
