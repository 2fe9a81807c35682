import { Command } from 'commander';
import { type Cli } from '../cli';
import { explain } from '../explain';
import { gatewayClient } from '../gateway';
import { type GatewayOptions, withGateway } from '../options';
import { readPlaybook } from '../playbook-file';
import { problemLines } from '../view/problems';

export function publishCommand(cli: Cli): Command {
  const command = new Command('publish')
    .description('publish a version of a playbook; it never changes afterwards')
    .argument('<file>', 'file with the playbook; - for standard input');
  return withGateway(command).action(async (file: string, options: GatewayOptions) => {
    const { terminal } = cli;
    const client = await gatewayClient(options, cli);
    try {
      const publication = await client.publish(await readPlaybook(file));
      if (options.json === true) {
        terminal.printJson(publication);
        return;
      }
      for (const line of problemLines(publication.problems, { colours: terminal.colours, file })) terminal.print(line);
      terminal.print(`published ${publication.name}@${publication.version}`);
    } catch (error) {
      const { text, exitCode } = explain(error, terminal.colours, file);
      terminal.note(text);
      cli.exitCode = exitCode;
    }
  });
}
