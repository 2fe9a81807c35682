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

  /** The state of a workflow as the log has it, or as it had it at a version that it has reached. */
  async load(workflow: string, upToVersion?: number): Promise<WorkflowState> {
    const upTo = upToVersion === undefined ? {} : { upToVersion };
    const beginning = await this.store.readStream(workflow, { limit: this.shortest, ...upTo });
    if (beginning.length < this.shortest) return fold(beginning);
    const snapshot = await this.store.loadSnapshot(workflow);
    const isOfUse = snapshot?.stateSchema === snapshotSchema && snapshot.version <= (upToVersion ?? Infinity);
    return this.readOn(workflow, isOfUse ? restoreSnapshot(snapshot.state as WorkflowSnapshot) : fold(beginning), upTo);
  }

  /**
   * The state with the events after it, which change it in place. Page by page, so that of a long history two pages at a time
   * are in memory beside the state: the database reads the next one while this one is folded.
   */
  async readOn(
    workflow: string,
    from: WorkflowState,
    upTo: { readonly upToVersion?: number } = {},
  ): Promise<WorkflowState> {
    const read = (afterVersion: number) => this.store.readStream(workflow, { afterVersion, limit: page, ...upTo });
    let state = from;
    for (let next = read(from.version); ;) {
      const events = await next;
      const last = events.at(-1);
      if (last === undefined || events.length < page) return fold(events, state);
      next = read(last.version);
      // Whoever stops here because of an error never looks at the page after it.
      next.catch(() => undefined);
      state = fold(events, state);
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
