import { type ChildEndMessage } from '@braid/contracts';
import {
  type Amounts,
  type ChildStarted,
  type ExecutionMode,
  type Failure,
  type Parent,
  type RecordedEvent,
} from '@braid/events';
import { type Branch, isOpen, remainingBudget, type Workflow, type WorkflowState } from '@braid/workflow';
import { awaitingBranch, type Command } from '@braid/workflow/decide';
import { lastCheck } from './check-moments';

/** What a workflow has to tell its children, or its parent. All of it may be told again: nothing happens twice. */
export type News =
  | StartNews
  | {
      readonly tell: 'command';
      readonly from: string;
      readonly to: string;
      readonly command: 'cancel' | 'pause' | 'resume';
      /** Of a cancel: the parent undoes what it has done, and so does the child. */
      readonly compensate: boolean;
    }
  | { readonly tell: 'end'; readonly to: Parent; readonly child: string; readonly end: ChildEndMessage }
  | { readonly tell: 'ask'; readonly to: Parent; readonly child: string; readonly held: boolean };

export type StartNews = {
  readonly tell: 'start';
  readonly child: ChildStarted;
  readonly parent: Parent;
  readonly executionMode: ExecutionMode;
  readonly traceparent: string | undefined;
  /** What is left of the parent's. */
  readonly budget: Amounts | undefined;
  /** Whether it may have been told before: a short time ago, so that the bus drops what it has, or when a check is due. */
  readonly repeat: 'never' | 'at-once' | 'when-due';
};

/**
 * What the new events of a command have to be told for. Taken at once: the state goes on changing. A child has something to
 * undo though its parent has not, so that the command is passed on as it is.
 */
export function newsOf(command: Command, state: Workflow, events: readonly RecordedEvent[]): readonly News[] {
  const news: News[] = [];
  const undo = command.type === 'cancel' && command.compensate === true;
  for (const { type, data } of events) {
    if (type === 'ChildStarted') {
      if (isCurrent(state, data)) news.push(startOf(state, data, 'never'));
    } else if (type === 'BranchCancelled') {
      if (data.child !== undefined) news.push(commandTo(state, data.child, 'cancel', undo));
    } else if (type === 'ChildEnded') {
      if (data.outcome === 'given-up') news.push(commandTo(state, data.workflow, 'cancel'));
    } else if (type === 'WorkflowPaused' || type === 'WorkflowResumed') {
      const word = type === 'WorkflowPaused' ? 'pause' : 'resume';
      for (const { to } of delegatedBefore(state, events)) news.push(commandTo(state, to.workflow, word));
    }
  }
  const end = events.length > 0 ? endOf(state) : undefined;
  return end ? [...news, end] : news;
}

/** What to answer to a command that has changed nothing. `again`: it came before, and its effects may have been lost. */
export function answerTo(command: Command, state: WorkflowState, again: boolean): readonly News[] {
  if (state.status === 'unborn') return [];
  const news: News[] = [];
  if (command.type === 'child-asks') {
    const { child, held } = command;
    const waits = isOpen(state) && awaitingBranch(state, child) !== undefined;
    if (!waits) news.push(commandTo(state, child.workflow, 'cancel'));
    else if (held !== (state.status === 'paused')) {
      news.push(commandTo(state, child.workflow, held ? 'resume' : 'pause'));
    }
  }
  const end = command.type === 'start' || again ? endOf(state) : undefined;
  return end ? [...news, end] : news;
}

/** What to answer to a command that was refused: a child that nobody can wait for, or one whose id was taken. */
export function answerToRefused(command: Command, workflow: string, message: string): readonly News[] {
  if (command.type === 'child-asks') {
    return [{ tell: 'command', from: workflow, to: command.child.workflow, command: 'cancel', compensate: false }];
  }
  if (command.type !== 'start' || command.start.parent === undefined) return [];
  const failure: Failure = { type: 'ChildRefusedError', message, code: 'internal', retryable: false };
  return [{ tell: 'end', to: command.start.parent, child: workflow, end: { is: 'refused', failure } }];
}

/** The children that were started after `since`, to be started once more. */
export function recentStarts(state: Workflow, since: number): readonly News[] {
  return delegated(state)
    .filter(({ at }) => at > since)
    .map(({ to }) => startOf(state, to, 'at-once'));
}

/** What a workflow and its relatives make sure of from time to time, as far as that is due and was not done at `before`. */
export function dueChecks(state: Workflow, before: number, now: number, first: number): readonly News[] {
  const isDue = (since: number) => (lastCheck(since, now, first) ?? 0) > before;
  const news: News[] = delegated(state)
    .filter(({ at }) => isDue(at))
    .map(({ to }) => startOf(state, to, 'when-due'));
  const { parent } = state;
  if (parent && !state.compensation && isDue(state.startedAt)) {
    news.push({ tell: 'ask', to: parent, child: state.id, held: state.heldByParent });
  }
  return news;
}

type Delegated = Extract<Branch['phase'], { is: 'delegated' }>;

export function delegated(state: Workflow): readonly Delegated[] {
  return [...state.waiting].map(({ phase }) => phase).filter((phase) => phase.is === 'delegated');
}

/** Those that did not only begin to wait with these events. */
function delegatedBefore(state: Workflow, events: readonly RecordedEvent[]): readonly Delegated[] {
  const begun = new Set(events.map(({ data }) => data));
  return delegated(state).filter(({ to }) => !begun.has(to));
}

function isCurrent(state: Workflow, child: ChildStarted): boolean {
  return awaitingBranch(state, child) !== undefined;
}

function startOf(state: Workflow, child: ChildStarted, repeat: StartNews['repeat']): StartNews {
  const { branch, step, attempt } = child;
  const depth = (state.parent?.depth ?? 0) + 1;
  const { executionMode, traceparent } = state;
  const parent = { workflow: state.id, branch, step, attempt, depth };
  return { tell: 'start', child, parent, executionMode, traceparent, budget: remainingBudget(state), repeat };
}

function commandTo(
  { id, compensation }: Workflow,
  to: string,
  command: 'cancel' | 'pause' | 'resume',
  undo = false,
): News {
  return { tell: 'command', from: id, to, command, compensate: undo || compensation !== undefined };
}

/** The end of a child, for its parent. */
function endOf({ id, parent, ending, cost: used }: Workflow): News | undefined {
  if (!parent || !ending) return undefined;
  const cost = { ...used, usage: Object.fromEntries(used.usage) };
  const tell = { tell: 'end', to: parent, child: id } as const;
  switch (ending.is) {
    case 'completed':
      return { ...tell, end: { is: ending.is, output: ending.output, cost } };
    case 'failed':
      return { ...tell, end: { is: ending.is, failure: ending.failure, cost } };
    case 'cancelled': {
      const { reason } = ending;
      return { ...tell, end: { is: ending.is, ...(reason !== undefined && { reason }), cost } };
    }
  }
}
