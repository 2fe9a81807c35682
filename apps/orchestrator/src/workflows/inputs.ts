import {
  type CommandMessage,
  parseMessage,
  partitionOf,
  type ReportMessage,
  type StartMessage,
} from '@braid/contracts';
import { unreachable } from '@braid/events';
import { type ChildName, type Command } from '@braid/workflow/decide';
import { type TaskTokens } from '../effects/task-token';

export type Parsed =
  | { readonly ok: true; readonly workflow: string; readonly command: Command }
  | { readonly ok: false; readonly reason: string };

/**
 * Reads a message of `braid.in.<partition>.<kind>.<workflow>` into the command that it carries. Whatever is wrong with it is
 * said in words, for the dead letter.
 */
export function parseInput(
  subject: string,
  body: Uint8Array,
  context: { readonly partitions: number; readonly tokens: TaskTokens },
): Parsed {
  const [, , partition, kind, workflow = ''] = subject.split('.');
  const parsed = parseKind(kind ?? '', body, context.tokens);
  if (!parsed.ok) return parsed;
  if (parsed.workflow !== workflow)
    return { ok: false, reason: `the subject names workflow ${workflow}, the body ${parsed.workflow}` };
  const belongs = partitionOf(workflow, context.partitions);
  if (String(belongs) !== partition) {
    return {
      ok: false,
      reason: `workflow ${workflow} belongs to partition ${belongs} of ${context.partitions}, not ${partition ?? ''}`,
    };
  }
  return parsed;
}

function parseKind(kind: string, body: Uint8Array, tokens: TaskTokens): Parsed {
  switch (kind) {
    case 'start': {
      const start = parseMessage('start', body);
      return start.ok ? { ok: true, workflow: start.value.workflow, command: startCommand(start.value) } : start;
    }
    case 'report': {
      const report = parseMessage('report', body);
      if (!report.ok) return report;
      if (!tokens.isGenuine(report.value.token, report.value)) {
        return { ok: false, reason: 'the task token is not the one that this attempt was given' };
      }
      return { ok: true, workflow: report.value.workflow, command: reportCommand(report.value) };
    }
    case 'command': {
      const command = parseMessage('command', body);
      if (!command.ok) return command;
      const { value } = command;
      if ('token' in value && !tokens.isGenuine(value.token, value)) {
        return { ok: false, reason: 'the token is not the one that this child was given' };
      }
      return { ok: true, workflow: value.workflow, command: commandOf(value) };
    }
    default:
      return { ok: false, reason: `"${kind}" is no kind of message; known are start, report and command` };
  }
}

function startCommand({ workflow, ...start }: StartMessage): Command {
  return { type: 'start', workflow, start };
}

function commandOf(message: CommandMessage): Command {
  const by = 'by' in message && message.by !== undefined ? { by: message.by } : {};
  switch (message.command) {
    case 'cancel':
      return { type: 'cancel', compensate: message.compensate === true, ...noteOf(message), ...by };
    case 'pause':
    case 'resume': {
      const { withParent } = message;
      return { type: message.command, ...noteOf(message), ...by, ...(withParent === true && { withParent }) };
    }
    case 'retry':
      return { type: 'retry', ...(message.budget && { budget: message.budget }), ...noteOf(message), ...by };
    case 'child-ended':
      return { type: 'child-ended', child: childOf(message), end: message.end };
    case 'child-asks':
      return { type: 'child-asks', child: childOf(message), held: message.held };
    case 'signal': {
      const { name, payload, id } = message;
      return { type: 'signal', name, payload, id, ...by };
    }
    default:
      return unreachable(message);
  }
}

function noteOf({ reason, id }: { readonly reason?: string; readonly id?: string }) {
  return { ...(reason !== undefined && { reason }), ...(id !== undefined && { id }) };
}

function childOf({ child, branch, step, attempt }: Extract<CommandMessage, { readonly child: string }>): ChildName {
  return { workflow: child, branch, step, attempt };
}

function reportCommand(report: ReportMessage): Command {
  const { branch, step, attempt, runner, startedAt, endedAt, usage } = report;
  const run = { attempt, runner, startedAt, endedAt, ...(usage && { usage }) };
  const outcome =
    report.type === 'BranchCompleted'
      ? ({ is: 'completed', output: report.output } as const)
      : ({ is: 'failed', failure: report.failure } as const);
  return { type: 'report', report: { branch, step, run, outcome } };
}
