import { type EventStore } from '@braid/event-store';
import { WorkflowSnapshots } from '@braid/history';
import { isOpen, unborn, type Workflow, type WorkflowState } from '@braid/workflow';
import { LRUCache } from 'lru-cache';
import { parameterProblem } from '../problems/parameter-problem';
import { Problem } from '../problems/problem';
import { requireWorkflowId } from './workflow-id';

/** How much folded history is kept, in events over all workflows: states are about as large as their histories. */
const keptEvents = 100_000;

type Kept = { state: WorkflowState; size: number; turn: Promise<unknown> };

/**
 * Folds workflows from their streams and keeps what it folded, so that polling a long workflow reads only what is new.
 * A state is changed in place by the next reader: it is lent to `use`, which must take what it needs before it returns.
 */
export class WorkflowReader {
  private readonly kept: LRUCache<string, Kept>;
  private readonly snapshots: WorkflowSnapshots;

  constructor(store: EventStore) {
    this.snapshots = new WorkflowSnapshots(store);
    this.kept = new LRUCache({ max: 2_000, maxSize: keptEvents, sizeCalculation: ({ size }) => size });
  }

  /**
   * The workflow as it stands in the store now, or as it stood at `version`.
   * @throws Problem `workflow.not-found`; `request.invalid` for a version that has not been reached.
   */
  async read<T>(id: string, use: (workflow: Workflow) => T, version?: number): Promise<T> {
    requireWorkflowId(id);
    if (version === undefined) return this.latest(id, (state) => use(born(id, state)));
    const state = await this.snapshots.load(id, version);
    const workflow = born(id, state);
    if (workflow.version < version) throw unreached(workflow.version, version);
    return use(workflow);
  }

  /** Whether the workflow has ended; false as well when there is none. */
  hasEnded(id: string): Promise<boolean> {
    return this.latest(id, (state) => state.status !== 'unborn' && !isOpen(state));
  }

  /** The digest of the request that started the workflow, if there is one. */
  startDigest(id: string): Promise<string | undefined> {
    return this.latest(id, (state) => (state.status === 'unborn' ? undefined : state.requestDigest));
  }

  /** Readers of one workflow take turns, because each changes the state that is kept. */
  private async latest<T>(id: string, use: (state: WorkflowState) => T): Promise<T> {
    const entry = this.kept.get(id) ?? { state: unborn, size: 1, turn: Promise.resolve() };
    const before = entry.turn;
    const mine = (async () => {
      await before.catch(() => undefined);
      try {
        entry.state = await this.advance(id, entry.state);
      } catch (error) {
        this.kept.delete(id);
        entry.state = unborn;
        throw error;
      }
      return use(entry.state);
    })();
    entry.turn = mine;
    // Kept before the first await, so that whoever comes next joins this entry instead of folding from the start as well.
    this.keep(id, entry);
    try {
      return await mine;
    } finally {
      this.resize(id, entry);
    }
  }

  private keep(id: string, entry: Kept): void {
    if (this.kept.peek(id) !== entry) this.kept.set(id, entry);
  }

  /** Accounts for what the state has grown to; one that no longer fits is let go. */
  private resize(id: string, entry: Kept): void {
    if (this.kept.peek(id) !== entry) return;
    if (entry.state.version === 0) this.kept.delete(id);
    else if (entry.state.version > entry.size) {
      entry.size = entry.state.version;
      this.kept.delete(id);
      this.kept.set(id, entry);
    }
  }

  private advance(id: string, from: WorkflowState): Promise<WorkflowState> {
    return from.status === 'unborn' ? this.snapshots.load(id) : this.snapshots.readOn(id, from);
  }
}

function born(id: string, state: WorkflowState): Workflow {
  if (state.status === 'unborn') throw new Problem('workflow.not-found', `There is no workflow ${id}`);
  return state;
}

function unreached(last: number, asked: number): Problem {
  return parameterProblem('version', `${asked} has not been reached; the last is ${last}`, `Use 1 to ${last}`);
}
