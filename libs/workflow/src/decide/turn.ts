import { type RecordedEvent, type WorkflowEvent } from '@braid/events';
import { evolve } from '../evolve';
import { type Branch, type Fork, type Workflow } from '../state';
import { type Limits } from './commands';

/** What is left to look at before a decision is complete. */
export type Task =
  | { readonly do: 'advance'; readonly branch: Branch }
  | { readonly do: 'ended'; readonly branch: Branch }
  | {
      readonly do: 'settle';
      readonly fork: Fork;
      readonly arrival: Branch | undefined;
      readonly deadlinePassed: boolean;
    }
  | { readonly do: 'fill'; readonly fork: Fork }
  | { readonly do: 'compensate' };

/**
 * One decision in the making. Each fact that is stated is recorded and folded at once, so that what follows is decided on
 * the state as it is by then; what has to be looked at next waits on the agenda, newest first, so that no fork is too wide
 * and no playbook too long for the call stack.
 */
export class Turn {
  readonly events: RecordedEvent[] = [];
  private readonly agenda: Task[] = [];

  constructor(
    readonly state: Workflow,
    readonly now: number,
    readonly limits: Limits,
  ) {}

  /** Records a fact and folds it. */
  record(event: WorkflowEvent): void {
    const recorded: RecordedEvent = {
      ...event,
      workflow: this.state.id,
      version: this.state.version + 1,
      at: this.now,
    };
    evolve(this.state, recorded);
    this.events.push(recorded);
  }

  /** Puts tasks on the agenda; the first of them is looked at first. */
  then(...tasks: readonly Task[]): void {
    for (let i = tasks.length - 1; i >= 0; i--) this.agenda.push(tasks[i] as Task);
  }

  next(): Task | undefined {
    return this.agenda.pop();
  }
}
