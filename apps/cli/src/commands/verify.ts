import { type Progress } from '@braid/history';
import { Command } from 'commander';
import { type Cli } from '../cli';
import { exitCodes } from '../exit-codes';
import { type JsonOption, wholeNumber, withJson } from '../options';
import { progressBar } from '../view/progress-bar';
import { verifyLines } from '../view/verify-report';

type Options = JsonOption & { readonly playbook?: string; readonly sample?: number; readonly faults: number };

export function verifyCommand(cli: Cli): Command {
  const command = new Command('verify')
    .description('fold what is in the database and hold everything that is kept against it, also while Braid runs')
    .argument('[id]', 'only this workflow')
    .option('--playbook <name>', 'only workflows of this playbook')
    .option('--sample <count>', 'only so many workflows, picked at random', wholeNumber(1))
    .option('--faults <count>', 'how many faults are printed at most', wholeNumber(1), 100);
  return withJson(command).action(async (id: string | undefined, options: Options) => {
    const { terminal } = cli;
    const { json, playbook, sample } = options;
    // Loaded when asked for: it brings the client of the database.
    const { verifyStore } = await import('../store/verify-store.js');
    const bar = await progressBar(terminal);
    const report = await verifyStore(cli, {
      ...(id !== undefined && { workflow: id }),
      ...(playbook !== undefined && { playbook }),
      ...(sample !== undefined && { sample }),
      mostFaults: options.faults,
      onProgress: ({ of, done, total }: Progress) => bar.show(of, done, total),
    }).finally(() => bar.clear());
    if (!report.ok) cli.exitCode = exitCodes.failed;
    if (json === true) terminal.printJson(report);
    else terminal.print(verifyLines(report, terminal.colours).join('\n'));
  });
}
