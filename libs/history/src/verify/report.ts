/** What is held against what, in the order in which it is reported. */
export const checks = {
  positions: 'positions of each partition have no gaps',
  versions: 'versions of each history have no gaps',
  events: 'events are as they were appended, and can be read',
  history: 'histories are such as the rules make',
  rows: 'rows by which workflows are found say what their histories say',
  list: 'lines of the list say what their histories say',
  snapshots: 'snapshots, and what followed them, add up to the same',
  payloads: 'large values are there, unchanged, and noted as used',
  leftovers: 'nothing is kept of what is gone',
  orphans: 'workflows that are due are looked at',
} as const;

export type CheckName = keyof typeof checks;

/** Something that is not as it must be, and what to do about it. */
export type Fault = {
  readonly check: CheckName;
  readonly workflow?: string;
  readonly partition?: number;
  readonly message: string;
  readonly advice: string;
};

export type VerifyReport = {
  /** Whether nothing is wrong. */
  readonly ok: boolean;
  readonly checks: readonly {
    readonly name: CheckName;
    readonly about: string;
    /** How much was looked at; absent when this check was left out because the report is of some workflows only. */
    readonly checked?: number;
    readonly faults: number;
  }[];
  /** The first ones. */
  readonly faults: readonly Fault[];
  /** How many more there are. */
  readonly more: number;
};

/** Gathers figures and faults; keeps no more faults than are reported. */
export class Tally {
  readonly #checked = new Map<CheckName, number>();
  readonly #wrong = new Map<CheckName, number>();
  readonly #kept: Fault[] = [];
  #more = 0;

  constructor(private readonly most: number) {}

  /** Notes that so many more were looked at. */
  looked(check: CheckName, count: number): void {
    this.#checked.set(check, (this.#checked.get(check) ?? 0) + count);
  }

  found(faults: readonly Fault[]): void {
    for (const fault of faults) {
      this.#wrong.set(fault.check, (this.#wrong.get(fault.check) ?? 0) + 1);
      if (this.#kept.length < this.most) this.#kept.push(fault);
      else this.#more += 1;
    }
  }

  report(): VerifyReport {
    const names = Object.keys(checks) as CheckName[];
    return {
      ok: this.#wrong.size === 0,
      checks: names.map((name) => {
        const checked = this.#checked.get(name);
        const faults = this.#wrong.get(name) ?? 0;
        return { name, about: checks[name], ...(checked !== undefined && { checked }), faults };
      }),
      faults: this.#kept,
      more: this.#more,
    };
  }
}
