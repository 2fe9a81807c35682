import { describeConfig, loadConfig } from '@braid/contracts';
import { Command } from 'commander';
import { type Cli } from '../cli';
import { type JsonOption, withJson } from '../options';
import { table } from '../view/table';

export function configCommand(cli: Cli): Command {
  const command = new Command('config').description('list every setting with its value, or what is wrong with it');
  return withJson(command).action((options: JsonOption) => {
    const { terminal } = cli;
    const settings = describeConfig(loadConfig(cli.environment));
    if (options.json === true) {
      terminal.printJson(settings);
      return;
    }
    const rows = settings.map(({ name, value, default: standard, description }) => {
      const changed = JSON.stringify(value) !== JSON.stringify(standard);
      return [name, changed ? terminal.colours.bold(text(value)) : text(value), description];
    });
    terminal.print(table(['SETTING', 'VALUE', 'MEANING'], rows, terminal.colours));
  });
}

const text = (value: unknown): string =>
  Array.isArray(value) ? value.join(',') : typeof value === 'string' ? value : JSON.stringify(value);
