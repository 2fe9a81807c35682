import {
  type CommandMessage,
  parseMessage,
  parseReports,
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

type ParseContext = { readonly partitions: number; readonly tokens: TaskTokens };

/**
 * Reads a message of `braid.in.<partition>.<kind>.<workflow>` into the command that it carries, and one of
 * `braid.in.<partition>.reports` into as many as it has reports. Whatever is wrong with one is said in words, for the dead letter.
 */
export function parseInputs(subject: string, body: Uint8Array, context: ParseContext): readonly Parsed[] {
  const [, , partition = '', kind = '', workflow = ''] = subject.split('.');
  if (kind === 'reports') {
    const reports = parseReports(body);
    if (!reports.ok) return [reports];
    return reports.value.map((one) => belonging(partition, one.ok ? reportOf(one.value, context) : one, context));
  }
  const parsed = parseKind(kind, body, context);
  if (parsed.ok && parsed.workflow !== workflow)
    return [{ ok: false, reason: `the subject names workflow ${workflow}, the body ${parsed.workflow}` }];
  return [belonging(partition, parsed, context)];
}

function belonging(partition: string, parsed: Parsed, { partitions }: ParseContext): Parsed {
  if (!parsed.ok) return parsed;
  const { workflow } = parsed;
  const belongs = partitionOf(workflow, partitions);
  if (String(belongs) === partition) return parsed;
  return {
    ok: false,
    reason: `workflow ${workflow} belongs to partition ${belongs} of ${partitions}, not ${partition}`,
  };
}

function reportOf(report: ReportMessage, { tokens }: ParseContext): Parsed {
  if (!tokens.isGenuine(report.token, report)) {
    return { ok: false, reason: 'the task token is not the one that this attempt was given' };
  }
  return { ok: true, workflow: report.workflow, command: reportCommand(report) };
}

function parseKind(kind: string, body: Uint8Array, context: ParseContext): Parsed {
  switch (kind) {
    case 'start': {
      const start = parseMessage('start', body);
      return start.ok ? { ok: true, workflow: start.value.workflow, command: startCommand(start.value) } : start;
    }
    case 'report': {
      const report = parseMessage('report', body);
      return report.ok ? reportOf(report.value, context) : report;
    }
    case 'command': {
      const command = parseMessage('command', body);
      if (!command.ok) return command;
      const { value } = command;
      if ('token' in value && !context.tokens.isGenuine(value.token, value)) {
        return { ok: false, reason: 'the token is not the one that this child was given' };
      }
      return { ok: true, workflow: value.workflow, command: commandOf(value) };
    }
    default:
      return { ok: false, reason: `"${kind}" is no kind of message; known are start, report, reports and command` };
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
