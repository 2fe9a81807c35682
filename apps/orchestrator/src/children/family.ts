import { type ChildEndMessage, type CommandMessage, partitionOf, type StartMessage, subjects } from '@braid/contracts';
import { type EventStore } from '@braid/event-store';
import { type ChildStarted, type ExecutionMode, type Failure, type Graph, type Json, unreachable } from '@braid/events';
import { PublishError, type Publisher } from '@braid/messaging';
import { type Logger } from '@braid/service';
import { bindVariables, type WorkflowState } from '@braid/workflow';
import { awaitingBranch, type Command } from '@braid/workflow/decide';
import { type TaskTokens } from '../effects/task-token';
import { type News, type StartNews } from './family-news';
import { type PublishedGraphs } from './published-graphs';

type Dependencies = {
  readonly publisher: Publisher;
  readonly store: Pick<EventStore, 'readStream'>;
  readonly playbooks: PublishedGraphs;
  readonly tokens: TaskTokens;
  readonly partitions: number;
  readonly logger: Logger;
};

type OfChild = Pick<
  Extract<CommandMessage, { command: 'child-asks' }>,
  'workflow' | 'child' | 'branch' | 'step' | 'attempt' | 'token'
>;

type Refused = Extract<ChildEndMessage, { is: 'refused' }>;

/** Carries news between workflows and their children. Whatever does not get through is told again when its check is due. */
export class Family {
  constructor(private readonly deps: Dependencies) {}

  /**
   * Resolves when all of it is stored on the bus, with the ends of children that could not be started: those are for the
   * workflow whose news it is. `current` is that workflow as it stands, where it is in memory.
   */
  async send(news: readonly News[], current: () => WorkflowState | undefined): Promise<readonly Command[]> {
    const waits = (child: ChildStarted) => {
      const state = current();
      return state === undefined || state.status === 'unborn' || awaitingBranch(state, child) !== undefined;
    };
    const refused = await Promise.all(
      news.map(async (one) => {
        try {
          return await this.sendOne(one, waits);
        } catch (error) {
          this.deps.logger.warn({ error, tell: one.tell }, 'news of a workflow could not be sent to its family');
          return undefined;
        }
      }),
    );
    return refused.filter((command) => command !== undefined);
  }

  private async sendOne(news: News, waits: (child: ChildStarted) => boolean): Promise<Command | undefined> {
    switch (news.tell) {
      case 'start':
        return this.start(news, waits);
      case 'command': {
        const { from, to, command, compensate } = news;
        const by = `workflow ${from}`;
        await this.command(
          command === 'cancel'
            ? { workflow: to, command, reason: 'the parent does not wait for it any more', by, compensate }
            : { workflow: to, command, reason: `the parent was told to ${command}`, by, withParent: true },
        );
        return undefined;
      }
      case 'end':
        await this.end(this.nameOf(news), news.end);
        return undefined;
      case 'ask':
        await this.command({ ...this.nameOf(news), command: 'child-asks', held: news.held });
        return undefined;
      default:
        return unreachable(news);
    }
  }

  private async start(news: StartNews, waits: (child: ChildStarted) => boolean): Promise<Command | undefined> {
    const { child, repeat } = news;
    const message = await this.startOf(news);
    if ('is' in message) {
      return { type: 'child-ended', child, end: message };
    }
    if (!waits(child)) return undefined;
    const { publisher, partitions } = this.deps;
    const subject = subjects.start(partitionOf(child.workflow, partitions), child.workflow);
    const options = repeat === 'when-due' ? {} : { messageId: `${child.workflow}/start` };
    try {
      await publisher.publish(subject, JSON.stringify(message), options);
    } catch (error) {
      if (!isTooLarge(error)) throw error;
      const failure = limitFailure(`The start of ${child.playbook} does not fit into one NATS message (max_payload)`);
      return { type: 'child-ended', child, end: { is: 'refused', failure } };
    }
    // The word that it is not waited for any more may have overtaken its start.
    if (!waits(child)) {
      const { workflow: from } = news.parent;
      await this.sendOne({ tell: 'command', from, to: child.workflow, command: 'cancel', compensate: false }, waits);
    }
    return undefined;
  }

  /** What is published may have changed since a child was started: one that is there is not refused any more. */
  private async startOf(news: StartNews): Promise<StartMessage | Refused> {
    const message = await this.newStart(news);
    if (!('is' in message) || news.repeat === 'never') return message;
    const { workflow } = news.child;
    const [first] = await this.deps.store.readStream(workflow, { limit: 1 });
    return first?.type === 'WorkflowStarted' ? { ...first.data, workflow } : message;
  }

  private async newStart({
    child,
    parent,
    executionMode,
    traceparent,
    budget,
  }: StartNews): Promise<StartMessage | Refused> {
    const published = await this.deps.playbooks.get(child.playbook);
    if (!published) {
      const message = `Nothing is published as ${child.playbook}; publish it, then retry the workflow`;
      return { is: 'refused', failure: failureOf('UnknownPlaybookError', 'unknown-playbook', message) };
    }
    const { name, version, graph } = published;
    const bound = bindVariables(graph, child.variables);
    if (!bound.ok) {
      const problems = bound.problems.map(({ path, message }) => ({ path, message }));
      const told = problems.map(({ message }) => message).join('; ');
      const message = `The variables do not fit ${name}@${version}: ${told}`;
      return { is: 'refused', failure: failureOf('InvalidVariablesError', 'invalid-input', message, { problems }) };
    }
    return {
      workflow: child.workflow,
      playbook: { name, version },
      graph,
      variables: bound.variables,
      context: {},
      executionMode: narrower(executionMode, graph),
      ...(budget && { budget }),
      requestDigest: child.workflow,
      ...(traceparent !== undefined && { traceparent }),
      parent,
    };
  }

  private async end(name: OfChild, end: ChildEndMessage): Promise<void> {
    try {
      await this.command({ ...name, command: 'child-ended', end });
    } catch (error) {
      if (!isTooLarge(error)) throw error;
      const failure = limitFailure(`What ${name.child} ended with does not fit into one NATS message (max_payload)`);
      const cost = end.is === 'refused' ? { attempts: 0, agentMs: 0, usage: {} } : end.cost;
      await this.command({ ...name, command: 'child-ended', end: { is: 'failed', failure, cost } });
    }
  }

  private nameOf({ to, child }: Extract<News, { tell: 'end' | 'ask' }>): OfChild {
    const { workflow, branch, step, attempt } = to;
    const attemptName = { workflow, branch, step, attempt };
    return { ...attemptName, child, token: this.deps.tokens.issue(attemptName) };
  }

  private command(message: CommandMessage): Promise<void> {
    const { publisher, partitions } = this.deps;
    const subject = subjects.command(partitionOf(message.workflow, partitions), message.workflow);
    return publisher.publish(subject, JSON.stringify(message));
  }
}

function narrower(ofParent: ExecutionMode, { executionType }: Graph): ExecutionMode {
  return ofParent === 'sequential' || executionType === 'sequential' ? 'sequential' : 'parallel';
}

function isTooLarge(error: unknown): boolean {
  return error instanceof PublishError && error.code === 'too-large';
}

function limitFailure(message: string): Failure {
  return failureOf('MessageTooLargeError', 'limit', `${message}; pass less, or a reference to it`);
}

function failureOf(type: string, code: Failure['code'], message: string, details?: Json): Failure {
  return { type, message, code, retryable: false, ...(details !== undefined && { details }) };
}
