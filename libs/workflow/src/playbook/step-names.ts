import { namePattern } from './playbook-schema';
import { type Fields, fieldsOf, listOf, textOf } from './fields';

const valid = new RegExp(namePattern);

/** The ids that can be seen from a sequence: its own and those of the sequences around it. */
export type Visible = { readonly around: Visible | undefined; readonly own: Set<string> };

/** What can be seen from a new branch below. */
export function below(around: Visible | undefined): Visible {
  return { around, own: new Set() };
}

/** Gives ids to steps that have none. The same playbook always gets the same ids. */
export class StepNames {
  private readonly counts = new Map<string, number>();
  private readonly branches = new Set<string>();

  constructor(private readonly given: ReadonlySet<string>) {}

  /**
   * The id of a step: its own, else the name of the branch whose only step it is, else `base` and a number. A name that
   * stands anywhere in the playbook is never given a second time.
   */
  name(id: unknown, base: string, branch: string | undefined, visible: Visible): string {
    const own = textOf(id) ?? this.branchName(branch, visible) ?? this.numbered(base);
    visible.own.add(own);
    return own;
  }

  private branchName(branch: string | undefined, visible: Visible): string | undefined {
    if (branch === undefined || this.given.has(branch) || sees(visible, branch)) return undefined;
    this.branches.add(branch);
    return branch;
  }

  private numbered(base: string): string {
    const plain = valid.test(`${base}-1`) ? base : 'step';
    let count = this.counts.get(plain) ?? 0;
    let name: string;
    do name = `${plain}-${++count}`;
    while (this.given.has(name) || this.branches.has(name));
    this.counts.set(plain, count);
    return name;
  }
}

function sees(visible: Visible, name: string): boolean {
  for (let at: Visible | undefined = visible; at !== undefined; at = at.around) if (at.own.has(name)) return true;
  return false;
}

/** Every id that the playbook gives to a step itself. */
export function givenIds(tree: unknown): ReadonlySet<string> {
  return new Set(stepsIn(tree).flatMap((step) => textOf(step['id']) ?? []));
}

/** Everything in a playbook that stands where a step or a branch does, whatever it looks like; hardly more than `most`. */
export function stepsIn(tree: unknown, most = Number.POSITIVE_INFINITY): readonly Fields[] {
  const steps: Fields[] = [];
  const open: Fields[] = [fieldsOf(tree)];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const structure = fieldsOf(next['parallelStructure']);
    const inside = [
      ...(listOf(next['steps']) ?? []),
      ...(listOf(fieldsOf(next['map'])['steps']) ?? []),
      ...Object.values(fieldsOf(fieldsOf(next['parallel'])['branches'])),
      ...(listOf(structure['branches']) ?? []).flatMap((branch) => listOf(branch) ?? []),
      structure['convergeAt'],
      ...(listOf(next['choose']) ?? []).flatMap((each) => casesSteps(fieldsOf(each))),
      ...(listOf(next['onFailure']) ?? []),
      ...(listOf(next['compensate']) ?? []),
      ...(listOf(fieldsOf(next['converge'])['onUnmet']) ?? []),
    ];
    for (const each of inside) {
      if (typeof each !== 'object' || each === null) continue;
      if (steps.length > most) return steps;
      steps.push(fieldsOf(each));
      open.push(fieldsOf(each));
    }
  }
  return steps;
}

function casesSteps(fields: Fields): readonly unknown[] {
  return [...(listOf(fields['steps']) ?? []), ...(listOf(fields['otherwise']) ?? [])];
}
