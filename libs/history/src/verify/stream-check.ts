import { partitionOf } from '@braid/contracts';
import { type StoredEvent } from '@braid/events';
import {
  foldSummary,
  type InspectedEvent,
  type InspectedSnapshot,
  type KeptRow,
  type SummaryRow,
} from '@braid/event-store';
import {
  evolve,
  isOpen,
  nextMoment,
  restoreSnapshot,
  snapshotSchema,
  unborn,
  type WorkflowSnapshot,
  type WorkflowState,
} from '@braid/workflow';
import { difference } from '../difference';
import { Watch } from '../watch';
import { advice, describeDamage } from './advice';
import { lineDifferences } from './line-differences';
import { type CheckName, type Fault } from './report';

/** Longer than any setting lets a workflow rest that is not told when to be looked at, in milliseconds. */
const longestRest = 86_400_000;

/** What stands beside a history: all of it was read before its events, and so is never ahead of them. */
export type Kept = KeptRow & { readonly snapshot: InspectedSnapshot | undefined };

export type Surroundings = {
  readonly partitions: number;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** Positions by partition that the list had seen before it was read. */
  readonly listed: ReadonlyMap<number, number>;
};

/**
 * Holds one history against all that is kept beside it. Events are taken one by one, and each thing is compared at the
 * version of which it is: a workflow that moves meanwhile differs from nothing. The first damage to the history ends the
 * comparing, because everything after it differs for that reason.
 */
export class StreamCheck {
  readonly faults: Fault[] = [];
  /** How much of each was looked at. */
  readonly looked: Partial<Record<CheckName, number>> = {};
  readonly #watch = new Watch();
  #state: WorkflowState = unborn;
  /** Folded from the snapshot on, beside the state that all events make. */
  #restored: WorkflowState | undefined;
  #line: SummaryRow | undefined;
  #version = 0;
  #damaged = false;
  readonly #partition: number;
  #astray = false;
  readonly #unused = new Set<string>();

  constructor(
    readonly kept: Kept,
    private readonly surroundings: Surroundings,
  ) {
    const { id, partition } = kept;
    this.#partition = partitionOf(id, surroundings.partitions);
    if (partition !== this.#partition) {
      const message = `its row names partition ${partition}, and its id belongs to ${this.#partition}`;
      this.#fault('rows', message, advice.partition(id, this.#partition));
    }
    if (kept.snapshot?.damage) this.#damage('payloads', kept.snapshot.damage, 'its snapshot');
    if (kept.snapshot?.version === kept.snapshotVersion) this.#checkUses(kept.snapshot?.references ?? []);
  }

