import { loadConfig, type WorkflowView } from '@braid/contracts';
import { BraidClient } from '@braid/sdk';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { type Cli } from '../cli';
import { exitCodes } from '../exit-codes';
import { dataDir } from '../gateway';
import { history } from '../history';
import { type LiveDisplay, liveDisplay } from '../view/live-display';
import { attemptRuns, timeline } from '../view/timeline';
import { failureLines, outputText, statusText } from '../view/workflow';
import { watchWorkflow } from '../watch-workflow';
import { completed, countUnfinished, exampleHeadline, startExample } from './example';
import { Installation } from './installation';
import { stopSignals } from './stop-signals';

export type UpOptions = { readonly once?: true; readonly example: boolean };

/** The folder of the repository: this file lies in `dist/apps/cli/src/up`. */
const root = resolve(__dirname, '../../../../..');
/** What the example's `command` branches run. */
const exampleCommands = ['git'];

/** Starts a whole Braid, runs the example, and serves until a signal; see the command's help. */
export async function up(cli: Cli, options: UpOptions): Promise<void> {
  const { terminal, environment } = cli;
  const config = loadConfig(environment);
  let display: LiveDisplay | undefined;
  const report = (line: string) => {
    const text = terminal.colours.dim(line);
    if (display === undefined) terminal.print(text);
    else display.note(text);
  };
  const installation = new Installation({
    config,
    environment,
    dataDir: dataDir(environment),
    agentsDir: resolve(config.BRAID_AGENTS_DIR || resolve(root, 'examples/agents')),
    commandAllow: [...new Set([...config.BRAID_COMMAND_ALLOW, ...(options.example ? exampleCommands : [])])],
    report,
  });
  const signals = stopSignals(() => {
    installation.kill();
    process.exit(130);
  });
  try {
    await installation.start(signals.signal);
    const client = new BraidClient({ baseUrl: installation.url });
    await greet(cli, installation, client, signals.signal);
    if (options.example) {
      const view = await runExample(cli, client, signals.signal, (shown) => (display = shown));
      if (!completed(view)) cli.exitCode = exitCodes.failed;
    }
    if (options.once !== true) {
      terminal.print(`\nBraid serves at ${installation.url}; Ctrl-C stops it.`);
      if (!signals.signal.aborted) await once(signals.signal, 'abort');
      cli.exitCode = exitCodes.done;
    }
  } catch (error) {
    // A signal is how this command is meant to end, unless it was to bring a result.
    if (!signals.signal.aborted) throw error;
    if (options.once === true) cli.exitCode = exitCodes.failed;
  } finally {
    display = undefined;
    if (signals.signal.aborted) terminal.print('\nStopping; Ctrl-C again ends everything at once.');
    await installation.stop();
    signals.release();
  }
  terminal.print('Everything is stopped.');
}

async function greet(
  { terminal }: Cli,
  { url, grpcAddress }: Installation,
  client: BraidClient,
  signal: AbortSignal,
): Promise<void> {
  const { colours } = terminal;
  terminal.print(`\n${colours.green('Braid is up')}: 1 gateway, 2 orchestrators, 2 runners`);
  terminal.print(`  API   ${colours.bold(`${url}/v1`)}\n  Docs  ${colours.bold(`${url}/docs`)}`);
  terminal.print(`  gRPC  ${colours.bold(grpcAddress)}`);
  const unfinished = await countUnfinished(client, signal);
  if (unfinished > 0) {
    terminal.print(`  ${unfinished} unfinished ${unfinished === 1 ? 'workflow goes' : 'workflows go'} on`);
  }
}

async function runExample(
  cli: Cli,
  client: BraidClient,
  signal: AbortSignal,
  show: (display: LiveDisplay | undefined) => void,
): Promise<WorkflowView> {
  const { terminal } = cli;
  const { colours } = terminal;
  const example = await startExample({ client, file: resolve(root, 'examples/repo-audit.yaml'), path: root, signal });
  terminal.print(`${exampleHeadline(example, root, terminal)}\n`);
  const display = await liveDisplay(terminal);
  show(display);
  let view;
  try {
    view = await watchWorkflow(client, example.id, (each) => display.update(each), signal);
  } finally {
    show(undefined);
    display.done();
  }
  if (view.error !== undefined) terminal.print(`\n${failureLines(view.error, colours).join('\n')}`);
  if (view.output !== undefined) terminal.print(`\n${outputText(view.output, colours)}`);
  const events = [];
  for await (const event of history(client, view.id)) events.push(event);
  terminal.print(`\n${colours.cyan(colours.bold('Who did what when'))}\n`);
  for (const line of timeline(attemptRuns(events), terminal)) terminal.print(line);
  terminal.print(`\n${statusText(view.status, colours)}  braid show ${view.id}`);
  return view;
}
