import { Command } from 'commander';
import { type Cli } from '../cli';
import type { UpOptions } from '../up/up';

export function upCommand(cli: Cli): Command {
  return new Command('up')
    .description(
      'start a whole Braid on this machine (PostgreSQL, NATS, a gateway, two orchestrators, two runners), run the example, and serve until Ctrl-C',
    )
    .option('--once', 'stop everything after the example; exit code 0 only if it completed')
    .option('--no-example', 'only serve')
    .action(async (options: UpOptions) => {
      // Only this command needs the servers' libraries, and loading them takes longer than most commands run.
      const { up } = await import('../up/up.js');
      await up(cli, options);
    });
}
