import { type RebuildReport } from '@braid/event-store';
import { Command } from 'commander';
import { type Cli } from '../cli';
import { exitCodes } from '../exit-codes';
import { gatewayClient } from '../gateway';
import { history } from '../history';
import { type GatewayOptions, type JsonOption, wholeNumber, withGateway, withJson } from '../options';
import { progressBar } from '../view/progress-bar';
import { StepReader, stepLines } from '../view/replayed-step';

type ProjectionOptions = JsonOption & { readonly verify?: true; readonly rate?: number };

export function replayCommand(cli: Cli): Command {
  return new Command('replay')
    .description('fold events once more: to rebuild the list of workflows, or to see why a workflow went as it did')
    .addCommand(projectionsCommand(cli))
    .addCommand(streamCommand(cli));
}

function projectionsCommand(cli: Cli): Command {
  const command = new Command('projections')
    .description('make the list of workflows anew beside the one that is served, compare the two, and switch')
    .option('--verify', 'only compare, and drop what was made')
    .option('--rate <events>', 'read so many events per second at most', wholeNumber(1));
  return withJson(command).action(async ({ json, verify, rate }: ProjectionOptions) => {
    const { terminal } = cli;
    // Loaded when asked for: it brings the client of the database.
    const { rebuildList } = await import('../store/rebuild-list.js');
    const bar = await progressBar(terminal);
    const report = await rebuildList(cli, {
      ...(verify === true && { verifyOnly: true }),
      ...(rate !== undefined && { rate }),
      onProgress: (done, total) => bar.show('events', done, total),
    }).finally(() => bar.clear());
    const isDone = verify === true ? report.wrong.length === 0 : report.switched;
    if (!isDone) cli.exitCode = exitCodes.failed;
    if (json === true) terminal.printJson(report);
    else terminal.print(rebuildLines(report, verify === true).join('\n'));
  });
}

function rebuildLines(report: RebuildReport, verifyOnly: boolean): readonly string[] {
  const { compared, before, after, events, resumed, switched, wrong } = report;
  const equal =
    before === after ? `equal (${after})` : `different (${before} was served, ${after} is made of the events)`;
  const end = switched
    ? 'The new list is served, the old one is gone.'
    : 'The list could not be switched: long reads of it never ended; try again.';
  return [
    `${events} events read${resumed ? ', going on where an earlier replay was broken off' : ''}`,
    `${compared} lines compared by hash: ${equal}`,
    ...wrong.map(({ workflow, message }) => `✖ ${workflow}: ${message}`),
    ...(verifyOnly ? [] : [end]),
  ];
}

function streamCommand(cli: Cli): Command {
  const command = new Command('stream')
    .description('fold the history of a workflow event by event, and say of each what was decided and why')
    .argument('<id>', 'id of the workflow')
    .option('-f, --follow', 'go on until the workflow ends');
  type Options = GatewayOptions & { readonly follow?: true };
  return withGateway(command).action(async (id: string, options: Options) => {
    const { terminal } = cli;
    const client = await gatewayClient(options, cli);
    const reader = new StepReader();
    const events = options.follow === true ? client.stream(id) : history(client, id);
    for await (const event of events) {
      const step = reader.next(event);
      if (options.json === true) terminal.print(JSON.stringify(step));
      else for (const line of stepLines(step, terminal)) terminal.print(line);
    }
  });
}
