import { type Timer } from '@braid/clock';
import { isOpen, type Workflow, type WorkflowState } from '@braid/workflow';

/** A workflow in memory. Its inputs are looked at one by one; its commits may still be on their way meanwhile. */
export type WorkflowEntry<Input = unknown> = {
  readonly id: string;
  /** Absent until it is loaded, and again when its copy cannot be trusted. */
  state: WorkflowState | undefined;
  /** What it is asked to look at, in order of arrival. */
  readonly queue: Input[];
  loading: boolean;
  /** Commits that have not been answered. */
  inFlight: number;
  /** Resolves with whether the latest commit of this workflow is on disk; never rejects. */
  committed: Promise<boolean>;
  /** The copy contradicts the log or was broken by an error: it is read again when nothing is in flight. */
  broken: boolean;
  /** The due moment that is stored, or on its way there. */
  dueAt: number;
  timer: Timer | undefined;
  /** The version at which a snapshot is due. */
  nextSnapshot: number;
  /** How often, and when last, this process sent an open attempt again, by branch. */
  readonly dispatches: Map<string, Dispatched>;
  /** When this process last made sure of the children and the parent; 0: never. */
  familyCheckedAt: number;
};

export type Dispatched = { readonly attempt: number; readonly count: number; readonly at: number };

export function newEntry<Input>(id: string): WorkflowEntry<Input> {
  return {
    id,
    state: undefined,
    queue: [],
    loading: false,
    inFlight: 0,
    committed: Promise.resolve(true),
    broken: false,
    dueAt: Infinity,
    timer: undefined,
    nextSnapshot: Infinity,
    dispatches: new Map(),
    familyCheckedAt: 0,
  };
}

/** Whether the entry may be dropped from memory without losing anything. */
export function isIdle(entry: WorkflowEntry): boolean {
  return entry.inFlight === 0 && entry.queue.length === 0 && !entry.loading;
}

/** Whether it has begun and not ended. */
export function isUnderWay(state: WorkflowState | undefined): state is Workflow {
  return state !== undefined && state.status !== 'unborn' && isOpen(state);
}
