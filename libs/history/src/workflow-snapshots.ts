import { type EventStore } from '@braid/event-store';
import {
  fold,
  restoreSnapshot,
  snapshotSchema,
  takeSnapshot,
  type Workflow,
  type WorkflowSnapshot,
  type WorkflowState,
} from '@braid/workflow';

/** Histories shorter than this are read from the beginning, unless told otherwise. */
const short = 500;
/** Most events that are read at once. */
const page = 1000;
/** A history has grown by half since its last snapshot when the next is taken, so all of them together cost as much as a few. */
const growth = 1.5;

/** Loads workflows, long ones from a snapshot and the events after it, and keeps snapshots of them. */
export class WorkflowSnapshots {
  constructor(
    private readonly store: Pick<EventStore, 'readStream' | 'loadSnapshot' | 'saveSnapshot'>,
    private readonly shortest = short,
  ) {}

  /** The state of a workflow as the log has it. */
  async load(workflow: string): Promise<WorkflowState> {
    const beginning = await this.store.readStream(workflow, { limit: this.shortest });
    if (beginning.length < this.shortest) return fold(beginning);
    const snapshot = await this.store.loadSnapshot(workflow);
    const from =
      snapshot?.stateSchema === snapshotSchema ? restoreSnapshot(snapshot.state as WorkflowSnapshot) : fold(beginning);
    return this.readOn(workflow, from);
  }

  /** Page by page, so that of a long history only one page at a time is in memory beside the state. */
  private async readOn(workflow: string, from: WorkflowState): Promise<WorkflowState> {
    let state = from;
    for (;;) {
      const events = await this.store.readStream(workflow, { afterVersion: state.version, limit: page });
      state = fold(events, state);
      if (events.length < page) return state;
    }
  }

  /** The version from which on the next snapshot should be taken. */
  nextAfter(version: number): number {
    return Math.max(this.shortest, Math.ceil(version * growth));
  }

  /** Keeps a snapshot of a state that is on disk as it is. The store encodes it before it first waits. */
  save(state: Workflow): Promise<void> {
    const snapshot = { workflow: state.id, version: state.version, stateSchema: snapshotSchema };
    return this.store.saveSnapshot({ ...snapshot, state: takeSnapshot(state) });
  }
}
