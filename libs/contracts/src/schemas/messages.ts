import {
  type CancelledAttempt,
  type CancelMessage,
  type ChildAsksMessage,
  type ChildEndedMessage,
  type ChildEndMessage,
  type CancelSignal,
  type CommandMessage,
  type HeartbeatMessage,
  type LiveAttempt,
  type PlainCommand,
  type ReportMessage,
  type RetryMessage,
  type RunnerPresence,
  type SignalMessage,
  type StartMessage,
  type WorkMessage,
} from '../messages';
import {
  amount,
  branchPath,
  count,
  failureName,
  flag,
  json,
  jsonObject,
  milliseconds,
  name,
  positive,
  text,
  token,
  traceparent,
  workflowId,
} from './common';
import { type Cost, type Failure, type Parent } from '@braid/events';
import { graph } from './graph';
import { constant, list, named, object, oneOf, optional, record, type Schema, taggedBy } from './schema-of';

/** What travels over the bus, by the name under which it is validated. */
export type MessageKinds = {
  readonly start: StartMessage;
  readonly command: CommandMessage;
  readonly report: ReportMessage;
  readonly work: WorkMessage;
  readonly heartbeat: HeartbeatMessage;
  readonly cancel: CancelSignal;
  readonly runner: RunnerPresence;
};

export type MessageKind = keyof MessageKinds;

const executionMode = oneOf<StartMessage['executionMode']>({ parallel: true, sequential: true });

const start = object<StartMessage>({
  workflow: workflowId,
  playbook: object<StartMessage['playbook']>({ name, version: optional(name) }),
  graph,
  variables: jsonObject,
  context: jsonObject,
  executionMode,
  budget: optional(record(amount)),
  requestDigest: token,
  traceparent: optional(traceparent),
  parent: optional(
    object<Parent>({ workflow: workflowId, branch: branchPath, step: name, attempt: positive, depth: positive }),
  ),
});

const cost = object<Cost>({ attempts: count, agentMs: amount, usage: record(amount) });

const ofChild = {
  workflow: workflowId,
  child: workflowId,
  branch: branchPath,
  step: name,
  attempt: positive,
  token,
} as const;

const childEnd = taggedBy<ChildEndMessage, 'is'>('is', {
  completed: object<Extract<ChildEndMessage, { is: 'completed' }>>({ is: constant('completed'), output: json, cost }),
  failed: object<Extract<ChildEndMessage, { is: 'failed' }>>({
    is: constant('failed'),
    failure: named<Failure>(failureName),
    cost,
  }),
  cancelled: object<Extract<ChildEndMessage, { is: 'cancelled' }>>({
    is: constant('cancelled'),
    reason: optional(text),
    cost,
  }),
  refused: object<Extract<ChildEndMessage, { is: 'refused' }>>({
    is: constant('refused'),
    failure: named<Failure>(failureName),
  }),
});

/** A command that only says what is wanted and why. */
function plain<C extends string>(word: C): Schema<PlainCommand<C>> {
  return object<PlainCommand<C>>(plainFields(word));
}

function plainFields<C extends string>(word: C) {
  return {
    workflow: workflowId,
    command: constant(word),
    id: optional(name),
    reason: optional(text),
    by: optional(name),
    withParent: optional(flag),
  };
}

const command = taggedBy<CommandMessage, 'command'>('command', {
  cancel: object<CancelMessage>({ ...plainFields('cancel'), compensate: optional(flag) }),
  pause: plain('pause'),
  resume: plain('resume'),
  retry: object<RetryMessage>({
    workflow: workflowId,
    command: constant('retry'),
    id: optional(name),
    budget: optional(record(amount)),
    reason: optional(text),
    by: optional(name),
  }),
  signal: object<SignalMessage>({
    workflow: workflowId,
    command: constant('signal'),
    name,
    payload: json,
    id: name,
    by: optional(name),
  }),
  'child-ended': object<ChildEndedMessage>({ ...ofChild, command: constant('child-ended'), end: childEnd }),
  'child-asks': object<ChildAsksMessage>({ ...ofChild, command: constant('child-asks'), held: flag }),
});

const reported = {
  workflow: workflowId,
  branch: branchPath,
  step: name,
  attempt: positive,
  token,
  runner: name,
  startedAt: milliseconds,
  endedAt: milliseconds,
  usage: optional(jsonObject),
} as const;

const report = taggedBy<ReportMessage, 'type'>('type', {
  BranchCompleted: object<Extract<ReportMessage, { type: 'BranchCompleted' }>>({
    ...reported,
    type: constant('BranchCompleted'),
    output: json,
  }),
  BranchFailed: object<Extract<ReportMessage, { type: 'BranchFailed' }>>({
    ...reported,
    type: constant('BranchFailed'),
    failure: named<Failure>(failureName),
  }),
});

const work = object<WorkMessage>({
  type: constant('BranchRequested'),
  workflow: workflowId,
  partition: count,
  playbook: name,
  branch: branchPath,
  step: name,
  attempt: positive,
  agent: name,
  input: json,
  context: jsonObject,
  idempotencyKey: { type: 'string', minLength: 1, maxLength: 32_768 },
  token,
  timeout: milliseconds,
  heartbeatTimeout: optional(milliseconds),
  startBefore: optional(milliseconds),
  traceparent: optional(traceparent),
});

const liveAttempt = object<LiveAttempt>({
  workflow: workflowId,
  branch: branchPath,
  step: name,
  attempt: positive,
  startedAt: milliseconds,
});

const heartbeat = object<HeartbeatMessage>({ runner: name, attempts: list(liveAttempt) });

const cancel = object<CancelSignal>({
  workflow: workflowId,
  attempts: optional(list(object<CancelledAttempt>({ branch: branchPath, step: name, attempt: positive }))),
  reason: text,
});

const runner = object<RunnerPresence>({
  runner: name,
  host: name,
  pid: count,
  startedAt: milliseconds,
  draining: flag,
  agents: list(object<RunnerPresence['agents'][number]>({ agent: name, slots: count, busy: count })),
});

export const messageSchemas: { readonly [K in MessageKind]: Schema<MessageKinds[K]> } = {
  start,
  command,
  report,
  work,
  heartbeat,
  cancel,
  runner,
};
