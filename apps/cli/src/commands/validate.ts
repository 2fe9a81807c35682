import { Command } from 'commander';
import { type Cli } from '../cli';
import { exitCodes } from '../exit-codes';
import { type JsonOption, withJson } from '../options';
import { readPlaybook } from '../playbook-file';
import { problemLines } from '../view/problems';

export function validateCommand(cli: Cli): Command {
  const command = new Command('validate')
    .description('check playbook files without a service; every problem is a line file:line:column')
    .argument('<file...>', 'files with playbooks; - for standard input');
  return withJson(command).action(async (files: readonly string[], options: JsonOption) => {
    const { terminal } = cli;
    // Loaded when asked for: no other command needs the compiler.
    const { compilePlaybook } = await import('../compile.js');
    const answers = [];
    for (const file of files) {
      const compiled = compilePlaybook(await readPlaybook(file));
      const problems = compiled.ok ? compiled.warnings : compiled.problems;
      answers.push({ file, valid: compiled.ok, problems });
      if (!compiled.ok) cli.exitCode = exitCodes.failed;
      if (options.json === true) continue;
      for (const line of problemLines(problems, { colours: terminal.colours, file })) terminal.print(line);
      const errors = problems.filter(({ severity }) => severity === 'error').length;
      terminal.print(
        compiled.ok ? `${file} can run` : `${file} has ${errors} ${errors === 1 ? 'mistake' : 'mistakes'}`,
      );
    }
    if (options.json === true) terminal.printJson(answers.length === 1 ? answers[0] : answers);
  });
}
