import { loadConfig } from '@braid/contracts';
import { Command } from 'commander';
import { type Cli } from '../cli';
import { CliError } from '../cli-error';
import { type JsonOption, withJson } from '../options';
import { serverAddresses } from '../server-addresses';

export function migrateCommand(cli: Cli): Command {
  const command = new Command('migrate').description(
    'bring the database and the streams of NATS to the shape of this release; repeating it changes nothing',
  );
  return withJson(command).action(async (options: JsonOption) => {
    const config = loadConfig(cli.environment);
    const { databaseUrl, natsUrl } = await serverAddresses(config, cli.environment);
    if (databaseUrl === undefined) throw new CliError('DATABASE_URL is not set, and no "braid up" runs here');
    // Loaded when asked for: it brings the clients of the servers.
    const { prepare } = await import('../up/prepare.js');
    const done = await prepare({ databaseUrl, natsUrl, partitions: config.BRAID_PARTITIONS });
    if (options.json === true) {
      cli.terminal.printJson(done);
      return;
    }
    const migrations = done.migrations.length === 0 ? 'nothing to migrate' : `ran ${done.migrations.join(', ')}`;
    cli.terminal.print(`database: ${migrations}; ${config.BRAID_PARTITIONS} partitions`);
    cli.terminal.print(
      done.streams === undefined
        ? 'NATS: left alone, NATS_URL is not set'
        : `NATS: ${done.streams.made} of ${done.streams.total} streams and consumers made or changed`,
    );
  });
}
