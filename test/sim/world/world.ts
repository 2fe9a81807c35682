import { type Owner, Agenda, type Task } from './agenda';
import { Chance } from './chance';
import { Trace } from './trace';

/** Something that must never be so. */
export class Violation extends Error {
  override readonly name = 'Violation';
}

/** The moment of the calendar at which every world begins, in milliseconds since 1970. */
export const beginning = 1_800_000_000_000;

/** Time, chance, and what has happened. Time stands still while anything happens. */
export class World {
  /** Milliseconds since the beginning. */
  now = 0;
  readonly chance: Chance;
  readonly trace: Trace;
  violation: Violation | undefined;
  steps = 0;
  private readonly agenda = new Agenda();
  private planned = 0;

  constructor(seed: number, options: { readonly keptLines: number }) {
    this.chance = new Chance(seed);
    this.trace = new Trace(options.keptLines);
  }

  /** Plans something; `of`: whose death calls it off and whose standstill postpones it. */
  after(ms: number, what: string, act: () => void, of?: Owner): Task {
    const task: Task = { at: this.now + Math.max(0, ms), order: this.planned++, what, act, of };
    this.agenda.add(task);
    return task;
  }

  log(who: string, what: string): void {
    this.trace.add(this.now, who, what);
  }

  /** The first violation counts; the world ends with it. */
  violated(what: string): void {
    if (this.violation) return;
    this.log('!', what);
    this.violation = new Violation(what);
  }

  /** Lets things happen until `done` says so, nothing is left, or something is wrong. */
  async run(done: () => boolean): Promise<void> {
    while (!this.violation && !done()) {
      const task = this.agenda.next();
      if (task === undefined) return;
      if (task.what === undefined || task.of?.alive === false) continue;
      this.now = Math.max(this.now, task.at);
      const { of } = task;
      if (of !== undefined && of.standsStillUntil > this.now) {
        // Whatever came meanwhile comes at once, in no certain order: timers and messages do not wait for each other.
        this.after(of.standsStillUntil - this.now + this.chance.next(), task.what, task.act, of);
        task.what = undefined;
        continue;
      }
      this.steps++;
      this.log(of?.name ?? '-', task.what);
      task.what = undefined;
      this.perform(task);
      // Promises that this has settled go as far as they can before anything else happens.
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  private perform(task: Task): void {
    try {
      task.act();
    } catch (error) {
      this.violated(`${task.of?.name ?? 'the world'} threw: ${inWords(error)}`);
    }
  }
}

export function inWords(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
