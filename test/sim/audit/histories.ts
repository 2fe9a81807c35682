import { type StoredEvent } from '@braid/events';
import { type Snapshot } from '@braid/event-store';
import { difference, Watch } from '@braid/history';
import { checkState } from '@braid/testing';
import { evolve, fold, restoreSnapshot, unborn, type WorkflowSnapshot, type WorkflowState } from '@braid/workflow';

/** What the log says of one workflow, folded as it grows. */
type History = { readonly events: StoredEvent[]; readonly watch: Watch; state: WorkflowState };

/** Follows the log event by event, as it is committed. Throws at what must never be. */
export class Histories {
  private readonly byWorkflow = new Map<string, History>();
  private readonly heads = new Map<number, number>();

  add(event: StoredEvent): void {
    const { partition, position, workflow } = event;
    const head = this.heads.get(partition) ?? 0;
    if (position !== head + 1) throw new Error(`position ${position} of partition ${partition} comes after ${head}`);
    this.heads.set(partition, position);
    let history = this.byWorkflow.get(workflow);
    if (!history) this.byWorkflow.set(workflow, (history = { events: [], watch: new Watch(), state: unborn }));
    history.watch.see(event);
    history.events.push(event);
    history.state = evolve(history.state, copy(event));
  }

  stateOf(workflow: string): WorkflowState {
    return this.byWorkflow.get(workflow)?.state ?? unborn;
  }

  eventsOf(workflow: string): readonly StoredEvent[] {
    return this.byWorkflow.get(workflow)?.events ?? [];
  }

  get workflows(): readonly string[] {
    return [...this.byWorkflow.keys()];
  }

  get headOf(): ReadonlyMap<number, number> {
    return this.heads;
  }

  /** A snapshot is of what is on disk, and is what the events up to its version add up to. */
  checkSnapshot({ workflow, version, state }: Snapshot): void {
    const events = this.eventsOf(workflow);
    if (version > events.length) throw new Error(`snapshot ${version} of ${workflow} is ahead of the log`);
    const restored = restoreSnapshot(copy(state) as WorkflowSnapshot);
    if (restored.version !== version) throw new Error(`snapshot ${version} of ${workflow} is of ${restored.version}`);
    const differs = difference(fold(copy(events.slice(0, version))), restored);
    if (differs !== undefined) throw new Error(`snapshot ${version} of ${workflow} differs from the log at ${differs}`);
  }

  /** The state is what a fresh reader of the log sees, and breaks no rule. */
  checkFolded(workflow: string): void {
    const { state } = this.byWorkflow.get(workflow) ?? { state: unborn };
    const differs = difference(fold(copy(this.eventsOf(workflow))), state);
    if (differs !== undefined) throw new Error(`the log of ${workflow} folds to something else at ${differs}`);
    if (state.status !== 'unborn') checkState(state);
  }
}

const copy = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;