  /** The next event of the history. */
  take(inspected: InspectedEvent): void {
    const { version, partition, position, damage, event } = inspected;
    this.#count('versions', 1);
    this.#count('events', 1);
    if (version !== this.#version + 1) {
      const missing = version - this.#version - 1;
      this.#fault('versions', `${missing} events are missing after version ${this.#version}`, advice.versions);
      this.#damaged = true;
    }
    this.#version = version;
    if (partition !== this.#partition && !this.#astray) {
      this.#astray = true;
      const message = `event ${version} is in partition ${partition}, and its workflow belongs to ${this.#partition}`;
      this.#fault('positions', message, advice.astray);
    }
    if (damage) {
      this.#damage(damage.is.startsWith('payload') ? 'payloads' : 'events', damage, `event ${version}`);
      this.#damaged = true;
    }
    if (version <= (this.kept.version ?? 0)) this.#checkUses(inspected.references);
    this.#checkLag(version, position);
    if (!this.#damaged && event) this.#fold(event);
  }

  /** The history has come to its end, as far as it was read. */
  end(): void {
    const { kept } = this;
    this.#count('history', 1);
    if (this.#version === 0) this.#fault('versions', 'it has a row and no history', advice.versions);
    if (this.#damaged || this.#version === 0) return;
    for (const [what, version] of [
      ['its line in the list', kept.summary?.version],
      ['its snapshot', kept.snapshot?.version],
      ['its row', kept.version ?? undefined],
    ] as const) {
      if (version === undefined || version <= this.#version) continue;
      const message = `its history ends at version ${this.#version}, and ${what} is of version ${version}`;
      this.#fault('versions', message, advice.versions);
    }
    const differs = this.#restored && difference(this.#restored, this.#state);
    if (differs !== undefined) this.#snapshotFault(`with the events after it adds up to something else: ${differs}`);
  }

  #fold(event: StoredEvent): void {
    const { kept } = this;
    try {
      this.#watch.see(event);
      this.#state = evolve(this.#state, event);
      if (this.#restored) this.#restored = evolve(this.#restored, event);
    } catch (error) {
      this.#damaged = true;
      const why = error instanceof Error ? error.message : String(error);
      this.#fault('history', `event ${event.version} (${event.type}) cannot follow: ${why}`, advice.history);
      return;
    }
    if (event.version <= (kept.summary?.version ?? 0)) this.#line = foldSummary(this.#line, event);
    if (event.version === kept.summary?.version) this.#compareLine(kept.summary);
    if (event.version === kept.snapshot?.version) this.#compareSnapshot(kept.snapshot);
    if (event.version === kept.version) this.#compareRow();
  }

  #compareLine(found: SummaryRow): void {
    this.#count('list', 1);
    if (!this.#line) return;
    const differences = lineDifferences(this.#line, found);
    if (differences.length > 0) this.#fault('list', `its line differs: ${differences.join('; ')}`, advice.list);
  }

  /** The list is behind the log, but not behind what it says that it has seen. */
  #checkLag(version: number, position: number): void {
    const { summary } = this.kept;
    const isFirstUnseen = version === (summary?.version ?? 0) + 1;
    if (!isFirstUnseen || position > (this.surroundings.listed.get(this.#partition) ?? 0)) return;
    const line = summary ? `stands at version ${summary.version}` : 'is missing';
    this.#fault('list', `its line ${line}, and the list has passed version ${version}`, advice.list);
  }

  #compareSnapshot(snapshot: InspectedSnapshot): void {
    if (snapshot.damage || snapshot.stateSchema !== snapshotSchema) return;
    this.#count('snapshots', 1);
    try {
      const restored = restoreSnapshot(snapshot.state as WorkflowSnapshot);
      const differs = difference(restored, this.#state);
      if (differs === undefined) this.#restored = restored;
      else this.#snapshotFault(`is not what its events add up to: ${differs}`);
    } catch (error) {
      this.#snapshotFault(`cannot be read: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  #snapshotFault(message: string): void {
    const at = `its snapshot of version ${this.kept.snapshot?.version ?? 0}`;
    this.#fault('snapshots', `${at} ${message}`, advice.snapshot(this.kept.id));
  }

  #compareRow(): void {
    const { id, open, dueAt } = this.kept;
    const state = this.#state;
    if (state.status === 'unborn') return;
    this.#count('rows', 1);
    const shouldBeOpen = isOpen(state);
    const by = `by its history it is ${state.status}`;
    if (open !== shouldBeOpen) {
      const at = shouldBeOpen ? 0 : state.endedAt;
      this.#fault('rows', `its row is ${open ? 'open' : 'closed'}, and ${by}`, advice.row(id, shouldBeOpen, at));
    } else if (open) {
      // Rows hold whole milliseconds.
      const latest = Math.min(Math.ceil(nextMoment(state)), this.surroundings.now + longestRest);
      if (dueAt !== null && dueAt <= latest) return;
      const message = `its row is due at ${moment(dueAt)}, and something must happen at ${moment(latest)}`;
      this.#fault('rows', message, advice.row(id, true, latest));
    } else if (dueAt !== -1 && dueAt !== (state.endedAt ?? null)) {
      const message = `its row says that it ended at ${moment(dueAt)}, and ${by} since ${moment(state.endedAt ?? null)}`;
      this.#fault('rows', message, advice.row(id, false, state.endedAt));
    }
  }

  #checkUses(references: readonly string[]): void {
    this.#count('payloads', references.length);
    for (const hash of references) {
      if (this.kept.uses.includes(hash) || this.#unused.has(hash)) continue;
      this.#unused.add(hash);
      this.#fault('payloads', `nothing notes that it uses the large value ${hash}`, advice.use(this.kept.id, hash));
    }
  }

  #damage(check: CheckName, damage: NonNullable<InspectedEvent['damage']>, what: string): void {
    const described = describeDamage(damage, what);
    this.#fault(check, described.message, described.advice);
  }

  #fault(check: CheckName, message: string, what: string): void {
    this.faults.push({ check, workflow: this.kept.id, message, advice: what });
  }

  #count(check: CheckName, more: number): void {
    this.looked[check] = (this.looked[check] ?? 0) + more;
  }
}

const moment = (at: number | null) =>
  at === null ? 'no moment' : Number.isFinite(at) && Math.abs(at) < 8.64e15 ? new Date(at).toISOString() : String(at);
