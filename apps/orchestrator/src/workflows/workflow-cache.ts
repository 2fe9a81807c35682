import { type Clock } from '@braid/clock';
import { isIdle, newEntry, type WorkflowEntry } from './workflow-entry';

/** Milliseconds ahead for which a timer is kept in memory; what is due later is found in the store. */
const nearMs = 120_000;

/** The workflows of one partition that are in memory: at most `capacity` idle ones, least recently used leave first. */
export class WorkflowCache<Input> {
  private readonly entries = new Map<string, WorkflowEntry<Input>>();
  /** Ids of workflows that have ended, so that late reports on them need no reading. */
  private readonly closed = new Set<string>();

  constructor(
    private readonly capacity: number,
    private readonly clock: Clock,
  ) {}

  get size(): number {
    return this.entries.size;
  }

  /** The entry of a workflow, made if it is not there, and counted as just used. */
  use(id: string): WorkflowEntry<Input> {
    const entry = this.entries.get(id) ?? newEntry<Input>(id);
    this.entries.delete(id);
    this.entries.set(id, entry);
    return entry;
  }

  /** The entry of a workflow if it is in memory; does not count as use. */
  peek(id: string): WorkflowEntry<Input> | undefined {
    return this.entries.get(id);
  }

  isClosed(id: string): boolean {
    return this.closed.has(id);
  }

  /** The workflow has ended and its end is on disk. */
  close(entry: WorkflowEntry<Input>): void {
    this.drop(entry);
    this.closed.add(entry.id);
    if (this.closed.size > this.capacity * 4) {
      const [oldest] = this.closed;
      if (oldest !== undefined) this.closed.delete(oldest);
    }
  }

  /** The workflow goes on after its end. */
  reopen(id: string): void {
    this.closed.delete(id);
  }

  drop(entry: WorkflowEntry<Input>): void {
    entry.timer?.stop();
    if (this.entries.get(entry.id) === entry) this.entries.delete(entry.id);
  }

  /** Drops idle entries until no more than the capacity are left. */
  trim(): void {
    for (const entry of this.entries.values()) {
      if (this.entries.size <= this.capacity) return;
      if (isIdle(entry)) this.drop(entry);
    }
  }

  clear(): void {
    for (const entry of this.entries.values()) entry.timer?.stop();
    this.entries.clear();
  }

  /** Sets the entry's timer to its due moment, when that is near. */
  arm(entry: WorkflowEntry<Input>, act: () => void): void {
    entry.timer?.stop();
    const wait = entry.dueAt - this.clock.now();
    entry.timer = wait < nearMs ? this.clock.after(Math.max(1, wait), act) : undefined;
  }
}
