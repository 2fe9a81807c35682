import { type StoredEvent } from '@braid/events';
import { type Entry } from './ledger';
import { type Start } from './load';
import { budgetFaults } from './expect-budget';
import { childFaults } from './expect-children';
import { undoFaults } from './expect-compensation';
import { courseFaults, endFaults, pauseFaults, repeatFaults, signalFaults } from './expect-course';
import { judgeFaults, largeFaults } from './expect-results';

export type History = readonly StoredEvent[];

/** All that is left of a run, for expectations that look beyond one history. */
export type World = {
  readonly histories: ReadonlyMap<string, History>;
  readonly entries: ReadonlyMap<string, Entry>;
  /** What its caller knows of a workflow; undefined for children. */
  readonly startOf: (id: string) => Start | undefined;
};

/** What must be true of a history: undefined where it says nothing of this one. */
export type Expectation = (id: string, history: History, world: World) => readonly string[] | undefined;

/** What a run expects beside the promises that hold for every workflow alike, by the name of its line. */
export const expectations: Readonly<Record<string, Expectation>> = {
  'undone otherwise than in reverse': undoFaults,
  'children that differ from their parents': childFaults,
  'judges not asked once, after all': judgeFaults,
  'budgets exceeded, or not felt': budgetFaults,
  'large values that differ': largeFaults,
  'signals counted twice, or not': signalFaults,
  'started while paused': pauseFaults,
  'completed steps asked for again': repeatFaults,
  'retries that went on otherwise': courseFaults,
  'ended otherwise than its kind': endFaults,
};
