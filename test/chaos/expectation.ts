import { type StoredEvent } from '@braid/events';
import { type Entry } from './ledger';
import { type Start } from './load';

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
