import { type JsonObject } from '@braid/events';
import { Command } from 'commander';
import { type Cli } from '../cli';
import { gatewayClient } from '../gateway';
import { assignment, type GatewayOptions, jsonOrText, withGateway } from '../options';
import { previewLines } from '../view/convergence';

/** The fields of `converge` that have an option of their own, which has their name in the command line's spelling. */
const fields: readonly (readonly [flags: string, field: string, description: string])[] = [
  [
    '--require <count>',
    'require',
    'all-settled, quorum, judge: branches that must complete, as a number or a share (67%)',
  ],
  ['--by <expression>', 'by', 'majority-vote: the value that a branch votes for, such as output.verdict'],
  ['--of <votes>', 'of', 'majority-vote: more than half of all votes, or of those cast'],
  ['--tie-break <rule>', 'tieBreak', 'majority-vote: first, fail, or a branch'],
  ['--score <expression>', 'score', 'best-of: a number, the higher the better'],
  ['--initial <json>', 'initial', 'reduce: what the fold starts with'],
  ['--with <json>', 'with', 'reduce: what the fold goes on with after a branch; judge: what the judge is asked'],
  [
    '--agent <name>',
    'agent',
    'judge: who is asked; known is only what was answered when the same judge was asked the same',
  ],
  ['--schema <json>', 'schema', 'first-success: JSON Schema that an output must match'],
  ['--deadline <duration>', 'deadline', 'settle with what is there after this time'],
  ['--losers <what>', 'losers', 'cancel, drain or detach branches that no longer matter'],
];

/** Fields whose value is text although it may look like JSON. */
const texts: ReadonlySet<string> = new Set(['agent', 'by', 'of', 'tieBreak', 'score', 'deadline', 'losers']);

type Options = GatewayOptions & {
  readonly strategy: string;
  readonly branch?: string;
  readonly weight?: JsonObject;
} & { readonly [field: string]: unknown };

export function whatIfCommand(cli: Cli): Command {
  const command = new Command('what-if')
    .description('show what a fork would have decided by another strategy; nothing is run or changed')
    .argument('<id>', 'id of the workflow')
    .argument('<step>', 'the step that forked')
    .requiredOption('--strategy <name>', 'the strategy to try out')
    .option('--branch <path>', 'path of the branch that forked; the root unless given')
    .option('--weight <branch=votes>', 'majority-vote: votes of a branch; may be repeated', assignment);
  for (const [flags, , description] of fields) command.option(flags, description);
  return withGateway(command).action(async (id: string, step: string, options: Options) => {
    const client = await gatewayClient(options, cli);
    const { strategy, branch } = options;
    const fork = { step, ...(branch === undefined ? {} : { branch }) };
    const preview = await client.previewConvergence(id, fork, { strategy, ...convergeFields(options) });
    const { terminal } = cli;
    if (options.json === true) terminal.printJson(preview);
    else terminal.print(previewLines(preview, terminal.colours).join('\n'));
  });
}

/** The fields of `converge` that were given, as a playbook has them. */
export function convergeFields(options: { readonly [field: string]: unknown }): JsonObject {
  const given = fields.flatMap(([, field]) => {
    const value = options[field];
    return typeof value === 'string' ? [[field, texts.has(field) ? value : jsonOrText(value)] as const] : [];
  });
  const { weight } = options as { readonly weight?: JsonObject };
  return { ...Object.fromEntries(given), ...(weight === undefined ? {} : { weights: weight }) };
}
